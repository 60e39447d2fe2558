#include <fmt/format.h>

#include "dashboard/report/charts.hpp"
#include "dashboard/report/svg.hpp"
#include "dashboard/report/text.hpp"
#include "dashboard/report/writers.hpp"

namespace callweir::dashboard {
namespace {

std::string figure(const std::string& picture, std::string_view caption) {
  if (picture.empty()) return {};
  return fmt::format("<figure>{}<figcaption>{}</figcaption></figure>", picture,
                     html_prose(caption));
}

std::string card(const finding& of, const std::string& picture) {
  std::string out = fmt::format("<article class=\"card {}\"><h2>{}</h2><p class=\"answer\">{}</p>",
                                tone_name(of.mood), html_prose(of.question), html_prose(of.answer));
  for (const auto& sentence : of.sentences) out += fmt::format("<p>{}</p>", html_prose(sentence));
  return out + picture + "</article>";
}

/// Applications by calls: what was left alone, then what was throttled.
std::string calling_chart(const report_model& model) {
  constexpr std::size_t rows_most = 5;
  std::vector<bar_row> rows;
  bar_row rest{"other", {{0, colour::tolerated}, {0, colour::degraded}}, ""};
  std::uint64_t rest_calls = 0;
  for (const auto& app : model.apps_calling) {
    const auto acted = static_cast<double>(app.throttled());
    const auto left = static_cast<double>(app.all() - app.throttled());
    if (rows.size() < rows_most || model.apps_calling.size() == rows_most + 1) {
      rows.push_back(
          {app.app, {{left, colour::tolerated}, {acted, colour::degraded}}, count_text(app.all())});
    } else {
      rest.parts[0].value += left;
      rest.parts[1].value += acted;
      rest_calls += app.all();
    }
  }
  if (rest_calls > 0) {
    rest.value = count_text(rest_calls);
    rows.push_back(rest);
  }
  return bars_chart("seen", "Calls by application", rows);
}

std::string treatments_chart(const report_model& model) {
  if (model.calls == 0) return {};
  static constexpr std::array<std::string_view, treatment_count> fills = {
      colour::authorised, colour::tolerated, colour::limited, colour::degraded, colour::blocked};
  std::vector<bar_row> rows;
  for (std::size_t i = 0; i < treatment_count; ++i) {
    const auto calls = static_cast<double>(model.treated[i]);
    rows.push_back({treatment_name(static_cast<treatment>(i)),
                    {{calls, fills[i]}},
                    count_text(model.treated[i])});
  }
  return bars_chart("treated", "Calls by what was done to them", rows);
}

std::string pair(const std::string& left, const std::string& right) {
  return "<div class=\"pair\">" + left + "<div class=\"gutter\"></div>" + right + "</div>\n";
}

}  // namespace

std::string html_first_page(const report_model& model, const findings& found) {
  const auto& clock = *model.clock;
  std::string out = fmt::format(
      "<header><p class=\"kicker\"><b>Callweir</b> traffic report</p><h1>{}</h1><p "
      "class=\"where\">{} &nbsp;·&nbsp; {}</p></header>\n<p class=\"lede\">{}</p>\n",
      html_escaped(clock.title(model.when)), html_escaped(model.site),
      html_escaped(fmt::format("{} to {}, {}", clock.date_time(model.when.from),
                               clock.date_time(model.when.to), model.timezone)),
      html_prose(found.lede));
  if (!model.notes.empty()) {
    out += "<ul class=\"notes\">";
    for (const auto& note : model.notes) out += fmt::format("<li>{}</li>", html_prose(note));
    out += "</ul>\n";
  }
  const bool acted = model.more_throttled.calls > 0 || !model.throttled.empty();
  const auto& judged = model.degraded.calls > 0 ? model.degraded : model.limited;
  out += pair(card(found.seen, figure(calling_chart(model),
                                      acted ? "Calls by application; the dark end was throttled."
                                            : "Calls by application.")),
              card(found.throttled,
                   figure(treatments_chart(model), "Calls by the strongest thing done to them.")));
  out += pair(
      card(found.worked,
           figure(mos_chart("worked", judged),
                  "How many talked at which quality, each direction counted by itself.")),
      card(found.harmed,
           figure(
               bystanders_chart("harmed", model.beside),
               "On the same link, within an hour before and after: median and the middle 80 %.")));
  out +=
      "<p class=\"scale\"><b>MOS</b> is how people rate the sound of a call, from 1 to 5: above 4 "
      "is "
      "a good telephone line, below 3 many complain, at 2 and below nobody wants to talk.</p>\n";
  out +=
      "<nav aria-label=\"Parts of this report\"><a href=\"#traffic\">Traffic</a><a "
      "href=\"#calls\">Calls</a><a href=\"#hosts\">Hosts</a><a href=\"#policies\">Policies</a><a "
      "href=\"#appliance\">The appliance</a><a href=\"#reading\">How to read it</a></nav>\n";
  return out;
}

std::string write_html(const report_model& model) {
  const auto found = find(model);
  const auto& clock = *model.clock;
  std::string out = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta "
      "name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta "
      "name=\"generator\" "
      "content=\"Callweir\">\n<title>{} · {} · Callweir traffic report</title>\n<style>{}</style>\n"
      "</head>\n<body>\n<a class=\"skip\" href=\"#calls\">Skip to the calls</a>\n<main>\n",
      html_escaped(clock.title(model.when)), html_escaped(model.site), html_style());
  out += html_first_page(model, found);
  append_traffic(out, model);
  append_calls(out, model);
  append_hosts(out, model);
  append_policies(out, model);
  append_appliance(out, model);
  append_how_to_read(out, model);
  out +=
      fmt::format("<footer>Made {} ({}) by Callweir{}. No payload of any call is kept.</footer>\n",
                  html_escaped(clock.date_time(model.made)), html_escaped(model.timezone),
                  model.pseudonymised ? ". Addresses are replaced by pseudonyms" : "");
  return out + "</main>\n</body>\n</html>\n";
}

}  // namespace callweir::dashboard

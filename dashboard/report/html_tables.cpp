#include <fmt/format.h>

#include <algorithm>

#include "dashboard/report/charts.hpp"
#include "dashboard/report/html_table.hpp"
#include "dashboard/report/svg.hpp"
#include "dashboard/report/text.hpp"
#include "dashboard/report/writers.hpp"

namespace callweir::dashboard {
namespace {

constexpr std::size_t chart_apps = 6;  // as many as can be told apart

std::string opened(const char* id, const char* title, std::string_view about, bool leaf = false) {
  std::string out = fmt::format(
      "<section id=\"{0}\"{1} aria-labelledby=\"{0}-h\"><h2 id=\"{0}-h\">{2}"
      "</h2>\n",
      id, leaf ? " class=\"leaf\"" : "", title);
  if (!about.empty()) out += fmt::format("<p class=\"about\">{}</p>\n", about);
  return out;
}

std::string nothing(std::string_view sentence) {
  return fmt::format("<p>{}</p>\n", html_escaped(sentence));
}

double ratio(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::vector<double> as_doubles(const auto& values) {
  return {values.begin(), values.end()};
}

void append_usage(std::string& out, const std::vector<usage>& lines, const char* first_title,
                  const char* over_title, bool voip_column) {
  std::uint64_t all = 0;
  for (const auto& line : lines) all += line.sum();
  html_table table(out, "",
                   {{first_title, 30},
                    {over_title, 20},
                    {"Traffic", 12, true},
                    {"Share", 9, true},
                    {"Sent", 10, true},
                    {"Received", 10, true},
                    {"Flows", 9, true}});
  for (const auto& line : lines) {
    std::string name =
        line.key.empty() ? "<span class=\"dim\">all others</span>" : html_escaped(line.key);
    if (voip_column && line.voip && !line.key.empty()) name += " <span class=\"dim\">calls</span>";
    table.row({name, spark_chart(line.over_time, colour::primary),
               html_prose(bytes_text(static_cast<double>(line.sum()))),
               html_prose(percent_text(ratio(line.sum(), all))),
               html_prose(bytes_text(static_cast<double>(line.bytes[0]))),
               html_prose(bytes_text(static_cast<double>(line.bytes[1]))), count_text(line.flows)});
  }
  table.finish();
}

std::string policies_did(const load_totals& load) {
  if (load.dropped + load.delayed == 0) return "Policies dropped and delayed none of them.";
  return fmt::format("Policies dropped {} and delayed {} of them.",
                     rounded_text(static_cast<double>(load.dropped)),
                     rounded_text(static_cast<double>(load.delayed)));
}

void append_app_chart(std::string& out, const report_model& model) {
  std::vector<chart_series> series;
  chart_series rest{"all others", colour::rest, std::vector<double>(model.bins.count(), 0)};
  bool has_rest = false;
  for (const auto& app : model.apps) {
    if (!app.key.empty() && series.size() < chart_apps) {
      series.push_back({app.key, series_colour(series.size()), as_doubles(app.over_time)});
      continue;
    }
    has_rest = true;
    for (std::size_t i = 0; i < app.over_time.size(); ++i)
      rest.values[i] += static_cast<double>(app.over_time[i]);
  }
  if (has_rest) series.push_back(rest);
  const auto picture = time_chart("apps", "Traffic by application over time", *model.clock,
                                  model.bins, series, chart_kind::stacked, true);
  if (picture.empty()) return;
  out += fmt::format(
      "<figure>{}<figcaption>Bytes for each {}, sent and received.</figcaption>"
      "</figure>\n",
      picture, bin_unit_name(model.bins.unit));
}

/// What arrived, as it arrived: sums by application come when flows end, which in a period of
/// minutes is too late to show a course.
void append_load_chart(std::string& out, const report_model& model) {
  const auto& load = model.load;
  std::vector<double> rest(load.bytes_by_bin.size(), 0);
  for (std::size_t i = 0; i < rest.size(); ++i)
    rest[i] = static_cast<double>(load.bytes_by_bin[i] - load.call_bytes_by_bin[i]);
  const auto picture = time_chart("arrived", "Traffic over time", *model.clock, model.bins,
                                  {{"everything else", colour::tolerated, std::move(rest)},
                                   {"calls", colour::primary, as_doubles(load.call_bytes_by_bin)}},
                                  chart_kind::stacked, true);
  if (picture.empty()) return;
  out += fmt::format("<figure>{}<figcaption>Bytes that arrived in each {}.</figcaption></figure>\n",
                     picture, bin_unit_name(model.bins.unit));
}

void append_calls_chart(std::string& out, const report_model& model) {
  const auto picture =
      time_chart("at-once", "Calls at one time", *model.clock, model.bins,
                 {{"calls", colour::tolerated, as_doubles(model.load.calls_by_bin)},
                  {"of these throttled", colour::degraded, as_doubles(model.load.degraded_by_bin)}},
                 chart_kind::overlaid, false);
  if (picture.empty()) return;
  out += fmt::format(
      "<h3>Calls at one time</h3>\n<figure>{}<figcaption>The most at one time within "
      "each {}.</figcaption></figure>\n",
      picture, bin_unit_name(model.bins.unit));
}

std::string both(const both_ways<std::optional<double>>& mos) {
  if (!mos[0] && !mos[1]) return "–";
  const auto one = [](const std::optional<double>& value) {
    return value ? mos_text(*value) : std::string("–");
  };
  return one(mos[0]) + " / " + one(mos[1]);
}

std::string parties_of(const call_line& call) {
  constexpr std::size_t shown = 4;
  std::string out;
  for (std::size_t i = 0; i < call.parties.size() && i < shown; ++i)
    out += (i == 0 ? "" : i == 1 ? "<br>with " : ", ") + html_escaped(call.parties[i]);
  if (call.parties.size() > shown) out += fmt::format(" and {} more", call.parties.size() - shown);
  if (call.relayed) out += " <span class=\"dim\">(relayed)</span>";
  return out.empty() ? "–" : out;
}

/// The strongest reason; all of them are in csv and json.
std::string reason_of(const call_line& call) {
  if (call.reasons.empty()) return "–";
  std::string out = html_escaped(call.reasons.front());
  if (call.reasons.size() > 1)
    out += fmt::format(" <span class=\"dim\">and {} more</span>", call.reasons.size() - 1);
  return out;
}

/// The year is left out near a period that is shorter than one: it stands in the title.
std::string moment_of(const report_model& model, time_point at) {
  constexpr nanoseconds month = std::chrono::hours(24) * 30;
  const auto& clock = *model.clock;
  const bool far = at < model.when.from - month || model.when.to + month < at;
  if (far || model.when.to - model.when.from > 11 * month) return clock.date_time(at);
  return clock.day_short(at) + ", " + clock.clock(at);
}

std::string begin_of(const report_model& model, const call_line& call) {
  return fmt::format(
      "{}<br><span class=\"dim\">{}{}</span>", html_escaped(moment_of(model, call.start)),
      html_prose(duration_text(to_seconds(call.end - call.start))), call.ended ? "" : " so far");
}

std::string application_of(const call_line& call) {
  std::string out = html_escaped(call.app);
  if (!call.codec.empty())
    out += fmt::format("<br><span class=\"dim\">{}</span>", html_escaped(call.codec));
  return out;
}

std::string treatment_of(const call_line& call) {
  std::string out = fmt::format("<span class=\"act {0}\">{0}</span>", treatment_name(call.what));
  if (call.emergency) out += "<br>emergency";
  if (!call.policy.empty())
    out += fmt::format("<br><span class=\"dim\">by {}</span>", html_escaped(call.policy));
  return out;
}

void append_call_list(std::string& out, const report_model& model,
                      const std::vector<call_line>& calls, const unlisted_calls& more,
                      bool throttled) {
  std::vector<table_column> columns = {{"Begin, length", 14},
                                       {"Application, codec", 14},
                                       {"Who, with whom", 21},
                                       {throttled ? "MOS before" : "MOS", 10, true}};
  if (throttled) columns.push_back({"MOS throttled", 10, true});
  columns.push_back({throttled ? "Done" : "Passed", 13});
  columns.push_back({"Recognised by", throttled ? 18 : 28});
  html_table table(out, "", columns);
  for (const auto& call : calls) {
    std::vector<std::string> cells = {begin_of(model, call), application_of(call), parties_of(call),
                                      both(call.mos_before)};
    if (throttled) cells.push_back(both(call.mos_throttled));
    cells.push_back(treatment_of(call));
    cells.push_back(reason_of(call));
    table.row(cells);
  }
  if (more.calls > 0) {
    table.rest(html_prose(fmt::format("and {} not listed here, {} together",
                                      counted(more.calls, "call"), duration_text(more.seconds))));
  }
  table.finish();
}

void append_applications_calling(std::string& out, const report_model& model) {
  html_table table(out, "",
                   {{"Application", 22},
                    {"Calls", 10, true},
                    {"Authorised", 12, true},
                    {"Tolerated", 11, true},
                    {"Limited", 11, true},
                    {"Degraded", 11, true},
                    {"Blocked", 10, true},
                    {"Talked", 13, true}});
  constexpr std::size_t shown = 30;
  for (std::size_t i = 0; i < model.apps_calling.size() && i < shown; ++i) {
    const auto& app = model.apps_calling[i];
    std::vector<std::string> cells = {html_escaped(app.app), count_text(app.all())};
    for (const auto n : app.calls) cells.push_back(n == 0 ? "–" : count_text(n));
    cells.push_back(html_prose(duration_text(app.seconds)));
    table.row(cells);
  }
  if (model.apps_calling.size() > shown)
    table.rest(html_prose(
        fmt::format("and {} more", counted(model.apps_calling.size() - shown, "application"))));
  table.finish();
}

}  // namespace

void append_traffic(std::string& out, const report_model& model) {
  out += opened("traffic", "Traffic", "", true);
  const auto bytes = model.load.bytes[0] + model.load.bytes[1];
  if (bytes == 0 && model.apps.empty()) {
    out += nothing("No traffic is on record for this period.") + "</section>\n";
    return;
  }
  out += fmt::format(
      "<p class=\"about\">{}</p>\n",
      html_prose(fmt::format(
          "{} arrived: {} from inside, {} from outside, in {} packets. {}",
          bytes_text(static_cast<double>(bytes)),
          bytes_text(static_cast<double>(model.load.bytes[0])),
          bytes_text(static_cast<double>(model.load.bytes[1])),
          rounded_text(static_cast<double>(model.load.packets[0] + model.load.packets[1])),
          policies_did(model.load))));
  if (model.bins.unit <= bin_unit::five_minutes) {
    append_load_chart(out, model);
  } else {
    append_app_chart(out, model);
  }
  append_calls_chart(out, model);
  if (!model.apps.empty()) {
    out += "<h3>Applications by traffic</h3>\n";
    append_usage(out, model.apps, "Application", "Over the period", true);
  }
  if (model.links.size() > 1) {
    out += "<h3>Links</h3>\n";
    append_usage(out, model.links, "Link", "Over the period", false);
  }
  out += "</section>\n";
}

void append_hosts(std::string& out, const report_model& model) {
  out += opened("hosts", "Hosts", "");
  if (!model.hosts.empty()) {
    out += "<h3>Hosts by traffic</h3>\n";
    append_usage(out, model.hosts, "Inside host", "Over the period", false);
  }
  out += "<h3>Hosts with softphones</h3>\n";
  if (model.softphone_hosts.empty()) {
    out += nothing("No host behaved like a softphone in this period.") + "</section>\n";
    return;
  }
  out +=
      "<p class=\"about\">Calls, peers and traffic are counted since the host was first seen, "
      "which may be before this period.</p>\n";
  html_table table(out, "",
                   {{"Host", 22},
                    {"Behaves as", 20},
                    {"Calls", 9, true},
                    {"Peers", 9, true},
                    {"Traffic", 12, true},
                    {"First seen", 14},
                    {"Last seen", 14}});
  for (const auto& host : model.softphone_hosts) {
    table.row({html_escaped(host.address),
               fmt::format("{} <span class=\"dim\">{}&nbsp;%</span>", html_escaped(host.roles),
                           host.confidence_pct),
               count_text(host.calls), count_text(host.peers),
               html_prose(bytes_text(static_cast<double>(host.bytes))),
               html_escaped(moment_of(model, host.first)),
               html_escaped(moment_of(model, host.last))});
  }
  if (model.softphone_hosts_unlisted > 0)
    table.rest(html_prose(
        fmt::format("and {} with fewer calls", counted(model.softphone_hosts_unlisted, "host"))));
  table.finish();
  out += "</section>\n";
}

void append_calls(std::string& out, const report_model& model) {
  out += opened("calls", "Calls", "", true);
  if (model.calls == 0) {
    out += nothing("No call was seen in this period.") + "</section>\n";
    return;
  }
  append_applications_calling(out, model);
  if (!model.throttled.empty()) {
    out +=
        "<h3>Calls that were throttled</h3>\n<p class=\"about\">Newest first. MOS is told for each "
        "direction: from the caller / to the caller.</p>\n";
    append_call_list(out, model, model.throttled, model.more_throttled, true);
  }
  if (!model.others.empty()) {
    out += "<h3>Calls that were left alone</h3>\n";
    append_call_list(out, model, model.others, model.more_others, false);
  }
  out += "</section>\n";
}

}  // namespace callweir::dashboard

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "dashboard/report/html_table.hpp"
#include "dashboard/report/text.hpp"
#include "dashboard/report/writers.hpp"

namespace callweir::dashboard {
namespace {

std::string number(std::uint64_t n) {
  return n == 0 ? "–" : count_text(n);
}

std::string code(const std::string& text) {
  return fmt::format("<code>{}</code>", html_escaped(text));
}

/// "voip: true, p2p: true" of "{ voip: true, p2p: true }": braces are for machines.
std::string bare(const std::string& text) {
  const auto first = text.find_first_not_of(" {"), last = text.find_last_not_of(' ');
  if (!text.starts_with('{') || last == std::string::npos || text[last] != '}') return text;
  const auto end = text.find_last_not_of(' ', last - 1);
  if (first == std::string::npos || end == std::string::npos || end < first) return {};
  return text.substr(first, end + 1 - first);
}

std::string match_of(const policy_record& of) {
  const std::string text = bare(of.match);
  return text.empty() ? "anything" : code(text);
}

/// What the records call a kind of gap or loss, in words.
std::string gap_words(const std::string& what) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 6> words = {{
      {"engine", "Traffic passed uninspected"},
      {"overload", "Not all traffic was inspected"},
      {"records", "Records lost on the way to the store"},
      {"events", "Events lost inside the engine"},
      {"clock", "The clock was set"},
      {"dashboard", "Nothing was written down"},
  }};
  for (const auto& [key, said] : words) {
    if (what == key) return html_escaped(said);
  }
  return html_escaped(what);
}

std::string name_of(const report_model& model, const policy_line& line) {
  std::string out = html_escaped(line.sums.name);
  if (line.over) {
    out += fmt::format("<br><span class=\"dim\">until {}</span>",
                       html_escaped(model.clock->date_time(line.sums.at)));
  }
  return out;
}

void append_lines(std::string& out, const report_model& model,
                  const std::vector<const policy_line*>& lines, bool observing) {
  std::vector<table_column> columns = {{"Line", 15},
                                       {"Matches", observing ? 23 : 20},
                                       {observing ? "Would do" : "Does", observing ? 23 : 18}};
  if (!observing) columns.push_back({"Calls", 8, true});
  columns.insert(columns.end(), {{"Flows", 9, true},
                                 {"Traffic", 10, true},
                                 {observing ? "Would drop" : "Dropped", 10, true},
                                 {observing ? "Would delay" : "Delayed", 10, true}});
  html_table table(out, "", columns);
  for (const auto* line : lines) {
    const auto& of = line->sums;
    std::vector<std::string> cells = {name_of(model, *line), match_of(of), code(bare(of.action))};
    if (!observing) cells.push_back(number(line->calls));
    cells.insert(cells.end(),
                 {number(of.flows),
                  of.bytes == 0 ? "–" : html_prose(bytes_text(static_cast<double>(of.bytes))),
                  number(of.dropped), number(of.delayed)});
    table.row(cells);
  }
  table.finish();
}

void append_gaps(std::string& out, const report_model& model) {
  if (model.gap_sums.empty()) {
    const bool silent = model.calls == 0 && model.load.packets[0] + model.load.packets[1] == 0;
    out += silent ? "<p>No gap and no loss is on record, nor anything else.</p>\n"
                  : "<p>No gap and no loss is on record: the appliance inspected all the time that "
                    "the store knows of, and lost no record.</p>\n";
    return;
  }
  html_table sums(out, "",
                  {{"What", 40}, {"Times", 20, true}, {"Together", 20, true}, {"Lost", 20, true}});
  for (const auto& sum : model.gap_sums) {
    sums.row({gap_words(sum.what), count_text(sum.times),
              sum.seconds > 0 ? html_prose(duration_text(sum.seconds)) : "–", number(sum.count)});
  }
  sums.finish();
  html_table each(out, "",
                  {{"From", 19}, {"To", 18}, {"What", 22}, {"Lost", 7, true}, {"Why", 34}});
  for (const auto& gap : model.gaps) {
    each.row({html_escaped(model.clock->iso(gap.from)), html_escaped(model.clock->iso(gap.to)),
              gap_words(gap.what), number(gap.count), html_escaped(gap.reason)});
  }
  if (model.gaps_unlisted > 0)
    each.rest(
        html_prose(fmt::format("and {} more, counted above", count_text(model.gaps_unlisted))));
  each.finish();
}

void append_changes(std::string& out, const report_model& model) {
  out += "<h3>Changes</h3>\n";
  if (model.changes.empty()) {
    out += "<p>No change of policies, bypass or accounts is on record.</p>\n";
    return;
  }
  html_table table(out, "", {{"When", 19}, {"Who", 21}, {"Did", 14}, {"What", 46}});
  for (const auto& change : model.changes) {
    table.row({html_escaped(model.clock->iso(change.at)), html_escaped(change.who),
               html_escaped(change.verb), html_escaped(change.what)});
  }
  if (model.changes_unlisted > 0)
    table.rest(html_prose(fmt::format("and {} older", counted(model.changes_unlisted, "change"))));
  table.finish();
}

}  // namespace

void append_policies(std::string& out, const report_model& model) {
  out +=
      "<section id=\"policies\" aria-labelledby=\"policies-h\"><h2 "
      "id=\"policies-h\">Policies</h2>\n";
  std::vector<const policy_line*> enforced, observing;
  for (const auto& line : model.policies) (line.observes() ? observing : enforced).push_back(&line);
  if (enforced.empty()) {
    out += "<p>No policy line is on record for this period.</p>\n";
  } else {
    out +=
        "<p class=\"about\">What each enforced line did, in the order in which they are tried. "
        "Dropped and delayed are packets.</p>\n";
    append_lines(out, model, enforced, false);
  }
  out += "<h3>The bill: what observing lines would have done</h3>\n";
  if (observing.empty()) {
    out += "<p>No line was in observe mode.</p>\n";
  } else {
    out +=
        "<p class=\"about\">These lines changed nothing; they count what enforcing them would have "
        "met.</p>\n";
    append_lines(out, model, observing, true);
  }
  out += "</section>\n";
}

void append_appliance(std::string& out, const report_model& model) {
  out +=
      "<section id=\"appliance\" aria-labelledby=\"appliance-h\"><h2 id=\"appliance-h\">The "
      "appliance "
      "itself</h2>\n<h3>Gaps and losses</h3>\n";
  append_gaps(out, model);
  append_changes(out, model);
  out += "</section>\n";
}

void append_how_to_read(std::string& out, const report_model& model) {
  out +=
      "<section id=\"reading\" aria-labelledby=\"reading-h\"><h2 id=\"reading-h\">How to read this "
      "report</h2>\n<dl>";
  const auto entry = [&out](std::string_view word, std::string_view meaning) {
    out += fmt::format("<dt>{}</dt><dd>{}</dd>", html_prose(word), html_prose(meaning));
  };
  entry("MOS",
        "The quality of the sound as people would rate it, 1 to 5, estimated from codec, loss and "
        "delay by the ITU's E-model. It is an estimate, of the receiving ends' sound as the "
        "appliance sees it. MOS before: the median of the call up to throttling, or of all of it. "
        "MOS throttled: the median while it was throttled, after the ramp.");
  entry("Authorised, tolerated",
        "A call is authorised where a line that names what it matches allows or prioritises it, or "
        "where it is an emergency call. What only a catch-all let pass is tolerated: nobody asked "
        "for it, and nothing was done to it.");
  entry("Limited, degraded, blocked",
        "Limited: held at a rate. Degraded: brought to a target MOS. Blocked: dropped. A call that "
        "met several lines is listed with the strongest.");
  entry(
      "Did it work",
      fmt::format("Of calls that were degraded for longer than the line's ramp and 20 s, those "
                  "whose MOS meanwhile was at most {:.1f} above the target in both directions. Yes "
                  "is 85 % and more, partly is half and more.",
                  target_tolerance));
  entry("Was anyone harmed",
        fmt::format(
            "Calls that were left alone, authorised and tolerated apart, are compared with "
            "themselves: their MOS while others were throttled on the same link, and at other "
            "times of the same call. And with each other: calls in that time against calls "
            "within an hour before and after it, where there are {} or more of each. Lower by "
            "{:.1f} or more counts as perhaps. A busy hour may lower quality by itself.",
            judged_at_least, harm_mos));
  entry(
      "Traffic by application and host",
      "Booked when a flow ends, and for heavy flows each mebibyte: a long download may show later "
      "than it ran.");
  if (model.beside.link_unknown > 0) {
    entry("Left out",
          fmt::format("{} could not be told to a link and took no part in the comparison.",
                      counted(model.beside.link_unknown, "call")));
  }
  if (model.pseudonymised) {
    entry("Pseudonyms",
          "addr-… stands for an address, the same one throughout and in other reports of this "
          "appliance.");
  }
  out += "</dl></section>\n";
}

}  // namespace callweir::dashboard

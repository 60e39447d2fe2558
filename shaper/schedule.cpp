#include "shaper/schedule.hpp"

#include <array>
#include <optional>
#include <string>

#include "base/yaml.hpp"

namespace callweir::shaper {
namespace {

constexpr int day_minutes = 24 * 60;
constexpr int week_minutes = 7 * day_minutes;
using week = std::bitset<week_minutes>;
using days = std::bitset<7>;
constexpr std::array<std::string_view, 7> day_names{"Mon", "Tue", "Wed", "Thu",
                                                    "Fri", "Sat", "Sun"};
constexpr std::string_view example = "write it like \"Mon-Fri 08:00-18:00\"";

std::optional<int> find_day(std::string_view name) {
  for (std::size_t i = 0; i < day_names.size(); ++i) {
    if (name == day_names[i]) return static_cast<int>(i);
  }
  return std::nullopt;
}

/// "08:00" to minutes, -1 when it is none; 24:00 is allowed.
int parse_time(std::string_view text) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.size() != 5 || text[2] != ':') return -1;
  for (const std::size_t i : {0, 1, 3, 4}) {
    if (!digit(text[i])) return -1;
  }
  const int hour = (text[0] - '0') * 10 + (text[1] - '0');
  const int minute = (text[3] - '0') * 10 + (text[4] - '0');
  if (hour > 24 || minute > 59 || (hour == 24 && minute != 0)) return -1;
  return hour * 60 + minute;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// "Mon", "Mon-Fri", "Sat-Mon", "daily".
result<days> parse_days(std::string_view text) {
  if (text == "daily") return days{}.set();
  const auto dash = text.find('-');
  const auto first_text = text.substr(0, dash);
  const auto last_text = dash == std::string_view::npos ? first_text : text.substr(dash + 1);
  for (const auto name : {first_text, last_text}) {
    if (find_day(name)) continue;
    std::vector<std::string_view> known(day_names.begin(), day_names.end());
    known.push_back("daily");
    return fail("'" + std::string(name) + "' is no day of the week", {},
                yaml::suggestion(name, known));
  }
  days out;
  const int last = *find_day(last_text);
  for (int d = *find_day(first_text);; d = (d + 1) % 7) {
    out.set(static_cast<std::size_t>(d));
    if (d == last) return out;
  }
}

struct window {
  int begin, end;  // minutes of a day; end <= begin runs past midnight
};

result<window> parse_window(std::string_view text) {
  const auto dash = text.find('-');
  const int begin = parse_time(text.substr(0, dash));
  const int end = dash == std::string_view::npos ? -1 : parse_time(text.substr(dash + 1));
  if (begin < 0 || end < 0 || begin == end || begin == day_minutes) {
    return fail("'" + std::string(text) + "' is no time of day", {}, std::string(example));
  }
  return window{begin, end};
}

void mark(week& out, const days& on, window when) {
  const int length =
      when.end > when.begin ? when.end - when.begin : day_minutes - when.begin + when.end;
  for (std::size_t d = 0; d < 7; ++d) {
    if (!on.test(d)) continue;
    const int begin = static_cast<int>(d) * day_minutes + when.begin;
    for (int m = begin; m < begin + length; ++m) {
      out.set(static_cast<std::size_t>(m % week_minutes));
    }
  }
}

}  // namespace

result<week> parse_schedule(std::string_view text) {
  constexpr std::size_t text_max = 1'024;
  if (text.size() > text_max) return fail("longer than 1024 bytes", {}, std::string(example));
  week out;
  days waiting, current;  // days without times so far; days of the last window
  bool more = true;
  while (more) {
    const auto comma = text.find(',');
    more = comma != std::string_view::npos;
    const auto part = trimmed(text.substr(0, comma));
    if (more) text.remove_prefix(comma + 1);
    if (part.empty()) return fail("an empty window", {}, std::string(example));
    const auto space = part.find(' ');
    auto times = space == std::string_view::npos ? part : trimmed(part.substr(space));
    const bool only_times = part.front() >= '0' && part.front() <= '9';
    if (!only_times) {
      const auto named = parse_days(part.substr(0, space));
      if (!named) return tl::unexpected(named.error());
      waiting |= *named;
      if (space == std::string_view::npos) continue;
      current = waiting;
      waiting.reset();
    } else if (current.none() && waiting.none()) {
      return fail("times without days", {}, std::string(example));
    } else if (space != std::string_view::npos) {
      return fail("'" + std::string(part) + "' is no time of day", {}, std::string(example));
    } else if (waiting.any()) {
      current = waiting;
      waiting.reset();
    }
    const auto when = parse_window(times);
    if (!when) return tl::unexpected(when.error());
    mark(out, current, *when);
  }
  mark(out, waiting, {0, day_minutes});
  return out;
}

}  // namespace callweir::shaper

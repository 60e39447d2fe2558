#include "dashboard/api/arguments.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/yaml_scalar.hpp"
#include "dashboard/report/report.hpp"

namespace callweir::dashboard::routes {
namespace {

constexpr std::size_t value_bytes_max = 256;
constexpr std::int64_t second_ns = 1'000'000'000;
constexpr double epoch_seconds_max = 9e9;  // the year 2255

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number out{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return out;
}

/// Seconds since the epoch, or what a report's parse_time reads.
result<time_point> time_of(const std::string& text, const std::string& timezone) {
  if (const auto seconds = number<double>(text)) {
    if (std::isfinite(*seconds) && *seconds >= 0 && *seconds <= epoch_seconds_max) {
      return time_point{} + from_seconds(*seconds);
    }
    return fail("the time is out of range", {}, "seconds since 1970, or 2026-11-02T08:30");
  }
  return parse_time(text, timezone);
}

/// A duration with its unit, or plain seconds.
std::optional<nanoseconds> duration_of(const std::string& text) {
  if (const auto seconds = number<std::uint32_t>(text)) return std::chrono::seconds(*seconds);
  return yaml::parse_duration(text);
}

bool is_calendar(std::string_view word) {
  return word == "day" || word == "week" || word == "month";
}

bool one_of(std::string_view word, std::string_view choices) {
  while (!choices.empty()) {
    const auto bar = choices.find('|');
    if (word == choices.substr(0, bar)) return true;
    choices = bar == std::string_view::npos ? std::string_view() : choices.substr(bar + 1);
  }
  return false;
}

time_point floor_second(time_point at) {
  return {at.ns - ((at.ns % second_ns) + second_ns) % second_ns};
}

tl::unexpected<error> unfit(const std::string& name, const std::string& what,
                            const std::string& mend = {}) {
  return fail("'" + name + "' " + what, name, mend);
}

}  // namespace

result<void> arguments::check(const parameter& one, const std::string& value) const {
  if (value.size() > value_bytes_max) return unfit(one.name, "is too long");
  if (value.empty()) return unfit(one.name, "is empty", "leave it out");
  switch (one.kind) {
    case parameter_kind::whole: {
      const auto n = number<std::uint64_t>(value);
      if (n && *n >= one.least && *n <= one.most) return {};
      return unfit(one.name, "is no whole number that fits",
                   std::to_string(one.least) + " to " + std::to_string(one.most));
    }
    case parameter_kind::flag:
      if (value == "true" || value == "false") return {};
      return unfit(one.name, "is neither true nor false");
    case parameter_kind::address:
      if (ip_address::parse(value)) return {};
      return unfit(one.name, "is no address", "write it like 192.0.2.7 or 2001:db8::7");
    case parameter_kind::choice:
      if (one_of(value, one.choices)) return {};
      return unfit(one.name, "is none of its words", one.choices);
    case parameter_kind::step: {
      constexpr nanoseconds grain = std::chrono::seconds(10);
      const auto step = duration_of(value);
      if (step && *step > nanoseconds{0} && *step <= span_max && *step % grain == nanoseconds{0}) {
        return {};
      }
      return unfit(one.name, "is no multiple of 10 s", "write it like 5m or 300");
    }
    default:
      return {};  // times are read together; text is what it is
  }
}

result<arguments> arguments::read(const std::vector<std::pair<std::string, std::string>>& query,
                                  std::span<const parameter> known, const std::string& timezone,
                                  time_point now) {
  arguments out;
  out.known_ = known;
  out.now_ = now;
  for (const auto& [name, value] : query) {
    const auto* one = std::find_if(known.data(), known.data() + known.size(),
                                   [&asked = name](const parameter& p) { return asked == p.name; });
    if (one == known.data() + known.size()) {
      std::string all;
      for (const auto& p : known) all += (all.empty() ? "" : ", ") + std::string(p.name);
      return fail("unknown parameter '" + name.substr(0, 64) + "'", "query",
                  all.empty() ? "this takes none" : "it takes " + all);
    }
    if (out.has(name)) return unfit(name, "is there twice");
    if (auto fits = out.check(*one, value); !fits) return tl::unexpected(fits.error());
    out.values_.emplace_back(name, value);
  }
  if (auto read = out.read_period(timezone); !read) return tl::unexpected(read.error());
  return out;
}

result<void> arguments::read_period(const std::string& timezone) {
  const auto* from = find("from");
  const auto* to = find("to");
  const auto* last = find("last");
  if (last != nullptr) {
    if (from != nullptr || to != nullptr) {
      return unfit("last", "stands beside 'from' or 'to'", "write one or the other");
    }
    if (is_calendar(*last)) {
      const auto whole = last_period(*last, timezone, now_);
      if (!whole) return unfit("last", "cannot be told: " + whole.error().what);
      when_ = *whole;
      return {};
    }
    const auto span = duration_of(*last);
    if (!span || *span < std::chrono::seconds(1) || *span > span_max) {
      return unfit("last", "is no period", "day, week, month, or a time like 15m or 24h");
    }
    when_ = now_minus(*span);
    return {};
  }
  if (from == nullptr && to == nullptr) return {};
  if (from == nullptr) return unfit("to", "stands without 'from'");
  const auto begin = time_of(*from, timezone);
  if (!begin) return unfit("from", "cannot be read: " + begin.error().what, begin.error().mend);
  auto end = result<time_point>(now_minus(nanoseconds{0}).to);
  if (to != nullptr) end = time_of(*to, timezone);
  if (!end) return unfit("to", "cannot be read: " + end.error().what, end.error().mend);
  if (*end <= *begin) return unfit("to", "is not after 'from'");
  if (*end - *begin > span_max) return unfit("from", "is more than ten years before 'to'");
  when_ = period{*begin, *end};
  return {};
}

const std::string* arguments::find(std::string_view name) const {
  for (const auto& [key, value] : values_) {
    if (key == name) return &value;
  }
  return nullptr;
}

/// Up to the end of the running second, so that what happens now is in it.
period arguments::now_minus(nanoseconds span) const {
  const time_point to = floor_second(now_) + std::chrono::seconds(1);
  return {to - span, to};
}

std::optional<std::string> arguments::text(std::string_view name) const {
  const auto* value = find(name);
  return value == nullptr ? std::nullopt : std::optional(*value);
}

std::optional<bool> arguments::flag(std::string_view name) const {
  const auto* value = find(name);
  return value == nullptr ? std::nullopt : std::optional(*value == "true");
}

std::optional<ip_address> arguments::address(std::string_view name) const {
  const auto* value = find(name);
  if (value == nullptr) return std::nullopt;
  const auto parsed = ip_address::parse(*value);
  return parsed ? std::optional(*parsed) : std::nullopt;
}

std::uint64_t arguments::whole(std::string_view name) const {
  if (const auto* value = find(name)) return number<std::uint64_t>(*value).value_or(0);
  for (const auto& one : known_) {
    if (name == one.name) return one.otherwise;
  }
  return 0;
}

nanoseconds arguments::step() const {
  const auto* value = find("step");
  return value == nullptr ? nanoseconds{0} : duration_of(*value).value_or(nanoseconds{0});
}

}  // namespace callweir::dashboard::routes

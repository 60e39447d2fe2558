#include "dashboard/report/calendar.hpp"

#include <date/tz.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>

#include "dashboard/report/report.hpp"

namespace callweir::dashboard {
namespace {

using std::chrono::floor;
using std::chrono::seconds;
using local_seconds = date::local_seconds;

constexpr std::array<const char*, 12> months = {"January",   "February", "March",    "April",
                                                "May",       "June",     "July",     "August",
                                                "September", "October",  "November", "December"};
constexpr std::array<const char*, 7> weekdays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                 "Thursday", "Friday", "Saturday"};

date::sys_seconds utc(time_point at) {
  return date::sys_seconds{floor<seconds>(nanoseconds{at.ns})};
}
time_point from_utc(date::sys_seconds at) {
  return {nanoseconds{at.time_since_epoch()}.count()};
}
const date::time_zone* zone_of(const void* of) {
  return static_cast<const date::time_zone*>(of);
}
local_seconds local(const void* of, time_point at) {
  const auto offset = of == nullptr ? seconds{0} : zone_of(of)->get_info(utc(at)).offset;
  return local_seconds{utc(at).time_since_epoch() + offset};
}

/// The moment at which clocks on the wall show `at`: the first of two. `skipped` says that they
/// never do; the moment is then the one at which they jumped over it.
time_point moment(const void* of, local_seconds at, bool* skipped = nullptr) {
  if (of == nullptr) return from_utc(date::sys_seconds{at.time_since_epoch()});
  const auto info = zone_of(of)->get_info(at);
  if (skipped != nullptr) *skipped = info.result == date::local_info::nonexistent;
  if (info.result == date::local_info::nonexistent) return from_utc(info.first.end);
  return from_utc(date::sys_seconds{at.time_since_epoch() - info.first.offset});
}

date::local_days day(const void* of, time_point at) {
  return floor<date::days>(local(of, at));
}
date::year_month_day civil(const void* of, time_point at) {
  return date::year_month_day{day(of, at)};
}
date::local_days monday(date::local_days of) {
  return of - (date::weekday{of} - date::Monday);
}
date::local_days first_of_month(date::local_days of) {
  const date::year_month_day date{of};
  return date::local_days{date.year() / date.month() / 1};
}
date::local_days next_month(date::local_days first) {
  return date::local_days{date::year_month_day{first} + date::months{1}};
}

int iso_week(date::local_days of) {
  const auto thursday = monday(of) + date::days{3};
  const auto year = date::year_month_day{thursday}.year();
  return static_cast<int>((thursday - date::local_days{year / 1 / 1}).count() / 7) + 1;
}

int year_of(const date::year_month_day& date) {
  return static_cast<int>(date.year());
}
unsigned day_of(const date::year_month_day& date) {
  return static_cast<unsigned>(date.day());
}
const char* month_of(const date::year_month_day& date) {
  return months[static_cast<unsigned>(date.month()) - 1];
}
std::string short_month(const date::year_month_day& date) {
  return std::string(month_of(date)).substr(0, 3);
}

/// A reader of fixed forms: digits and marks, one after another.
class text_reader {
 public:
  explicit text_reader(std::string_view text) : rest_(text) {}
  std::optional<int> digits(std::size_t count) {
    if (rest_.size() < count) return std::nullopt;
    int value = 0;
    for (const char c : rest_.substr(0, count)) {
      if (c < '0' || c > '9') return std::nullopt;
      value = 10 * value + (c - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }
  bool mark(std::string_view one_of) {
    if (rest_.empty() || one_of.find(rest_.front()) == std::string_view::npos) return false;
    last_ = rest_.front();
    rest_.remove_prefix(1);
    return true;
  }
  char last() const { return last_; }
  bool done() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  char last_ = '\0';
};

struct written_time {
  local_seconds at;
  std::optional<seconds> offset;  // Z or +02:00
};

std::optional<seconds> read_clock(text_reader& in) {
  const auto hour = in.digits(2);
  if (!hour || !in.mark(":")) return std::nullopt;
  const auto minute = in.digits(2);
  std::optional<int> second = 0;
  if (in.mark(":")) second = in.digits(2);
  if (!minute || !second || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  return seconds{3600 * *hour + 60 * *minute + *second};
}

/// False where what follows the clock is no offset.
bool read_offset(text_reader& in, std::optional<seconds>& offset) {
  if (in.mark("Zz")) {
    offset = seconds{0};
  } else if (in.mark("+-")) {
    const int sign = in.last() == '-' ? -1 : 1;
    const auto hours = in.digits(2);
    in.mark(":");
    const auto minutes = in.digits(2);
    if (!hours || !minutes || *hours > 14 || *minutes > 59) return false;
    offset = seconds{sign * (3600 * *hours + 60 * *minutes)};
  }
  return true;
}

std::optional<written_time> read_written(std::string_view text) {
  text_reader in(text);
  const auto year = in.digits(4);
  if (!year || !in.mark("-")) return std::nullopt;
  const auto month = in.digits(2);
  if (!month || !in.mark("-")) return std::nullopt;
  const auto mday = in.digits(2);
  if (!mday) return std::nullopt;
  const auto date = date::year{*year} / *month / *mday;
  // Nanoseconds since 1970 in 64 bits end in 2262.
  if (!date.ok() || *year < 1970 || *year > 2200) return std::nullopt;
  written_time out{local_seconds{date::local_days{date}}, std::nullopt};
  if (in.done()) return out;
  if (!in.mark("T t")) return std::nullopt;
  const auto clock = read_clock(in);
  if (!clock || !read_offset(in, out.offset) || !in.done()) return std::nullopt;
  out.at += *clock;
  return out;
}

void append_steps(std::vector<time_point>& edges, const period& when, nanoseconds step,
                  const void* of) {
  // Whole hours and five minutes of the wall, also where the offset is 5 h 45 min.
  const auto wall = local(of, when.from).time_since_epoch();
  const auto into = nanoseconds{wall} % step;
  time_point at = time_point{nanoseconds{utc(when.from).time_since_epoch()}.count()} - into + step;
  for (; at < when.to && edges.size() < bins_max; at = at + step) edges.push_back(at);
}

void append_days(std::vector<time_point>& edges, const period& when, bin_unit unit,
                 const void* of) {
  auto at = day(of, when.from);
  if (unit == bin_unit::week) at = monday(at);
  if (unit == bin_unit::month) at = first_of_month(at);
  while (edges.size() < bins_max) {
    at = unit == bin_unit::month ? next_month(at) : at + date::days{unit == bin_unit::week ? 7 : 1};
    const auto edge = moment(of, at);
    if (!(edge < when.to)) return;
    edges.push_back(edge);
  }
}

bool is_midnight(const void* of, time_point at) {
  return at == moment(of, day(of, at));
}

}  // namespace

const char* bin_unit_name(bin_unit unit) {
  switch (unit) {
    case bin_unit::ten_seconds:
      return "10 seconds";
    case bin_unit::minute:
      return "minute";
    case bin_unit::five_minutes:
      return "5 minutes";
    case bin_unit::hour:
      return "hour";
    case bin_unit::day:
      return "day";
    case bin_unit::week:
      return "week";
    case bin_unit::month:
      return "month";
  }
  return "";
}

std::size_t time_bins::find(time_point at) const {
  if (edges.empty() || at < edges.front() || !(at < edges.back())) return count();
  const auto next = std::upper_bound(edges.begin(), edges.end(), at);
  return static_cast<std::size_t>(next - edges.begin()) - 1;
}

result<calendar> calendar::open(const std::string& timezone) {
  if (timezone == "UTC") return calendar(timezone, nullptr);
  try {
    return calendar(timezone, date::locate_zone(timezone));
  } catch (const std::exception&) {
    return fail(fmt::format("unknown time zone '{}'", timezone.substr(0, 100)), "timezone",
                "write it like Europe/Berlin; names are in the package tzdata");
  }
}

result<period> calendar::last(std::string_view word, time_point now) const {
  const auto today = day(of_, now);
  date::local_days from = today, to = today;
  if (word == "day") {
    from = today - date::days{1};
  } else if (word == "week") {
    to = monday(today);
    from = to - date::days{7};
  } else if (word == "month") {
    to = first_of_month(today);
    from = first_of_month(to - date::days{1});
  } else {
    return fail(fmt::format("'{}' is no calendar period", word.substr(0, 40)), {},
                "say day, week or month");
  }
  return period{moment(of_, from), moment(of_, to)};
}

result<time_point> calendar::parse(std::string_view text) const {
  const auto written = read_written(text);
  if (!written) {
    return fail(fmt::format("'{}' is not a time", text.substr(0, 40)), {},
                "write it like 2026-11-02 or 2026-11-02T08:30, with +01:00 or Z when it is not of "
                "the site's time zone");
  }
  if (written->offset)
    return from_utc(date::sys_seconds{written->at.time_since_epoch() - *written->offset});
  bool skipped = false;
  const time_point at = moment(of_, written->at, &skipped);
  // A date alone is the day's first moment, whenever that is.
  if (skipped && text.size() > 10) {
    return fail(fmt::format("'{}' was skipped by the clocks of {}", text, zone_), {},
                "take a time an hour later, or one with an offset");
  }
  return at;
}

time_bins calendar::bins(const period& when, nanoseconds least) const {
  using std::chrono::hours;
  using std::chrono::minutes;
  const auto length = when.to - when.from;
  time_bins out;
  out.edges.push_back(when.from);
  if (length <= minutes(12) && least <= seconds(10)) {
    out.unit = bin_unit::ten_seconds;
    append_steps(out.edges, when, seconds(10), of_);
  } else if (length <= hours(1) && least <= minutes(1)) {
    out.unit = bin_unit::minute;
    append_steps(out.edges, when, minutes(1), of_);
  } else if (length <= hours(6) && least <= minutes(5)) {
    out.unit = bin_unit::five_minutes;
    append_steps(out.edges, when, minutes(5), of_);
  } else if (length <= hours(8 * 24 + 1)) {
    out.unit = bin_unit::hour;
    append_steps(out.edges, when, hours(1), of_);
  } else {
    out.unit = length <= hours(62 * 24 + 1)    ? bin_unit::day
               : length <= hours(2 * 366 * 24) ? bin_unit::week
                                               : bin_unit::month;
    append_days(out.edges, when, out.unit, of_);
  }
  out.edges.push_back(when.to);
  return out;
}

std::string calendar::title(const period& when) const {
  if (is_midnight(of_, when.from) && is_midnight(of_, when.to)) {
    const auto first = day(of_, when.from), end = day(of_, when.to);
    const date::year_month_day from{first}, to{end - date::days{1}};
    if (end - first == date::days{1}) {
      return fmt::format("{}, {} {} {}", weekdays[date::weekday{first}.c_encoding()], day_of(from),
                         month_of(from), year_of(from));
    }
    if (first == first_of_month(first) && end == next_month(first))
      return fmt::format("{} {}", month_of(from), year_of(from));
    const bool one_month = from.month() == to.month() && from.year() == to.year();
    const bool one_year = from.year() == to.year();
    const std::string begin =
        one_month  ? fmt::format("{}", day_of(from))
        : one_year ? fmt::format("{} {}", day_of(from), month_of(from))
                   : fmt::format("{} {} {}", day_of(from), month_of(from), year_of(from));
    const bool week = end - first == date::days{7} && first == monday(first);
    return fmt::format("{} to {} {} {}{}", begin, day_of(to), month_of(to), year_of(to),
                       week ? fmt::format(" (week {})", iso_week(first)) : "");
  }
  const bool same_day = day(of_, when.from) == day(of_, when.to);
  return fmt::format("{} to {}", date_time(when.from),
                     same_day ? clock(when.to) : date_time(when.to));
}

std::string calendar::oddity(const period& when) const {
  if (!is_midnight(of_, when.from) || !is_midnight(of_, when.to)) return {};
  const auto days = (day(of_, when.to) - day(of_, when.from)).count();
  const auto beyond = std::chrono::duration_cast<std::chrono::minutes>(when.to - when.from) -
                      std::chrono::hours(24) * days;
  if (beyond.count() == 0) return {};
  const char* how = beyond.count() > 0 ? "back" : "forward";
  if (days == 1) {
    return fmt::format("A day of {:g} hours: the clocks went {}",
                       24.0 + static_cast<double>(beyond.count()) / 60.0, how);
  }
  return fmt::format("The clocks went {} in this period", how);
}

std::string calendar::date_time(time_point at) const {
  return fmt::format("{} {}, {}", day_short(at), year_of(civil(of_, at)), clock(at));
}
std::string calendar::iso(time_point at) const {
  const auto into = local(of_, at) - local_seconds{day(of_, at)};
  return fmt::format("{} {:02}:{:02}:{:02}", iso_date(at), into.count() / 3600,
                     into.count() / 60 % 60, into.count() % 60);
}
std::string calendar::iso_date(time_point at) const {
  const auto date = civil(of_, at);
  return fmt::format("{:04}-{:02}-{:02}", year_of(date), static_cast<unsigned>(date.month()),
                     day_of(date));
}
std::string calendar::clock(time_point at) const {
  return fmt::format("{:02}:{:02}", hour(at), minute(at));
}
std::string calendar::day_short(time_point at) const {
  const auto date = civil(of_, at);
  return fmt::format("{} {}", day_of(date), short_month(date));
}
std::string calendar::month_short(time_point at) const {
  const auto date = civil(of_, at);
  return fmt::format("{} {}", short_month(date), year_of(date));
}
int calendar::hour(time_point at) const {
  return static_cast<int>((local(of_, at) - local_seconds{day(of_, at)}).count() / 3600);
}
int calendar::minute(time_point at) const {
  return static_cast<int>((local(of_, at) - local_seconds{day(of_, at)}).count() / 60 % 60);
}
int calendar::second(time_point at) const {
  return static_cast<int>((local(of_, at) - local_seconds{day(of_, at)}).count() % 60);
}
int calendar::day_of_month(time_point at) const {
  return static_cast<int>(day_of(civil(of_, at)));
}
int calendar::iso_weekday(time_point at) const {
  return static_cast<int>(date::weekday{day(of_, at)}.iso_encoding());
}

result<period> last_period(std::string_view word, const std::string& timezone, time_point now) {
  const auto site = calendar::open(timezone);
  if (!site) return tl::unexpected(site.error());
  return site->last(word, now);
}

result<time_point> parse_time(std::string_view text, const std::string& timezone) {
  const auto site = calendar::open(timezone);
  if (!site) return tl::unexpected(site.error());
  return site->parse(text);
}

}  // namespace callweir::dashboard

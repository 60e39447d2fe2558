// Civil time of the site: days, weeks and months between whose ends 23 or 25 hours may lie, and the
// words that a report prints for them. Of the date library, which is included in calendar.cpp only.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"
#include "dashboard/store/queries.hpp"

namespace callweir::dashboard {

/// What the bars of a chart stand for.
enum class bin_unit : std::uint8_t { ten_seconds, minute, five_minutes, hour, day, week, month };
const char* bin_unit_name(bin_unit unit);  // "5 minutes", "hour", …

/// A period cut at calendar bounds: the first and last bin may be shorter than the others.
struct time_bins {
  bin_unit unit = bin_unit::hour;
  std::vector<time_point> edges;  // ascending; one more than there are bins; at most bins_max + 1
  std::size_t count() const { return edges.empty() ? 0 : edges.size() - 1; }
  /// The bin that `at` lies in, or count() where none does.
  std::size_t find(time_point at) const;
};
constexpr std::size_t bins_max = 200;

/// Const after construction; any thread.
class calendar {
 public:
  /// An error names the zone and says what a name looks like. "UTC" works without a database.
  static result<calendar> open(const std::string& timezone);

  const std::string& zone() const { return zone_; }
  result<period> last(std::string_view word, time_point now) const;
  result<time_point> parse(std::string_view text) const;

  /// Bins that suit the length: ten seconds up to 12 minutes, minutes up to an hour, five minutes
  /// up to 6 hours, hours up to 8 days, days up to 2 months, weeks up to 2 years, months beyond;
  /// none shorter than `least`, the step of the sums that the store still has.
  time_bins bins(const period& when, nanoseconds least = std::chrono::seconds(10)) const;

  /// "Monday, 2 November 2026", "2 to 8 November 2026 (week 45)", "November 2026" where the period
  /// is just that, else "2 Nov 2026, 08:30 to 3 Nov 2026, 09:30".
  std::string title(const period& when) const;
  /// "" or what is peculiar to it: "A day of 25 hours: the clocks went back".
  std::string oddity(const period& when) const;
  std::string date_time(time_point at) const;    // "2 Nov 2026, 08:30"
  std::string iso(time_point at) const;          // "2026-11-02 08:30:00"
  std::string iso_date(time_point at) const;     // "2026-11-02"
  std::string clock(time_point at) const;        // "08:30"
  std::string day_short(time_point at) const;    // "2 Nov"
  std::string month_short(time_point at) const;  // "Nov 2026"
  int hour(time_point at) const;
  int minute(time_point at) const;
  int second(time_point at) const;
  int day_of_month(time_point at) const;
  int iso_weekday(time_point at) const;  // Monday 1

 private:
  explicit calendar(std::string zone, const void* of) : zone_(std::move(zone)), of_(of) {}
  std::string zone_;
  const void* of_ = nullptr;  // the library's zone, which lives as long as the program; null: UTC
};

}  // namespace callweir::dashboard

// Figures of MOS, gathered to be told as a spread.
#pragma once

#include <optional>
#include <vector>

#include "dashboard/report/report_model.hpp"

namespace callweir::dashboard {

using measures = both_ways<std::optional<double>>;

inline bool any(const measures& mos) {
  return mos[0] || mos[1];
}

/// The middle one, of two the lower; nullopt of none. Reorders.
std::optional<double> median_of(std::vector<double>& values);

class mos_samples {
 public:
  /// One call: each direction that is known counts once.
  void add(const measures& mos);
  mos_spread spread();

 private:
  std::vector<float> values_;
  std::uint64_t calls_ = 0;
};

/// What the windows of a call's course tell that lie wholly within [from, to]: the median, each
/// direction by itself.
measures median_within(const mos_course& course, time_point call_end, time_point from,
                       time_point to);

/// `visit(from, to, mos)` of each window of a course in which something is known, in order.
template <class Visit>
void each_window(const mos_course& course, time_point call_end, Visit&& visit) {
  constexpr nanoseconds window = std::chrono::seconds(20);
  const nanoseconds step = std::chrono::seconds(course.step_s);
  const std::size_t points = std::min(course.mos[0].size(), course.mos[1].size());
  time_point to{course.from_s * 1'000'000'000};
  for (std::size_t i = 0; i < points; ++i) {
    to = to + step;
    const measures mos = {course.mos[0][i], course.mos[1][i]};
    if (!any(mos)) continue;
    const time_point end = std::min(to, call_end);
    visit(end - window, end, mos);
  }
}

}  // namespace callweir::dashboard

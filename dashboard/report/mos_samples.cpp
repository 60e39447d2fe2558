#include "dashboard/report/mos_samples.hpp"

#include <algorithm>
#include <cmath>

namespace callweir::dashboard {

std::optional<double> median_of(std::vector<double>& values) {
  if (values.empty()) return std::nullopt;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void mos_samples::add(const measures& mos) {
  if (any(mos)) ++calls_;
  for (const auto& value : mos) {
    if (value) values_.push_back(static_cast<float>(*value));
  }
}

mos_spread mos_samples::spread() {
  mos_spread out;
  out.calls = calls_;
  if (values_.empty()) return out;
  std::sort(values_.begin(), values_.end());
  const auto at = [this](double share) {
    const double place = share * static_cast<double>(values_.size() - 1);
    return static_cast<double>(values_[static_cast<std::size_t>(std::lround(place))]);
  };
  out.low = at(0.1);
  out.median = at(0.5);
  out.high = at(0.9);
  return out;
}

measures median_within(const mos_course& course, time_point call_end, time_point from,
                       time_point to) {
  both_ways<std::vector<double>> values;
  each_window(course, call_end, [&](time_point begin, time_point end, const measures& mos) {
    if (begin < from || to < end) return;
    for (std::size_t way = 0; way < 2; ++way) {
      if (mos[way]) values[way].push_back(*mos[way]);
    }
  });
  return {median_of(values[0]), median_of(values[1])};
}

}  // namespace callweir::dashboard

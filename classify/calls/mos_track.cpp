#include "classify/calls/mos_track.hpp"

#include <algorithm>
#include <cmath>

namespace callweir::classify {

void mos_track::add(std::int64_t second, double mos) {
  if (second < 0 || !std::isfinite(mos)) return;
  if (first_ == none) first_ = second / step_s_;
  if (second / step_s_ < first_) return;
  while (second / step_s_ - first_ >= points_max) coarsen();
  const long steps = std::lround((std::clamp(mos, 1.0, 5.0) - 1) / 0.02);
  points_[static_cast<std::size_t>(second / step_s_ - first_)] =
      static_cast<std::uint8_t>(1 + steps);
}

/// Of two steps that become one the later stays: the window at its end.
void mos_track::coarsen() {
  if (first_ != none) {
    std::array<std::uint8_t, points_max> half{};
    for (std::int64_t i = 0; i < points_max; ++i) {
      const std::uint8_t point = points_[static_cast<std::size_t>(i)];
      if (point != unknown) half[static_cast<std::size_t>((first_ + i) / 2 - first_ / 2)] = point;
    }
    points_ = half;
    first_ /= 2;
  }
  step_s_ *= 2;
}

std::int64_t mos_track::last() const {
  std::int64_t i = points_max - 1;
  while (i > 0 && points_[static_cast<std::size_t>(i)] == unknown) --i;
  return first_ + i;
}

std::uint8_t mos_track::at(std::int64_t step) const {
  if (first_ == none || step < first_ || step - first_ >= points_max) return unknown;
  return points_[static_cast<std::size_t>(step - first_)];
}

void mos_track::align(mos_track& a, mos_track& b) {
  while (a.step_s_ < b.step_s_) a.coarsen();
  while (b.step_s_ < a.step_s_) b.coarsen();
  if (a.empty() || b.empty()) return;
  while (std::max(a.last(), b.last()) - std::min(a.first_, b.first_) >= points_max) {
    a.coarsen();
    b.coarsen();
  }
}

void mos_track::absorb(mos_track other) {
  if (other.empty()) return;
  if (empty()) {
    *this = other;
    return;
  }
  align(*this, other);
  mos_track both;
  both.step_s_ = step_s_;
  both.first_ = std::min(first_, other.first_);
  for (std::int64_t i = 0; i < points_max; ++i) {
    const std::uint8_t ours = at(both.first_ + i);
    both.points_[static_cast<std::size_t>(i)] = ours != unknown ? ours : other.at(both.first_ + i);
  }
  *this = both;
}

mos_course mos_track::course(mos_track forward, mos_track backward) {
  mos_course out;
  if (forward.empty() && backward.empty()) return out;
  align(forward, backward);
  const auto& any = forward.empty() ? backward : forward;
  const std::int64_t first = std::min(any.first_, backward.empty() ? any.first_ : backward.first_);
  const std::int64_t last = std::max(any.last(), backward.empty() ? any.last() : backward.last());
  out.step_s = static_cast<std::uint32_t>(any.step_s_);
  out.from_s = first * any.step_s_;
  const std::array<const mos_track*, 2> ways = {&forward, &backward};
  for (std::size_t way = 0; way < ways.size(); ++way) {
    for (std::int64_t step = first; step <= last; ++step) {
      const std::uint8_t point = ways[way]->at(step);
      out.mos[way].push_back(point == unknown ? std::nullopt
                                              : std::optional<double>(1 + 0.02 * (point - 1)));
    }
  }
  return out;
}

}  // namespace callweir::classify

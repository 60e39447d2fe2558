// The least value of the last 10 s, in 24 bytes: five buckets of 2 s, so the window is 8 to 10 s
// long.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

#include "base/units.hpp"

namespace callweir::classify {

/// A packet is late when it is so far behind the fastest of the last 10 s (SPEC, `mos`).
constexpr std::int32_t late_after_us = 60'000;

class fastest_window {
 public:
  void clear() noexcept { least_.fill(none); }

  /// Takes `value` (microseconds) into the window; returns how far it lies above the least, >= 0.
  std::int32_t above_least(std::int32_t value, time_point now) noexcept {
    const auto bucket = static_cast<std::uint32_t>(now.ns / bucket_ns);
    const auto ahead = static_cast<std::int32_t>(bucket - newest_);  // negative: clock went back
    if (ahead >= static_cast<std::int32_t>(least_.size()) || ahead < -1) {
      clear();
      newest_ = bucket;
    } else if (ahead > 0) {
      while (newest_ != bucket) least_[++newest_ % least_.size()] = none;
    }
    auto& slot = least_[newest_ % least_.size()];
    slot = std::min(slot, value);
    const std::int64_t above =
        std::int64_t{value} - *std::min_element(least_.begin(), least_.end());
    return static_cast<std::int32_t>(std::min<std::int64_t>(above, none));
  }

 private:
  static constexpr std::int64_t bucket_ns = 2'000'000'000;
  static constexpr std::int32_t none = std::numeric_limits<std::int32_t>::max();
  std::array<std::int32_t, 5> least_{none, none, none, none, none};
  std::uint32_t newest_ = 0;
};

}  // namespace callweir::classify

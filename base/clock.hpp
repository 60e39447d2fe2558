// The clock of a live process: Unix-epoch nanoseconds that never go back. Anchored once to the wall
// clock, carried on by CLOCK_MONOTONIC (44 TSC cycles through the vDSO): read once a burst, never
// once a packet.
#pragma once

#include <ctime>

#include "base/units.hpp"

namespace callweir {

class steady_clock {
 public:
  /// Anchors to the wall clock. Steps of the wall clock after that are not followed.
  steady_clock() noexcept : offset_ns_(read(CLOCK_REALTIME) - read(CLOCK_MONOTONIC)) {}

  time_point now() const noexcept { return {read(CLOCK_MONOTONIC) + offset_ns_}; }
  /// Nanoseconds since boot: comparable between processes, what heartbeats are written in.
  static std::int64_t monotonic_ns() noexcept { return read(CLOCK_MONOTONIC); }

 private:
  static std::int64_t read(clockid_t id) noexcept {
    timespec t{};
    clock_gettime(id, &t);
    return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
  }
  std::int64_t offset_ns_;
};

}  // namespace callweir

// The clock of records. The engine's own never goes back and is anchored to the wall clock once, at
// its start; a wall clock that is set later moves the times of records from then on, not those that
// the engine goes by. Control thread only.
#pragma once

#include <cstdint>
#include <functional>

#include "base/record.hpp"

namespace callweir::engine {

class record_clock {
 public:
  /// Smaller steps are what keeping a clock right takes.
  static constexpr nanoseconds least = std::chrono::seconds(1);

  /// `lead`: the wall clock minus one that is not set, in ns; none: the wall clock is not followed.
  explicit record_clock(std::function<std::int64_t()> lead);
  /// Once a second. How far the wall clock was set since the last call, 0 for less than `least`.
  nanoseconds tick();
  /// What is added to the engine's times.
  nanoseconds shift() const { return shift_; }

 private:
  std::function<std::int64_t()> lead_;
  std::int64_t first_ = 0;
  nanoseconds shift_{};
};

/// Of this machine's clocks.
std::int64_t wall_clock_lead();

/// Moves every time that the record speaks of.
void move_times(flow_record& record, nanoseconds by);
void move_times(call_record& record, nanoseconds by);
void move_times(host_record& record, nanoseconds by);
void move_times(traffic_record& record, nanoseconds by);
void move_times(second_record& record, nanoseconds by);
void move_times(policy_record& record, nanoseconds by);
void move_times(gap_record& record, nanoseconds by);
void move_times(audit_record& record, nanoseconds by);

}  // namespace callweir::engine

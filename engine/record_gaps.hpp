// What the appliance itself missed: events that found no room, overload, bypass, frames withheld
// from a late engine, and the time before this engine came up. Control thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "engine/record_outlet.hpp"
#include "engine/shared_state.hpp"

namespace callweir::engine {

class gap_teller {
 public:
  static constexpr nanoseconds events_every = std::chrono::seconds(10);

  /// `shared` may be nullptr. `events_lost`: of all workers, since the start.
  gap_teller(shared_state* shared, std::function<std::uint64_t()> events_lost)
      : shared_(shared), events_lost_(std::move(events_lost)) {}

  /// The engine forwards now. A gap from when the engine before it was gone, where the supervisor
  /// knows, else an audit entry that inspection began: the first record of this life either way.
  void begin(time_point now, const record_outlet& out);
  /// Once a second.
  void tick(time_point now, const record_outlet& out);
  /// What still goes on ends with this life.
  void finish(time_point now, const record_outlet& out);

 private:
  struct stretch {
    const char* what;
    const char* reason;
    std::optional<time_point> since;
  };
  static void watch(stretch& one, bool on, time_point now, const record_outlet& out);
  void tell_stalls(time_point now, const record_outlet& out);
  void tell_events(time_point now, const record_outlet& out);

  shared_state* shared_;
  std::function<std::uint64_t()> events_lost_;
  stretch overload_{"overload", "more traffic than the workers could inspect", {}};
  stretch bypass_{"engine", "bypass was on: everything passed uninspected", {}};
  std::uint32_t stalls_ = 0;
  std::uint64_t events_ = 0;
  time_point events_at_{};
};

}  // namespace callweir::engine

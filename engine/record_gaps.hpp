// What the appliance itself missed: events and records that found no room, overload, bypass, frames
// withheld from a late engine, and the time before this engine came up. Control thread only.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "engine/record_outlet.hpp"
#include "engine/shared_state.hpp"

namespace callweir::engine {

class gap_teller {
 public:
  static constexpr nanoseconds losses_every = std::chrono::seconds(10);

  /// What is lost for good, each since the start: events of all workers, records that were not
  /// made, records that found no place in the stream. Any of them may be none.
  struct losses {
    std::function<std::uint64_t()> events, untold, refused;
  };
  /// `shared` may be nullptr.
  gap_teller(shared_state* shared, losses of)
      : shared_(shared),
        counted_{
            {{"events", "the control thread could not follow the workers", std::move(of.events)},
             {"records", "more flows ended than can be told", std::move(of.untold)},
             {"records", "longer than the stream takes", std::move(of.refused)}}} {}

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
  struct loss {
    const char* what;
    const char* reason;
    std::function<std::uint64_t()> count;
    std::uint64_t told = 0;
  };
  void tell_losses(time_point now, const record_outlet& out);

  shared_state* shared_;
  std::array<loss, 3> counted_;
  stretch overload_{"overload", "more traffic than the workers could inspect", {}};
  stretch bypass_{"engine", "bypass was on: everything passed uninspected", {}};
  std::uint32_t stalls_ = 0;
  time_point losses_at_{};
};

}  // namespace callweir::engine

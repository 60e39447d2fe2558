// What the burst loop runs over every burst: decode, look up, classify, shape. One virtual call a
// burst. The worker knows nothing of calls and the pipeline nothing of ports.
#pragma once

#include <cstdint>
#include <span>

#include "base/packet_view.hpp"
#include "base/units.hpp"

namespace callweir::engine {

enum class outcome : std::uint8_t { forward, forward_first, hold, drop };

struct decision {
  outcome what = outcome::forward;
  std::uint8_t reason = 0;  // of a hold or drop: the pipeline's own table, counted by the pipeline
  time_point release;       // hold: not before
};

/// Frames in a burst, at most.
constexpr std::size_t burst_max = 64;

/// What is shed under overload, in this order. Forwarding never is.
enum class load_level : std::uint8_t { normal, shed_inspection, shed_accounting };

/// One worker's, called by its thread only. A frame stays the worker's: the pipeline decides, never
/// frees.
class packet_pipeline {
 public:
  virtual ~packet_pipeline() = default;
  /// `out` has burst.size() decisions, set to forward beforehand; burst.size() <= burst_max. The
  /// worker has set frame, captured, wire, time, handle, from and link of every view.
  virtual void process(std::span<packet_view> burst, time_point now,
                       std::span<decision> out) noexcept = 0;
  /// At least every 10 ms whatever the traffic: timers and commands run here.
  virtual void idle(time_point now) noexcept = 0;
  /// Called when the level changes, at most every 100 ms.
  virtual void set_load(load_level) noexcept {}
};

}  // namespace callweir::engine

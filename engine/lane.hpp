// What a worker polls and where its frames go: ports directly, or the rings of a distributor. One
// virtual call a burst.
#pragma once

#include <cstddef>
#include <span>

#include "base/packet_view.hpp"
#include "base/units.hpp"

namespace callweir::engine {

class frame_source {
 public:
  virtual ~frame_source() = default;
  /// At most out.size() views; see capture::port::receive.
  virtual std::size_t receive(std::span<packet_view> out) noexcept = 0;
};

class frame_sink {
 public:
  virtual ~frame_sink() = default;
  /// Takes every frame over, whatever becomes of it. `first`: ahead of what waits for the link.
  virtual void send(std::span<void* const> frames, bool first, time_point now) noexcept = 0;
  /// Lets out what has been waiting for the link's rate. Called every turn.
  virtual void pump(time_point now) noexcept = 0;
  /// Sends all that waits, regardless of the rate (bypass, shutdown).
  virtual void flush(time_point now) noexcept = 0;
};

/// A direction of a link as one worker sees it.
struct lane {
  frame_source* in;
  frame_sink* out;
};

}  // namespace callweir::engine

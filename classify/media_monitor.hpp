// Follows the media packets of one flow and sums them up each second: RTP sequence and time stamps where they
// can be read, sizes and rhythm where they cannot. One worker's, single thread, fixed size, from a bounded pool.
#pragma once

#include <array>
#include <cstdint>

#include "base/packet_view.hpp"
#include "base/verdict.hpp"
#include "classify/flow_event.hpp"

namespace callweir::classify {

class media_monitor {
 public:
  /// `announced`: codec known from SDP, else unknown. Resets everything.
  void begin(const verdict& what, codec announced, time_point now) noexcept;

  /// Counts one packet and says what it is inside its flow: voice, video, media (not told apart), or
  /// signalling (STUN, DTLS, RTCP, keep-alives).
  flow_role observe(const packet_view& packet, direction way) noexcept;
  /// What became of the packet just observed.
  void fate(direction way, flow_role role, bool dropped, nanoseconds added_delay) noexcept;

  /// True once a second has passed: `out` holds it and the next one begins. Call after each burst and from
  /// idle(); a silent second gives a sample of zeros.
  bool sample(time_point now, media_sample& out) noexcept;

 private:
  // state: by its implementer
};

}  // namespace callweir::classify

// What RFC 3551 (tables 4 and 5) says of static RTP payload types: one table for the detectors, for
// SDP and for the measurement.
#pragma once

#include <cstdint>

#include "classify/flow_event.hpp"

namespace callweir::classify {

/// Voice and video of telephony, and the MPEG of broadcasts; none for dynamic and reserved types.
enum class static_media : std::uint8_t { none, voice, sound, video, broadcast };

struct payload_type_facts {
  static_media kind = static_media::none;  // sound: audio that no telephone sends (L16 in stereo)
  codec what = codec::unknown;
  std::uint32_t clock_hz = 0;  // 0: not fixed
};

/// `type` has seven bits; anything else is `none`.
payload_type_facts facts_of_payload_type(std::uint8_t type) noexcept;

inline bool is_static_voice(std::uint8_t type) noexcept {
  return facts_of_payload_type(type).kind == static_media::voice;
}
inline bool is_broadcast(std::uint8_t type) noexcept {
  return facts_of_payload_type(type).kind == static_media::broadcast;
}
inline codec static_codec(std::uint8_t type) noexcept {
  return facts_of_payload_type(type).what;
}

}  // namespace callweir::classify

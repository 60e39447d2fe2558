// Which protocol of a media socket a datagram belongs to, by its first byte (RFC 7983, RFC 5761).
#pragma once

#include "classify/detectors/sample.hpp"

namespace callweir::classify {

enum class wire_kind : std::uint8_t {
  other,
  stun,
  dtls,
  turn_channel,
  multiplexed_turn,
  rtp,
  rtcp
};

/// [MS-TURN] 2.2.3: channel 0xff10, length, session id of 8 bytes, then the relayed datagram.
constexpr std::uint32_t multiplexed_turn_header = 12;

/// Looks at the first bytes only; a detector has to confirm. RFC 7983 section 7: 0 to 3 STUN, 20 to
/// 63 DTLS, 64 to 79 TURN channel, 128 to 191 RTP or RTCP; RFC 5761 section 4: RTCP where the
/// second byte is 192 to 223.
inline wire_kind demultiplex(const sample& s) noexcept {
  if (s.captured < 4) return wire_kind::other;
  const std::uint8_t first = s.data[0];
  if (first < 4) {
    const bool sized =
        s.captured >= 20 && (be16(s.data + 2) & 3) == 0 && be16(s.data + 2) + 20 <= s.bytes;
    return sized ? wire_kind::stun : wire_kind::other;
  }
  if (first >= 20 && first <= 63) return wire_kind::dtls;
  if (first >= 64 && first <= 79) {
    const std::uint32_t length = be16(s.data + 2);
    // RFC 8656 section 12.5: over UDP the padding is optional.
    return length > 0 && length + 4 <= s.bytes && s.bytes <= length + 7 ? wire_kind::turn_channel
                                                                        : wire_kind::other;
  }
  if (first >= 128 && first <= 191) {
    if (s.captured >= 8 && s.data[1] >= 192 && s.data[1] <= 223) return wire_kind::rtcp;
    return s.bytes >= 12 && s.captured >= 12 ? wire_kind::rtp : wire_kind::other;
  }
  if (first == 0xff && s.data[1] == 0x10 && s.captured > multiplexed_turn_header &&
      be16(s.data + 2) + 4u == s.bytes) {
    return wire_kind::multiplexed_turn;
  }
  return wire_kind::other;
}

}  // namespace callweir::classify

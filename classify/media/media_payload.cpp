#include "classify/media/media_payload.hpp"

#include "classify/detectors/stun.hpp"

namespace callweir::classify {
namespace {

constexpr std::uint16_t smallest_media = 12;  // no codec with any framing of its own gets below

/// Bytes readable and bytes on the wire of what is being looked at.
struct span_of_wire {
  const std::uint8_t* at;
  std::uint16_t captured;
  std::uint16_t bytes;

  std::uint16_t u16(std::uint16_t offset) const noexcept {
    return static_cast<std::uint16_t>(at[offset] << 8 | at[offset + 1]);
  }
  std::uint32_t u32(std::uint16_t offset) const noexcept {
    return std::uint32_t{u16(offset)} << 16 | u16(static_cast<std::uint16_t>(offset + 2));
  }
  span_of_wire from(std::uint16_t offset, std::uint16_t length) const noexcept {
    const auto left = static_cast<std::uint16_t>(captured > offset ? captured - offset : 0);
    return {at + (captured > offset ? offset : captured), left < length ? left : length, length};
  }
};

bool is_stun(const span_of_wire& s) noexcept {
  return s.captured >= 20 && s.at[0] < 4 && s.u32(4) == stun_cookie && s.u16(2) % 4 == 0 &&
         s.u16(2) + 20 <= s.bytes;
}

/// DATA attribute of a Send or Data indication (RFC 8656 clause 11): the peer's datagram. False:
/// none.
bool relayed_data(const span_of_wire& s, span_of_wire& inner) noexcept {
  const std::uint16_t type = s.u16(0);
  if (type != 0x0016 && type != 0x0017) return false;
  std::uint32_t offset = 20;
  for (int attribute = 0; attribute < 8 && offset + 4 <= s.captured; ++attribute) {
    const auto at = static_cast<std::uint16_t>(offset);
    const std::uint16_t length = s.u16(static_cast<std::uint16_t>(at + 2));
    if (offset + 4 + length > s.bytes) return false;
    if (s.u16(at) == 0x0013) {
      inner = s.from(static_cast<std::uint16_t>(at + 4), length);
      return true;
    }
    offset += 4 + ((length + 3u) & ~3u);
  }
  return false;
}

bool is_dtls(const span_of_wire& s) noexcept {
  return s.captured >= 13 && s.at[0] >= 20 && s.at[0] <= 26 && s.at[1] == 0xfe &&
         (s.at[2] == 0xfd || s.at[2] == 0xff) && s.u16(11) + 13 <= s.bytes;
}

/// RFC 5761 clause 4: with RTP and RTCP on one port, second bytes 192 to 223 are RTCP.
bool is_rtcp(const span_of_wire& s) noexcept {
  return s.captured >= 8 && s.at[1] >= 192 && s.at[1] <= 223 && (s.u16(2) + 1) * 4 <= s.bytes;
}

void read_rtp(const span_of_wire& s, media_payload& out) noexcept {
  if (s.captured < 12) return;
  std::uint32_t header = 12 + 4u * (s.at[0] & 0x0f);
  if ((s.at[0] & 0x10) != 0) {
    if (header + 4 > s.captured) return;
    header += 4 + 4u * s.u16(static_cast<std::uint16_t>(header + 2));
  }
  if (header > s.bytes) return;
  out.kind = payload_kind::rtp;
  out.marker = (s.at[1] & 0x80) != 0;
  out.padded = (s.at[0] & 0x20) != 0;
  out.payload_type = s.at[1] & 0x7f;
  out.sequence = s.u16(2);
  out.timestamp = s.u32(4);
  out.ssrc = s.u32(8);
  out.after_header = static_cast<std::uint16_t>(s.bytes - header);
  if (s.captured == s.bytes) out.last_byte = s.at[s.bytes - 1];
}

media_payload read_datagram(span_of_wire s) noexcept {
  media_payload out;
  span_of_wire inner{};
  if (is_stun(s)) {
    if (!relayed_data(s, inner)) {
      out.kind = payload_kind::stun;
      return out;
    }
    s = inner;
  } else if (s.captured >= 4 && s.at[0] >= 64 && s.at[0] <= 79 && s.u16(2) + 4 <= s.bytes &&
             s.u16(2) + 8 > s.bytes) {
    s = s.from(4, s.u16(2));  // TURN channel data, padded to 4 on TCP
  } else if (s.captured > 12 && s.u16(0) == 0xff10 && s.u16(2) + 4 == s.bytes) {
    s = s.from(12, static_cast<std::uint16_t>(s.bytes - 12));  // multiplexed TURN, [MS-TURN] 2.2.3
  }
  out.bytes = s.bytes;
  if (s.bytes < smallest_media || s.captured == 0) {
    out.kind = payload_kind::tiny;
  } else if (is_stun(s)) {
    out.kind = payload_kind::stun;
  } else if (is_dtls(s)) {
    out.kind = payload_kind::dtls;
  } else if (s.captured >= 8 && s.at[0] == 0x10 && s.u32(4) == 0x5a52'5450) {
    out.kind = payload_kind::zrtp;
  } else if ((s.at[0] & 0xc0) == 0x80) {
    if (is_rtcp(s))
      out.kind = payload_kind::rtcp;
    else
      read_rtp(s, out);
  }
  return out;
}

}  // namespace

media_payload read_media_payload(const packet_view& packet) noexcept {
  span_of_wire s{packet.payload(), packet.payload_captured, packet.payload_bytes};
  if (s.captured > s.bytes) s.captured = s.bytes;
  if (packet.protocol == proto_tcp && s.captured >= 2 && s.u16(0) + 2 == s.bytes) {
    s = s.from(2, static_cast<std::uint16_t>(s.bytes - 2));  // RFC 4571
  }
  return read_datagram(s);
}

}  // namespace callweir::classify

// What one datagram of a media flow carries: demultiplexing of STUN, DTLS, TURN channels, RTP and
// RTCP on one port (RFC 7983), and the RTP header (RFC 3550 5.1). Stateless; every length is
// checked.
#pragma once

#include <cstdint>

#include "base/packet_view.hpp"

namespace callweir::classify {

enum class payload_kind : std::uint8_t {
  opaque,  // none of the others: media of an unknown format, or anything
  rtp,     // has a well-formed RTP header; whether it is RTP only continuity tells
  rtcp,    // also SRTCP
  stun,
  dtls,
  zrtp,
  tiny  // no media fits in: empty, CRLF, NAT keep-alives
};

struct media_payload {
  payload_kind kind = payload_kind::opaque;
  bool marker = false;
  bool padded = false;            // RTP padding bit; means something only in the clear
  std::uint8_t payload_type = 0;  // RTP
  std::uint16_t sequence = 0;
  std::uint32_t timestamp = 0;
  std::uint32_t ssrc = 0;
  std::uint16_t bytes = 0;         // datagram without TURN and TCP framing
  std::uint16_t after_header = 0;  // RTP: bytes after header, CSRCs and extension, padding included
  std::uint8_t last_byte = 0;      // RTP: the count of padding; 0 where it was not captured
};

/// Looks through TURN channel data, TURN indications (RFC 8656) and RFC 4571 framing on TCP.
media_payload read_media_payload(const packet_view& packet) noexcept;

}  // namespace callweir::classify

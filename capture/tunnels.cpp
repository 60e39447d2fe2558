// The inside of GRE, IP in IP, VXLAN and GTP-U.
#include "capture/frame_walk.hpp"

namespace callweir::capture {

// `inside` decodes what the tunnel carries and says how far it came. Only a packet with a flow
// replaces the outer headers: a later fragment inside, whose first was not seen, counts for the
// tunnel.
template <class Inside>
void frame_walk::try_inside(tunnel_kind kind, std::uint32_t end, Inside inside) noexcept {
  if (depth_ == tunnels_max) return;
  const packet_view outer = packet_;
  const std::uint32_t readable_before = readable_, wire_before = wire_;
  if (end < readable_) readable_ = end;
  if (end < wire_) wire_ = end;
  ++depth_;
  packet_.source_port = packet_.destination_port = 0;
  const decode_status status = inside();
  --depth_;
  readable_ = readable_before;
  wire_ = wire_before;
  if (status == decode_status::ok) {
    packet_.tunnel = kind;  // the outermost is set last
  } else {
    packet_ = outer;
  }
}

// RFC 2003, RFC 4213, RFC 2473.
void frame_walk::ip_in_ip(const segment& data) noexcept {
  const bool inside6 = data.protocol == proto_ipv6;
  const bool outside4 = packet_.source.is_v4();
  try_inside(inside6 && outside4 ? tunnel_kind::six_in_four : tunnel_kind::ipip, data.end,
             [&] { return ip(data.at, inside6 ? 6 : 4); });
}

// RFC 2784, RFC 2890; version 1 is PPTP's (RFC 2637).
void frame_walk::gre(const segment& data) noexcept {
  if (data.end - data.at < 4 || !readable(data.at, 4)) return;
  const std::uint16_t flags = be16(data.at);
  constexpr std::uint16_t checksum = 0x8000, routing = 0x4000, key = 0x2000, sequence = 0x1000,
                          version = 0x0007;
  if ((flags & version) == 1) {
    pptp(data, flags);
    return;
  }
  if ((flags & (version | routing)) != 0) return;
  const std::uint32_t header =
      4u + ((flags & checksum) ? 4 : 0) + ((flags & key) ? 4 : 0) + ((flags & sequence) ? 4 : 0);
  if (data.end - data.at < header) return;
  const std::uint16_t type = be16(data.at + 2);
  try_inside(tunnel_kind::gre, data.end,
             [&] { return gre_inside(type, (flags & sequence) != 0, data.at + header); });
}

decode_status frame_walk::gre_inside(std::uint16_t type, bool sequenced,
                                     std::uint32_t at) noexcept {
  switch (type) {
    case ether_ipv4:
      return ip(at, 4);
    case ether_ipv6:
      return ip(at, 6);
    case ether_bridging:
      return ethernet(at);
    case ether_mpls:
    case ether_mpls_upstream:
      return mpls(at);
    case ether_erspan:  // type I has no header, type II one of 8 bytes and always a sequence number
      return ethernet(sequenced ? at + 8 : at);
    case ether_erspan3:  // 12 bytes, and 8 more if the last bit says so
      if (!readable(at, 12)) return decode_status::truncated;
      return ethernet((byte(at + 11) & 1) != 0 ? at + 20 : at + 12);
    default:
      return decode_status::not_ip;
  }
}

void frame_walk::pptp(const segment& data, std::uint16_t flags) noexcept {
  constexpr std::uint16_t key = 0x2000, sequence = 0x1000, acknowledgement = 0x0080;
  if ((flags & key) == 0 || data.end - data.at < 8 || !readable(data.at, 8)) return;
  if (be16(data.at + 2) != ether_ppp) return;
  const std::uint32_t payload = be16(data.at + 4);
  const std::uint32_t header =
      8u + ((flags & sequence) ? 4 : 0) + ((flags & acknowledgement) ? 4 : 0);
  if (payload == 0 || data.end - data.at < header) return;
  try_inside(tunnel_kind::gre, data.end, [&] { return ppp(data.at + header); });
}

// RFC 7348: the I flag, a network identifier, an Ethernet frame.
void frame_walk::vxlan(std::uint32_t at, std::uint32_t end) noexcept {
  constexpr std::uint8_t identifier_valid = 0x08;
  if (end - at < 8 || !readable(at, 8) || (byte(at) & identifier_valid) == 0) return;
  try_inside(tunnel_kind::vxlan, end, [&] { return ethernet(at + 8); });
}

// 3GPP TS 29.281 5.1 and 5.2: a T-PDU, optional fields, extension headers (at most 8 read).
void frame_walk::gtp_u(std::uint32_t at, std::uint32_t end) noexcept {
  constexpr std::uint8_t version_mask = 0xf0, version1_user = 0x30, optional_fields = 0x07,
                         extensions = 0x04, message_t_pdu = 255;
  if (end - at < 8 || !readable(at, 8)) return;
  const std::uint8_t flags = byte(at);
  if ((flags & version_mask) != version1_user || byte(at + 1) != message_t_pdu) return;
  const std::uint32_t length = be16(at + 2);
  if (!first_fragment_ && length > end - at - 8) return;
  if (length < end - at - 8) end = at + 8 + length;
  at += 8;
  if ((flags & optional_fields) != 0) {
    if (end - at < 4 || !readable(at, 4)) return;
    std::uint8_t next = (flags & extensions) != 0 ? byte(at + 3) : 0;
    at += 4;
    for (unsigned headers = 0; next != 0; ++headers) {
      if (headers == gtp_extensions_max || end - at < 4 || !readable(at, 4)) return;
      const std::uint32_t bytes = byte(at) * 4u;
      if (bytes == 0 || end - at < bytes || !readable(at, bytes)) return;
      next = byte(at + bytes - 1);
      at += bytes;
    }
  }
  try_inside(tunnel_kind::gtp_u, end, [&] { return ip(at, 0); });
}

// RFC 5415 4.3: preamble 0 (no DTLS), then in 24 bits header length in words, radio, binding, and
// the flags; a whole frame only (F clear), IEEE 802.11 (T set, binding 1) or 802.3.
void frame_walk::capwap(std::uint32_t at, std::uint32_t end) noexcept {
  if (end - at < 8 || !readable(at, 8) || byte(at) != 0) return;
  const std::uint32_t fields = be32(at);
  const std::uint32_t header = (fields >> 19 & 0x1f) * 4;
  constexpr std::uint32_t native = 0x100, fragmented = 0x080;
  if (header < 8 || end - at < header || (fields & fragmented) != 0) return;
  const bool wireless = (fields & native) != 0;
  if (wireless && (fields >> 9 & 0x1f) != 1) return;
  try_inside(tunnel_kind::capwap, end,
             [&] { return wireless ? ieee80211(at + header) : ethernet(at + header); });
}

}  // namespace callweir::capture

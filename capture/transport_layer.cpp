// What follows the IP header: ports where there are any, and the payload's place.
#include "capture/frame_walk.hpp"

namespace callweir::capture {

// `data.at` is readable (a header ended there) or the end of the captured bytes.
void frame_walk::set_payload(const segment& data, std::uint32_t at) noexcept {
  const std::uint32_t start = at < readable_ ? at : readable_;
  const std::uint32_t there = data.end > at ? data.end - at : 0;
  const std::uint32_t seen = readable_ - start;
  packet_.payload_offset = static_cast<std::uint16_t>(start);
  packet_.payload_bytes = static_cast<std::uint16_t>(there);
  packet_.payload_captured = static_cast<std::uint16_t>(there < seen ? there : seen);
}

decode_status frame_walk::transport(const segment& data) noexcept {
  packet_.protocol = data.protocol;
  packet_.l4_offset = static_cast<std::uint16_t>(data.at);
  switch (data.protocol) {
    case proto_udp:
      return udp(data);
    case proto_tcp:
      return tcp(data);
    case proto_sctp:
      return with_ports(data, 12);
    case 33:
      return with_ports(data, 12);  // DCCP
    case 136:
      return with_ports(data, 8);  // UDP-Lite
    case proto_ah: {               // IPv4; in IPv6 it was an extension header
      if (data.end - data.at < 12) return decode_status::malformed;
      if (!readable(data.at, 12)) return decode_status::truncated;
      const std::uint32_t bytes = (byte(data.at + 1) + 2u) * 4;
      if (data.end - data.at < bytes) return decode_status::malformed;
      if (!readable(data.at, bytes)) return decode_status::truncated;
      const segment inside{byte(data.at), data.at + bytes, data.end};
      if (inside.protocol == proto_ah) return decode_status::too_deep;
      return transport(inside);
    }
    default:
      break;
  }
  set_payload(data, data.at);
  switch (data.protocol) {
    case proto_gre:
      gre(data);
      break;
    case proto_ipip:
    case proto_ipv6:
      ip_in_ip(data);
      break;
    default:
      break;
  }
  return decode_status::ok;
}

decode_status frame_walk::with_ports(const segment& data, std::uint32_t header) noexcept {
  if (data.end - data.at < header) return decode_status::malformed;
  if (!readable(data.at, header)) return decode_status::truncated;
  packet_.source_port = be16(data.at);
  packet_.destination_port = be16(data.at + 2);
  set_payload(data, data.at + header);
  return decode_status::ok;
}

// RFC 9293. Options may lie beyond the captured bytes: the ports do not, and the packet has its
// flow.
decode_status frame_walk::tcp(const segment& data) noexcept {
  const decode_status status = with_ports(data, 20);
  if (status != decode_status::ok) return status;
  const std::uint32_t header = (byte(data.at + 12) >> 4) * 4u;
  if (header < 20 || header > data.end - data.at) return decode_status::malformed;
  packet_.tcp_sequence = be32(data.at + 4);
  packet_.tcp_flags = byte(data.at + 13);
  set_payload(data, data.at + header);
  return decode_status::ok;
}

// RFC 768. A length of 0 (offloaded segmentation), or beyond the packet, is clamped to the packet.
decode_status frame_walk::udp(const segment& data) noexcept {
  const decode_status status = with_ports(data, 8);
  if (status != decode_status::ok) return status;
  const std::uint32_t claimed = be16(data.at + 4);
  if (claimed != 0 && claimed < 8) return decode_status::malformed;
  segment datagram = data;
  if (claimed != 0 && claimed < data.end - data.at) datagram.end = data.at + claimed;
  set_payload(datagram, data.at + 8);
  if (packet_.destination_port == port_vxlan) {
    vxlan(data.at + 8, datagram.end);
  } else if (packet_.destination_port == port_gtp_u) {
    gtp_u(data.at + 8, datagram.end);
  } else if (may_be_tunnel(packet_.source_port, packet_.destination_port)) {
    capwap(data.at + 8, datagram.end);
  }
  return decode_status::ok;
}

}  // namespace callweir::capture

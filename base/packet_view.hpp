// What decoding says of one frame. The plain struct that crosses from `capture` to `classify` and
// `shaper`.
#pragma once

#include <cstdint>

#include "base/ip_address.hpp"
#include "base/units.hpp"

namespace callweir {

/// Outermost tunnel whose inside was read. Teredo is recognised and stays outer.
enum class tunnel_kind : std::uint8_t { none, gre, ipip, six_in_four, vxlan, gtp_u, capwap };
/// "gre", "6in4", …; nullptr for none.
const char* tunnel_name(tunnel_kind kind);

/// Why a frame has no flow. `ok` has one.
enum class decode_status : std::uint8_t {
  ok,
  not_ip,          // ARP, STP, LACP, LLDP, EAPOL, PAUSE, unknown ethertypes
  truncated,       // a header ends beyond the captured bytes
  malformed,       // a header contradicts itself
  too_deep,        // more tags, labels, extension headers or tunnels than the decoder reads
  orphan_fragment  // a later IP fragment whose first was not seen
};
constexpr int decode_status_count = 6;
const char* decode_status_name(decode_status status);

/// IP protocol numbers that are spoken of by name.
enum ip_protocol : std::uint8_t {
  proto_icmp = 1,
  proto_igmp = 2,
  proto_ipip = 4,
  proto_tcp = 6,
  proto_udp = 17,
  proto_ipv6 = 41,
  proto_gre = 47,
  proto_esp = 50,
  proto_ah = 51,
  proto_icmpv6 = 58,
  proto_ospf = 89,
  proto_sctp = 132
};
/// "udp", "tcp", "icmp", …, or the number as text. Lower case, as in the records.
const char* ip_protocol_name(std::uint8_t protocol);

/// A view into a frame that somebody else holds; valid while the burst is. Ports are 0 where there
/// are none. Offsets count from `frame`. All fields are set by `capture::decode` except the first
/// five.
struct packet_view {
  const std::uint8_t* frame = nullptr;
  std::uint32_t captured = 0;  // bytes readable at `frame`
  std::uint32_t wire = 0;      // bytes the frame had on the wire, >= captured
  time_point time;
  void* handle = nullptr;  // the owner's frame (an rte_mbuf), opaque to all but `capture`

  ip_address source;  // of the innermost header that could be read
  ip_address destination;
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  std::uint8_t protocol = 0;  // ip_protocol
  decode_status status = decode_status::not_ip;
  tunnel_kind tunnel = tunnel_kind::none;
  std::uint8_t vlan_count = 0;         // tags read, at most 2 are kept
  std::uint16_t vlan[2] = {0, 0};      // 12-bit ids, outermost first
  std::uint16_t l3_offset = 0;         // innermost IP header
  std::uint16_t l4_offset = 0;         // header after it
  std::uint16_t payload_offset = 0;    // first byte after the transport header
  std::uint16_t payload_captured = 0;  // transport payload bytes readable
  std::uint16_t payload_bytes = 0;     // transport payload bytes on the wire, by the headers
  std::uint16_t l3_bytes = 0;   // length of the outermost IP packet: what counters and rates count
  std::uint8_t tcp_flags = 0;   // FIN 1, SYN 2, RST 4, PSH 8, ACK 16
  bool fragment = false;        // any part of a fragmented packet
  bool later_fragment = false;  // offset > 0: ports are the first fragment's, payload is no header
  side from = side::inside;     // the port it came in by (captures: whether source is inside)
  std::uint16_t link = 0;       // index of the configured link
  std::uint32_t tcp_sequence = 0;

  const std::uint8_t* payload() const { return frame + payload_offset; }
};

}  // namespace callweir

#include "base/packet_view.hpp"

#include <array>

namespace callweir {

const char* tunnel_name(tunnel_kind kind) {
  switch (kind) {
    case tunnel_kind::none:
      return nullptr;
    case tunnel_kind::gre:
      return "gre";
    case tunnel_kind::ipip:
      return "ipip";
    case tunnel_kind::six_in_four:
      return "6in4";
    case tunnel_kind::vxlan:
      return "vxlan";
    case tunnel_kind::gtp_u:
      return "gtp-u";
    case tunnel_kind::capwap:
      return "capwap";
  }
  return nullptr;
}

const char* decode_status_name(decode_status status) {
  switch (status) {
    case decode_status::ok:
      return "ok";
    case decode_status::not_ip:
      return "not_ip";
    case decode_status::truncated:
      return "truncated";
    case decode_status::malformed:
      return "malformed";
    case decode_status::too_deep:
      return "too_deep";
    case decode_status::orphan_fragment:
      return "orphan_fragment";
  }
  return "unknown";
}

const char* ip_protocol_name(std::uint8_t protocol) {
  switch (protocol) {
    case proto_icmp:
      return "icmp";
    case proto_igmp:
      return "igmp";
    case proto_ipip:
      return "ipip";
    case proto_tcp:
      return "tcp";
    case proto_udp:
      return "udp";
    case proto_ipv6:
      return "ipv6";
    case proto_gre:
      return "gre";
    case proto_esp:
      return "esp";
    case proto_ah:
      return "ah";
    case proto_icmpv6:
      return "icmpv6";
    case proto_ospf:
      return "ospf";
    case proto_sctp:
      return "sctp";
    default:
      break;
  }
  // The number itself: a table of texts made once, since the caller gets a pointer that must
  // outlive the call.
  static const auto numbers = [] {
    std::array<std::array<char, 4>, 256> texts{};
    for (int n = 0; n < 256; ++n) {
      char* text = texts[static_cast<std::size_t>(n)].data();
      if (n >= 100) *text++ = static_cast<char>('0' + n / 100);
      if (n >= 10) *text++ = static_cast<char>('0' + n / 10 % 10);
      *text = static_cast<char>('0' + n % 10);
    }
    return texts;
  }();
  return numbers[protocol].data();
}

}  // namespace callweir

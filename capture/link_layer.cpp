// Ethernet with its tags, LLC/SNAP, MPLS, PPPoE, PPP.
#include "capture/frame_walk.hpp"

namespace callweir::capture {

frame_walk::frame_walk(packet_view& packet, fragment_cache& fragments) noexcept
    : packet_(packet), fragments_(fragments) {
  readable_ = packet.captured < readable_max ? packet.captured : readable_max;
  wire_ = packet.wire > packet.captured ? packet.wire : packet.captured;
  packet_view fresh;
  fresh.frame = packet.frame;
  fresh.captured = packet.captured;
  fresh.wire = packet.wire;
  fresh.time = packet.time;
  fresh.handle = packet.handle;
  fresh.from = packet.from;
  fresh.link = packet.link;
  packet = fresh;
}

decode_status frame_walk::ethernet(std::uint32_t at) noexcept {
  if (!readable(at, 14)) return decode_status::truncated;
  return ether_payload(be16(at + 12), at + 14);
}

decode_status frame_walk::ether_payload(std::uint16_t type, std::uint32_t at) noexcept {
  for (unsigned tags = 0; is_vlan_tag(type); ++tags) {
    if (tags == vlan_tags_max) return decode_status::too_deep;
    if (!readable(at, 4)) return decode_status::truncated;
    if (packet_.vlan_count < 2) packet_.vlan[packet_.vlan_count++] = be16(at) & 0x0fff;
    type = be16(at + 2);
    at += 4;
  }
  switch (type) {
    case ether_ipv4:
      return ip(at, 4);
    case ether_ipv6:
      return ip(at, 6);
    case ether_mpls:
    case ether_mpls_upstream:
      return mpls(at);
    case ether_pppoe_session:
      return pppoe(at);
    default:
      return type <= 1500 ? llc(at) : decode_status::not_ip;
  }
}

// IEEE 802.2 with SNAP (RFC 1042): AA AA 03, organisation 0, EtherType.
decode_status frame_walk::llc(std::uint32_t at) noexcept {
  if (!readable(at, 8)) return decode_status::not_ip;
  if (be32(at) != 0xaaaa'0300 || byte(at + 4) != 0) return decode_status::not_ip;
  switch (be16(at + 6)) {
    case ether_ipv4:
      return ip(at + 8, 4);
    case ether_ipv6:
      return ip(at + 8, 6);
    default:
      return decode_status::not_ip;
  }
}

// RFC 3032. What follows the bottom of the stack is told by its first nibble (RFC 4385): 4 and 6
// are IP, 0 may be the control word of a pseudowire, but a MAC address may begin with any of them.
// So what is no IP is tried as Ethernet first, then as Ethernet after a control word: the other
// order would take a VLAN tag's four bytes for the control word's.
decode_status frame_walk::mpls(std::uint32_t at) noexcept {
  for (unsigned labels = 0;; ++labels) {
    if (labels == mpls_labels_max) return decode_status::too_deep;
    if (!readable(at, 4)) return decode_status::truncated;
    const bool bottom = (byte(at + 2) & 1) != 0;
    at += 4;
    if (bottom) break;
  }
  if (!readable(at, 1)) return decode_status::truncated;
  const unsigned nibble = byte(at) >> 4;
  const packet_view before = packet_;
  if (nibble == 4 || nibble == 6) {
    const decode_status status = ip(at, nibble);
    if (status != decode_status::malformed) return status;
    packet_ = before;
  }
  if (bridges_ != 0) return decode_status::not_ip;
  ++bridges_;
  const decode_status status = ethernet(at);
  if (status == decode_status::ok || nibble != 0) return status;
  packet_ = before;
  return ethernet(at + 4);
}

// RFC 2516, session stage.
decode_status frame_walk::pppoe(std::uint32_t at) noexcept {
  if (!readable(at, 6)) return decode_status::truncated;
  if (byte(at) != 0x11 || byte(at + 1) != 0) return decode_status::not_ip;
  return ppp(at + 6);
}

// RFC 1661 and 1662: address and control may be there (FF 03), the protocol may be compressed to
// one odd byte.
decode_status frame_walk::ppp(std::uint32_t at) noexcept {
  if (readable(at, 2) && be16(at) == 0xff03) at += 2;
  if (!readable(at, 1)) return decode_status::truncated;
  std::uint16_t protocol = byte(at);
  if ((protocol & 1) != 0) {
    at += 1;
  } else {
    if (!readable(at, 2)) return decode_status::truncated;
    protocol = be16(at);
    at += 2;
  }
  switch (protocol) {
    case 0x0021:
      return ip(at, 4);
    case 0x0057:
      return ip(at, 6);
    case 0x0281:
      return mpls(at);
    default:
      return decode_status::not_ip;
  }
}

}  // namespace callweir::capture

// The link types of captures other than Ethernet (LINKTYPE_ registry of tcpdump.org).
#include <utility>

#include "base/capture_file.hpp"
#include "capture/frame_walk.hpp"

namespace callweir::capture {

decode_status frame_walk::link(std::uint16_t link_type) noexcept {
  switch (link_type) {
    case link_ethernet:
      return ethernet(0);
    case link_raw:
    case link_raw_bsd:
    case link_raw_openbsd:
      return ip(0, 0);
    case link_ipv4:
      return ip(0, 4);
    case link_ipv6:
      return ip(0, 6);
    case link_null:
      return loopback(false);
    case link_loop:
      return loopback(true);
    case link_ppp:
      return ppp(0);
    default:
      return after_header_of(link_type);
  }
}

decode_status frame_walk::after_header_of(std::uint16_t link_type) noexcept {
  switch (link_type) {
    case link_linux_sll:  // 16 bytes, the protocol last
      return readable(0, 16) ? ether_payload(be16(14), 16) : decode_status::truncated;
    case link_linux_sll2:  // 20 bytes, the protocol first
      return readable(0, 20) ? ether_payload(be16(0), 20) : decode_status::truncated;
    case link_c_hdlc:  // address, control, EtherType
      return readable(0, 4) ? ether_payload(be16(2), 4) : decode_status::truncated;
    case link_ieee80211:
      return ieee80211(0);
    case link_radiotap: {  // version 0, length little endian at 2
      if (!readable(0, 4)) return decode_status::truncated;
      const std::uint32_t header = load_le16(packet_.frame + 2);
      return byte(0) == 0 && header >= 8 ? ieee80211(header) : decode_status::malformed;
    }
    case link_ppi: {  // version 0, length at 2, link type of what follows at 4
      if (!readable(0, 8)) return decode_status::truncated;
      const std::uint32_t header = load_le16(packet_.frame + 2);
      if (byte(0) != 0 || header < 8) return decode_status::malformed;
      switch (load_le32(packet_.frame + 4)) {
        case link_ethernet:
          return ethernet(header);
        case link_ieee80211:
          return ieee80211(header);
        default:
          return decode_status::not_ip;
      }
    }
    default:
      return decode_status::not_ip;
  }
}

// BSD's address family in the order of the host that captured (LINKTYPE_LOOP: network order). IPv6
// has a number for each system; the version nibble decides among them.
decode_status frame_walk::loopback(bool network_order) noexcept {
  if (!readable(0, 4)) return decode_status::truncated;
  std::uint32_t family = network_order ? be32(0) : load_le32(packet_.frame);
  if (family > 0xffff) family = __builtin_bswap32(family);
  switch (family) {
    case 2:
      return ip(4, 4);
    case 10:
    case 24:
    case 28:
    case 30:
      return ip(4, 6);
    default:
      return decode_status::not_ip;
  }
}

// IEEE 802.11 data frames in clear, one MSDU each: frame control, addresses, then LLC/SNAP.
decode_status frame_walk::ieee80211(std::uint32_t at) noexcept {
  if (!readable(at, 24)) return decode_status::truncated;
  std::uint8_t control = byte(at);
  std::uint8_t flags = byte(at + 1);
  constexpr std::uint8_t type_mask = 0x0c, type_data = 0x08, subtype_no_data = 0x40,
                         subtype_qos = 0x80;
  constexpr std::uint8_t to_ds = 0x01, from_ds = 0x02, encrypted = 0x40, ordered = 0x80;
  // Some wireless controllers send the two bytes of frame control in the other order inside CAPWAP.
  constexpr std::uint8_t version_and_type = 0x0f;
  if (depth_ != 0 && (control & version_and_type) != type_data &&
      (flags & version_and_type) == type_data) {
    std::swap(control, flags);
  }
  if ((control & type_mask) != type_data || (control & subtype_no_data) != 0 ||
      (flags & encrypted) != 0) {
    return decode_status::not_ip;
  }
  std::uint32_t header = 24;
  if ((flags & (to_ds | from_ds)) == (to_ds | from_ds)) header += 6;  // a fourth address
  if ((control & subtype_qos) != 0) {
    if (!readable(at + header, 2)) return decode_status::truncated;
    constexpr std::uint8_t aggregated = 0x80;
    if ((byte(at + header) & aggregated) != 0) return decode_status::not_ip;
    header += (flags & ordered) != 0 ? 6 : 2;
  }
  return llc(at + header);
}

}  // namespace callweir::capture

// Reading network order out of bytes, and the numbers that link and network headers use.
#pragma once

#include <cstdint>
#include <cstring>

namespace callweir::capture {

inline std::uint16_t load_be16(const std::uint8_t* at) noexcept {
  std::uint16_t value;
  std::memcpy(&value, at, 2);
  return __builtin_bswap16(value);
}
inline std::uint32_t load_be32(const std::uint8_t* at) noexcept {
  std::uint32_t value;
  std::memcpy(&value, at, 4);
  return __builtin_bswap32(value);
}
/// In memory order: for masks over several fields at once.
inline std::uint64_t load_64(const std::uint8_t* at) noexcept {
  std::uint64_t value;
  std::memcpy(&value, at, 8);
  return value;
}
inline std::uint32_t load_le32(const std::uint8_t* at) noexcept {
  std::uint32_t value;
  std::memcpy(&value, at, 4);
  return value;
}
inline std::uint16_t load_le16(const std::uint8_t* at) noexcept {
  std::uint16_t value;
  std::memcpy(&value, at, 2);
  return value;
}
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "x86-64 only");

// EtherTypes (IEEE 802 numbers registry).
enum ether_type : std::uint16_t {
  ether_ipv4 = 0x0800,
  ether_vlan = 0x8100,
  ether_ipv6 = 0x86dd,
  ether_mpls = 0x8847,
  ether_mpls_upstream = 0x8848,
  ether_pppoe_session = 0x8864,
  ether_qinq = 0x88a8,
  ether_qinq_old = 0x9100,
  ether_bridging = 0x6558,
  ether_ppp = 0x880b,
  ether_erspan = 0x88be,
  ether_erspan3 = 0x22eb
};
constexpr bool is_vlan_tag(std::uint16_t type) {
  return type == ether_vlan || type == ether_qinq || type == ether_qinq_old;
}

// UDP ports behind which a tunnel may be: RFC 7348, 3GPP TS 29.281, RFC 5415. The first two are
// always destinations; CAPWAP's is the controller's in both directions.
constexpr std::uint16_t port_vxlan = 4789;
constexpr std::uint16_t port_gtp_u = 2152;
constexpr std::uint16_t port_capwap_data = 5247;
constexpr bool may_be_tunnel(std::uint16_t source_port, std::uint16_t destination_port) {
  return destination_port == port_vxlan || destination_port == port_gtp_u ||
         destination_port == port_capwap_data || source_port == port_capwap_data;
}

// Bounds of the decoder.
constexpr unsigned vlan_tags_max = 3;
constexpr unsigned mpls_labels_max = 8;
constexpr unsigned ipv6_extensions_max = 8;
constexpr unsigned gtp_extensions_max = 8;
constexpr unsigned tunnels_max = 3;
/// Offsets in packet_view are 16 bits wide: what lies further into a frame is not read.
constexpr std::uint32_t readable_max = 0xffff;

}  // namespace callweir::capture

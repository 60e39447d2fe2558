// What makes two packets belong together: the 5-tuple in an order that both directions agree on,
// with VLANs, tunnel and link. Built in registers: a struct filled byte by byte would cost more
// than the hash.
#pragma once

#include <cstdint>

#include "base/keyed_hash.hpp"
#include "base/packet_view.hpp"

namespace callweir::classify {

/// IPv4: `addresses[0]` holds both addresses, the lower end first. IPv6: a 128-bit keyed
/// fingerprint of both (the lower one lies with the flow's cold data, the other follows from both).
struct flow_key {
  std::uint64_t addresses[2];
  std::uint64_t
      ports;  // lower end's port 16, other port 16, outer VLAN 12, inner VLAN 12, protocol 8
  std::uint32_t context;  // link 12, tunnel 3, VLAN count 2, IPv6 1

  static constexpr std::uint32_t context_mask = (1u << 18) - 1;
  static constexpr std::uint32_t v6_bit = 1u << 17;

  friend constexpr bool operator==(const flow_key&, const flow_key&) = default;
};

struct keyed_flow {
  flow_key key;
  bool swapped;  // the packet's source is the higher end
};

inline constexpr std::uint32_t links_max = 4096;

/// `packet.status` must be ok.
inline keyed_flow make_flow_key(const packet_view& packet, const keyed_hash& hash) noexcept {
  keyed_flow made;
  const ip_address& a = packet.source;
  const ip_address& b = packet.destination;
  const std::uint64_t tags =
      packet.vlan_count == 0
          ? 0
          : std::uint64_t{packet.vlan[0] & 0xfffu} << 20 |
                (packet.vlan_count > 1 ? std::uint64_t{packet.vlan[1] & 0xfffu} << 8 : 0);
  const std::uint32_t tag_count = packet.vlan_count > 2 ? 2u : packet.vlan_count;
  std::uint32_t context = (packet.link & (links_max - 1)) |
                          static_cast<std::uint32_t>(packet.tunnel) << 12 | tag_count << 15;
  std::uint64_t ports;
  if (a.is_v4() && b.is_v4()) {
    const std::uint64_t from = a.low << 16 | packet.source_port;
    const std::uint64_t to = b.low << 16 | packet.destination_port;
    made.swapped = from > to;
    const std::uint64_t lower = made.swapped ? to : from;
    const std::uint64_t upper = made.swapped ? from : to;
    made.key.addresses[0] = (lower >> 16) << 32 | (upper >> 16 & 0xffff'ffff);
    made.key.addresses[1] = 0;
    ports = (lower & 0xffff) << 16 | (upper & 0xffff);
  } else {
    made.swapped = a > b || (a == b && packet.source_port > packet.destination_port);
    const ip_address& lower = made.swapped ? b : a;
    const ip_address& upper = made.swapped ? a : b;
    const hash128 print = hash.wide(lower.high, lower.low, upper.high, upper.low);
    made.key.addresses[0] = print.low;
    made.key.addresses[1] = print.high;
    ports = made.swapped ? std::uint64_t{packet.destination_port} << 16 | packet.source_port
                         : std::uint64_t{packet.source_port} << 16 | packet.destination_port;
    context |= flow_key::v6_bit;
  }
  made.key.ports = ports << 32 | tags | packet.protocol;
  made.key.context = context;
  return made;
}

inline std::uint64_t bucket_hash(const flow_key& key, const keyed_hash& hash) noexcept {
  return hash.bucket(key.addresses[0], key.addresses[1], key.ports, key.context);
}

}  // namespace callweir::classify

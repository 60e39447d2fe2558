#include "capture/decode.hpp"

#include "base/capture_file.hpp"
#include "capture/frame_walk.hpp"
#include "capture/wire.hpp"

namespace callweir::capture {
namespace {

// In memory order (little endian): what a 16-bit field in network order reads as.
constexpr std::uint16_t swapped(std::uint16_t value) {
  return static_cast<std::uint16_t>(value << 8 | value >> 8);
}

/// UDP or TCP at `l4`, which ends the plain packet at `end`, all of it captured. Sets all transport
/// fields.
[[gnu::always_inline]] inline bool plain_transport(packet_view& packet, std::uint8_t protocol,
                                                   std::uint32_t l4, std::uint32_t end) noexcept {
  const std::uint8_t* const at = packet.frame + l4;
  if (protocol == proto_udp) {
    if (end - l4 < 8) return false;
    const std::uint64_t header = load_64(at);
    const auto source_port = __builtin_bswap16(static_cast<std::uint16_t>(header));
    const auto destination_port = __builtin_bswap16(static_cast<std::uint16_t>(header >> 16));
    if (may_be_tunnel(source_port, destination_port)) [[unlikely]]
      return false;
    const std::uint32_t claimed = __builtin_bswap16(static_cast<std::uint16_t>(header >> 32));
    if (claimed < 8 || claimed > end - l4) return false;
    packet.source_port = source_port;
    packet.destination_port = destination_port;
    packet.payload_offset = static_cast<std::uint16_t>(l4 + 8);
    packet.payload_captured = packet.payload_bytes = static_cast<std::uint16_t>(claimed - 8);
    packet.tcp_flags = 0;
    packet.tcp_sequence = 0;
  } else if (protocol == proto_tcp) {
    if (end - l4 < 20) return false;
    const std::uint32_t header = (at[12] >> 4) * 4u;
    if (header < 20 || header > end - l4) return false;
    packet.source_port = load_be16(at);
    packet.destination_port = load_be16(at + 2);
    packet.payload_offset = static_cast<std::uint16_t>(l4 + header);
    packet.payload_captured = packet.payload_bytes = static_cast<std::uint16_t>(end - l4 - header);
    packet.tcp_flags = at[13];
    packet.tcp_sequence = load_be32(at + 4);
  } else {
    return false;
  }
  packet.protocol = protocol;
  packet.status = decode_status::ok;
  packet.tunnel = tunnel_kind::none;
  packet.l4_offset = static_cast<std::uint16_t>(l4);
  packet.fragment = packet.later_fragment = false;
  return true;
}

/// The packets that nearly all traffic consists of: at most one 802.1Q tag, IPv4 without options or
/// IPv6 without extension headers, no fragment, UDP or TCP, no port of a tunnel, captured whole.
/// False, with nothing promised about `packet`, for everything else.
[[gnu::always_inline]] inline bool decode_plain(packet_view& packet) noexcept {
  const std::uint8_t* const frame = packet.frame;
  // 54: Ethernet, tag, IPv4, 16 bytes; shorter frames go the careful way.
  if (packet.captured < 54 || packet.captured > readable_max) [[unlikely]]
    return false;
  std::uint32_t l3 = 14;
  std::uint16_t type;
  std::memcpy(&type, frame + 12, 2);
  packet.vlan_count = 0;
  packet.vlan[0] = packet.vlan[1] = 0;
  if (type == swapped(ether_vlan)) {
    packet.vlan_count = 1;
    packet.vlan[0] = load_be16(frame + 14) & 0x0fff;
    std::memcpy(&type, frame + 16, 2);
    l3 = 18;
  }
  const std::uint8_t* const ip = frame + l3;
  packet.l3_offset = static_cast<std::uint16_t>(l3);
  if (type == swapped(ether_ipv4)) [[likely]] {
    // Version and header length 0x45; more-fragments flag and offset 0.
    const std::uint64_t first = load_64(ip);
    if ((first & 0xff3f'0000'0000'00ffULL) != 0x45) [[unlikely]]
      return false;
    const std::uint32_t length = __builtin_bswap16(static_cast<std::uint16_t>(first >> 16));
    if (length < 20 || length > packet.captured - l3) [[unlikely]]
      return false;
    const std::uint64_t addresses = load_64(ip + 12);
    packet.source = ip_address::v4(__builtin_bswap32(static_cast<std::uint32_t>(addresses)));
    packet.destination =
        ip_address::v4(__builtin_bswap32(static_cast<std::uint32_t>(addresses >> 32)));
    packet.l3_bytes = static_cast<std::uint16_t>(length);
    return plain_transport(packet, ip[9], l3 + 20, l3 + length);
  }
  if (type == swapped(ether_ipv6)) {
    if (packet.captured < l3 + 40) [[unlikely]]
      return false;
    if (ip[0] >> 4 != 6) [[unlikely]]
      return false;
    const std::uint32_t payload = load_be16(ip + 4);
    if (payload > packet.captured - l3 - 40 || payload > 0xffff - 40) [[unlikely]]
      return false;
    packet.source = ip_address::v6(ip + 8);
    packet.destination = ip_address::v6(ip + 24);
    packet.l3_bytes = static_cast<std::uint16_t>(40 + payload);
    return plain_transport(packet, ip[6], l3 + 40, l3 + 40 + payload);
  }
  return false;
}

}  // namespace

decoder::decoder(std::span<const ip_prefix> inside_networks, std::array<std::uint64_t, 2> seed)
    : fragments_(seed), inside_networks_(inside_networks.begin(), inside_networks.end()) {}

void decoder::set_side(packet_view& packet) const noexcept {
  packet.from = side::outside;
  for (const ip_prefix& network : inside_networks_) {
    if (network.contains(packet.source)) {
      packet.from = side::inside;
      return;
    }
  }
}

[[gnu::cold, gnu::noinline]] void decoder::decode_cold(packet_view& packet,
                                                       std::uint16_t link_type) noexcept {
  frame_walk walk(packet, fragments_);
  packet.status = walk.link(link_type);
}

void decoder::decode(packet_view& packet) noexcept {
  if (!decode_plain(packet)) [[unlikely]]
    decode_cold(packet, link_ethernet);
  if (!inside_networks_.empty()) set_side(packet);
}

void decoder::decode_frame(packet_view& packet, std::uint16_t link_type) noexcept {
  if (link_type == link_ethernet) {
    decode(packet);
    return;
  }
  decode_cold(packet, link_type);
  if (!inside_networks_.empty()) set_side(packet);
}

void decoder::decode_ip(packet_view& packet, std::uint16_t offset) noexcept {
  frame_walk walk(packet, fragments_);
  packet.status = walk.ip(offset, 0);
  if (!inside_networks_.empty()) set_side(packet);
}

void decoder::decode_burst(std::span<packet_view> packets) noexcept {
  constexpr std::size_t ahead = 4;
  const std::size_t count = packets.size();
  for (std::size_t i = 0; i < count && i < ahead; ++i) __builtin_prefetch(packets[i].frame);
  for (std::size_t i = 0; i < count; ++i) {
    if (i + ahead < count) __builtin_prefetch(packets[i + ahead].frame);
    decode(packets[i]);
  }
}

}  // namespace callweir::capture

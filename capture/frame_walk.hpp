// The general decoder: walks one frame header by header. Everything that is not a plain packet
// takes this way.
#pragma once

#include <cstdint>

#include "base/packet_view.hpp"
#include "capture/fragment_cache.hpp"
#include "capture/wire.hpp"

namespace callweir::capture {

/// Lives for one frame. Offsets count from the frame's start. Every step checks what it reads
/// against the captured bytes (`truncated`) and against what the headers before it promised
/// (`malformed`). Split by layer: link_layer.cpp, link_types.cpp, ip_layer.cpp,
/// transport_layer.cpp, tunnels.cpp.
class frame_walk {
 public:
  /// Resets all that decoding sets in `packet`.
  frame_walk(packet_view& packet, fragment_cache& fragments) noexcept;

  // Link layer. Each returns why it stopped; `ok` when the packet has a flow.
  decode_status link(std::uint16_t link_type) noexcept;
  decode_status ethernet(std::uint32_t at) noexcept;
  /// From the EtherType on: `at` is the first byte after it.
  decode_status ether_payload(std::uint16_t type, std::uint32_t at) noexcept;

  /// `version`: 4, 6, or 0 for what the version nibble says.
  decode_status ip(std::uint32_t at, unsigned version) noexcept;

 private:
  /// An IP packet's payload.
  struct segment {
    std::uint8_t protocol;
    std::uint32_t at;   // first byte
    std::uint32_t end;  // one past the last, by the headers
  };
  struct ipv6_chain;

  bool readable(std::uint32_t at, std::uint32_t bytes) const noexcept {
    return at <= readable_ && readable_ - at >= bytes;
  }
  std::uint8_t byte(std::uint32_t at) const noexcept { return packet_.frame[at]; }
  std::uint16_t be16(std::uint32_t at) const noexcept { return load_be16(packet_.frame + at); }
  std::uint32_t be32(std::uint32_t at) const noexcept { return load_be32(packet_.frame + at); }

  decode_status mpls(std::uint32_t at) noexcept;
  decode_status llc(std::uint32_t at) noexcept;
  decode_status pppoe(std::uint32_t at) noexcept;
  decode_status ppp(std::uint32_t at) noexcept;
  decode_status ieee80211(std::uint32_t at) noexcept;
  decode_status after_header_of(std::uint16_t link_type) noexcept;
  decode_status loopback(bool network_order) noexcept;

  decode_status ipv4(std::uint32_t at) noexcept;
  decode_status ipv6(std::uint32_t at) noexcept;
  decode_status ipv6_extensions(ipv6_chain& chain) noexcept;
  /// Length of the IP packet at `at` that claims `claimed` bytes, after clamping; 0 when it
  /// contradicts itself.
  std::uint32_t packet_bytes(std::uint32_t at, std::uint32_t claimed) const noexcept;

  decode_status first_fragment(const fragment_key& key, const segment& data) noexcept;
  decode_status later_fragment(const fragment_key& key, const segment& data) noexcept;

  decode_status transport(const segment& data) noexcept;
  decode_status tcp(const segment& data) noexcept;
  decode_status udp(const segment& data) noexcept;
  /// Ports in the first four bytes, then `header` bytes in all.
  decode_status with_ports(const segment& data, std::uint32_t header) noexcept;
  void set_payload(const segment& data, std::uint32_t at) noexcept;

  // Tunnels: `ok` always when the outer headers were; the inside replaces them if it is consistent.
  void gre(const segment& data) noexcept;
  void ip_in_ip(const segment& data) noexcept;
  decode_status gre_inside(std::uint16_t type, bool sequenced, std::uint32_t at) noexcept;
  void pptp(const segment& data, std::uint16_t flags) noexcept;
  void vxlan(std::uint32_t at, std::uint32_t end) noexcept;
  void gtp_u(std::uint32_t at, std::uint32_t end) noexcept;
  void capwap(std::uint32_t at, std::uint32_t end) noexcept;
  template <class Inside>
  void try_inside(tunnel_kind kind, std::uint32_t end, Inside inside) noexcept;

  packet_view& packet_;
  fragment_cache& fragments_;
  std::uint32_t readable_;  // one past the last byte that may be read
  std::uint32_t
      wire_;  // one past the last byte that the frame (inside a tunnel: the outer packet) had
  std::uint8_t depth_ = 0;       // tunnels entered
  std::uint8_t bridges_ = 0;     // Ethernet headers inside MPLS
  bool first_fragment_ = false;  // an outer header said so: inner lengths may go beyond the frame
};

}  // namespace callweir::capture

// Frames to packet views: from Ethernet (or another link type of captures) to the innermost
// 5-tuple.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/ip_address.hpp"
#include "base/packet_view.hpp"
#include "capture/fragment_cache.hpp"

namespace callweir::capture {

/// One worker's; single thread. Reads 802.1Q, 802.1ad and QinQ 9100 (3 tags, 2 kept), MPLS (8
/// labels, Ethernet or IP inside), PPPoE sessions, IPv4 with options, IPv6 with extension headers
/// (8), fragments, and up to 3 tunnels: GRE (with PPTP, ERSPAN, bridging), IPIP, 6in4, 4in6, 6in6,
/// VXLAN, GTP-U, CAPWAP data. What is inside a tunnel is believed only if its own headers are
/// consistent; else the outer 5-tuple stays, status `ok`. Lengths that contradict the frame are
/// clamped to what is there. No allocation after the constructor, and no byte beyond `captured` is
/// read.
class decoder {
 public:
  /// `inside_networks`: for captures, sets `from` by whether the (innermost) source is inside.
  /// Empty: `from` is left as the caller set it. `seed`: random at each start, keys the fragment
  /// cache.
  explicit decoder(std::span<const ip_prefix> inside_networks, std::array<std::uint64_t, 2> seed);

  /// `frame`, `captured`, `wire`, `time`, `handle`, `link` and `from` are the caller's; all else is
  /// set.
  void decode(packet_view& packet) noexcept;
  /// An IP header at `offset`, no link header: raw-IP link types.
  void decode_ip(packet_view& packet, std::uint16_t offset) noexcept;
  /// As `decode`, prefetching frames ahead.
  void decode_burst(std::span<packet_view> packets) noexcept;
  /// By the link type of a capture (LINKTYPE_ registry of tcpdump.org). Types that are not read:
  /// `not_ip`.
  void decode_frame(packet_view& packet, std::uint16_t link_type) noexcept;

 private:
  void decode_cold(packet_view& packet, std::uint16_t link_type) noexcept;
  void set_side(packet_view& packet) const noexcept;

  fragment_cache fragments_;
  std::vector<ip_prefix> inside_networks_;
};

}  // namespace callweir::capture

// Protocols whose packets could pass for media by rhythm or by a careless header check, recognised
// by their own standards so that they are left alone: QUIC, WireGuard, OpenVPN, BitTorrent (uTP,
// DHT), IKE and ESP in UDP, Teredo, DNS, NTP, SNMP and other services with a fixed form.
#pragma once

#include "classify/detectors/sample.hpp"

namespace callweir::classify {

enum class innocent_kind : std::uint8_t {
  none,
  quic,
  wireguard,
  openvpn,
  bittorrent,
  ipsec,
  teredo,
  service
};

/// What one UDP payload looks like, by form; ports where the standard binds it to one.
innocent_kind recognise_innocent(const sample& s, std::uint16_t source_port,
                                 std::uint16_t destination_port) noexcept;

/// A datagram service by port and form of its first packet: DNS, mDNS, LLMNR, NTP, DHCP, NetBIOS,
/// SSDP, SNMP, syslog. Such a flow needs no inspection.
bool is_service(const sample& first, std::uint16_t source_port,
                std::uint16_t destination_port) noexcept;

struct innocent_detector {
  std::uint8_t hits[8] = {};  // by kind
  std::uint32_t esp_index[2] = {0, 0}, esp_sequence[2] = {0, 0};
  std::uint8_t others = 0;
  std::uint8_t openvpn_resets[2] = {0, 0};  // by direction, as the first thing said

  void observe(const sample& s, std::uint16_t source_port, std::uint16_t destination_port) noexcept;
  /// The kind that explains nearly all packets so far; none below three.
  innocent_kind verdict() const noexcept;
};

}  // namespace callweir::classify

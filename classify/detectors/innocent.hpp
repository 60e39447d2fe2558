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
  std::uint8_t openvpn_data[2] = {0, 0};    // of one opcode whose packet id goes up
  std::uint8_t openvpn_first[2] = {0, 0};
  std::uint32_t openvpn_id[2] = {0, 0};
  std::uint8_t quic_short[2] = {0, 0};  // packets with QUIC's fixed bit and no long form
  std::uint32_t quic_bits[2] = {0, 0};  // which values their five protected bits took

  void observe(const sample& s, std::uint16_t source_port, std::uint16_t destination_port) noexcept;
  /// The kind that explains nearly all packets so far; none below three.
  innocent_kind verdict() const noexcept;

 private:
  void observe_openvpn(const sample& s, bool its_port) noexcept;
  bool is_openvpn_running(int packets) const noexcept;
  bool is_quic_running(int packets) const noexcept;
};

}  // namespace callweir::classify

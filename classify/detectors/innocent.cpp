#include "classify/detectors/innocent.hpp"

#include <algorithm>
#include <initializer_list>

namespace callweir::classify {
namespace {

bool on_port(std::uint16_t a, std::uint16_t b,
             std::initializer_list<std::uint16_t> ports) noexcept {
  return std::find(ports.begin(), ports.end(), a) != ports.end() ||
         std::find(ports.begin(), ports.end(), b) != ports.end();
}

/// Long header (RFC 8999 section 5.1): form bit, a published version, connection ids of at most 20
/// bytes; or Google's QUIC of before.
bool is_quic_long(const sample& s) noexcept {
  if (s.captured < 7 || (s.data[0] & 0x80) == 0) return false;
  const std::uint32_t version = be32(s.data + 1);
  const bool ietf = version == 1 || version == 0x6b3343cf || version >> 8 == 0xff0000 ||
                    version >> 4 == 0xfaceb00;
  const bool google =
      (version >> 24 == 'Q' || version >> 24 == 'T') && (version >> 16 & 0xff) == '0';
  return (ietf && s.data[5] <= 20) || google;
}

/// WireGuard paper section 5.4: type 1 to 4, three zero bytes, sizes of the handshake; data padded
/// to 16.
bool is_wireguard(const sample& s) noexcept {
  if (s.captured < 16 || s.data[1] != 0 || s.data[2] != 0 || s.data[3] != 0) return false;
  switch (s.data[0]) {
    case 1:
      return s.bytes == 148;
    case 2:
      return s.bytes == 92;
    case 3:
      return s.bytes == 64;
    case 4:
      return s.bytes >= 32 && s.bytes % 16 == 0 && be32(s.data + 12) == 0;
    default:
      return false;
  }
}

/// uTP (BEP 29): version 1, type 0 to 4, extension 0 to 2.
bool is_utp(const sample& s) noexcept {
  return s.captured >= 20 && (s.data[0] & 0xf) == 1 && s.data[0] >> 4 <= 4 && s.data[1] <= 2;
}

/// Bencoded dictionary of the DHT (BEP 5).
bool is_dht(const sample& s) noexcept {
  return s.captured >= 8 && s.data[0] == 'd' && s.data[2] == ':' &&
         (s.data[1] == '1' || s.data[1] == '2') && s.data[s.captured - 1] == 'e';
}

/// OpenVPN's control channel opens with P_CONTROL_HARD_RESET_CLIENT_V2 or V3 (opcode 7 or 10 in the
/// upper five bits, key 0) and is answered by HARD_RESET_SERVER_V2 (opcode 8).
bool is_openvpn_reset(const sample& s) noexcept {
  return s.captured >= 14 && s.bytes <= 140 &&
         (s.data[0] == 0x38 || s.data[0] == 0x50 || s.data[0] == 0x40);
}

bool is_dns(const sample& s) noexcept {
  if (s.captured < 12) return false;
  const std::uint16_t questions = be16(s.data + 4), answers = be16(s.data + 6);
  return questions <= 16 && answers <= 64 && (s.data[2] & 0x78) <= 0x28;
}

}  // namespace

bool is_service(const sample& s, std::uint16_t a, std::uint16_t b) noexcept {
  if (on_port(a, b, {53, 5353, 5355})) return is_dns(s);
  if (on_port(a, b, {123})) return s.captured >= 4 && (s.data[0] >> 3 & 7) <= 4 && s.bytes % 4 == 0;
  if (on_port(a, b, {67, 68})) return s.captured >= 1 && s.data[0] <= 2;
  if (on_port(a, b, {137, 138})) return s.captured >= 12;
  if (on_port(a, b, {161, 162})) return s.captured >= 2 && s.data[0] == 0x30;
  if (on_port(a, b, {1900}))
    return s.captured >= 4 && (s.data[0] == 'M' || s.data[0] == 'N' || s.data[0] == 'H');
  if (on_port(a, b, {514})) return s.captured >= 1 && s.data[0] == '<';
  return false;
}

innocent_kind recognise_innocent(const sample& s, std::uint16_t a, std::uint16_t b) noexcept {
  if (s.captured < 4) return innocent_kind::none;
  if (is_service(s, a, b)) return innocent_kind::service;
  if (on_port(a, b, {500, 4500}) && s.captured >= 8) return innocent_kind::ipsec;
  if (on_port(a, b, {3544}) && s.captured >= 40 && (s.data[0] >> 4 == 6 || be16(s.data) <= 1))
    return innocent_kind::teredo;
  if (is_quic_long(s)) return innocent_kind::quic;
  if (is_wireguard(s)) return innocent_kind::wireguard;
  if (is_dht(s) || is_utp(s)) return innocent_kind::bittorrent;
  return innocent_kind::none;
}

void innocent_detector::observe(const sample& s, std::uint16_t a, std::uint16_t b) noexcept {
  const innocent_kind kind = recognise_innocent(s, a, b);
  const int before = others + hits[1] + hits[2] + hits[3] + hits[4] + hits[5] + hits[6] + hits[7];
  if (before < 4 && is_openvpn_reset(s)) openvpn_resets[s.way] = s.data[0];
  if (kind == innocent_kind::none)
    count_up(others);
  else
    count_up(hits[static_cast<int>(kind)]);
}

innocent_kind innocent_detector::verdict() const noexcept {
  // A handshake is followed by packets of another form: its presence is enough.
  if (hits[static_cast<int>(innocent_kind::quic)] > 0) return innocent_kind::quic;
  if (hits[static_cast<int>(innocent_kind::service)] > 0) return innocent_kind::service;
  const std::uint8_t x = openvpn_resets[0], y = openvpn_resets[1];
  if (x != 0 && y != 0 && (x == 0x40) != (y == 0x40)) return innocent_kind::openvpn;
  int best = 0, sum = others;
  for (int k = 1; k < 8; ++k) {
    sum += hits[k];
    if (hits[k] > 0 && (best == 0 || hits[k] > hits[best])) best = k;
  }
  if (best == 0 || hits[best] < 3 || hits[best] * 10 < sum * 9) return innocent_kind::none;
  return static_cast<innocent_kind>(best);
}

}  // namespace callweir::classify

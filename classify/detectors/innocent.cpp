#include "classify/detectors/innocent.hpp"

#include <algorithm>
#include <bit>
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

/// RFC 5905 section 7.3: versions 1 to 4, 48 bytes with or without a message digest; control and
/// private messages (modes 6, 7) say their length.
bool is_ntp(const sample& s) noexcept {
  const int version = s.data[0] >> 3 & 7, mode = s.data[0] & 7;
  if (version < 1 || version > 4 || s.captured < 8) return false;
  if (mode >= 1 && mode <= 5) return s.bytes == 48 || s.bytes == 68 || s.bytes == 72;
  return mode >= 6 && s.bytes % 4 == 0 &&
         (mode == 7 || (s.captured >= 12 && be16(s.data + 10) + 12 <= s.bytes));
}

/// RFC 2131: operation 1 or 2, the magic cookie behind the fixed part.
bool is_dhcp(const sample& s) noexcept {
  return s.captured >= 240 && (s.data[0] == 1 || s.data[0] == 2) &&
         be32(s.data + 236) == 0x63825363;
}

/// RFC 3416: a BER sequence as long as the datagram, then the version as an integer.
bool is_snmp(const sample& s) noexcept {
  if (s.data[0] != 0x30) return false;
  const bool short_form = s.data[1] < 0x80;
  const std::uint32_t header = short_form ? 2 : 2u + (s.data[1] & 0x7f);
  if (header > 4 || header + 3 > s.captured) return false;
  const std::uint32_t length = short_form          ? s.data[1]
                               : s.data[1] == 0x81 ? s.data[2]
                                                   : be16(s.data + 2);
  return length + header == s.bytes && s.data[header] == 2 && s.data[header + 1] == 1 &&
         s.data[header + 2] <= 3;
}

/// IKE (RFC 7296 section 3.1): version 1 or 2, its own length; on 4500 behind four zeros (RFC
/// 3948).
bool is_ike(const sample& whole, bool encapsulated) noexcept {
  const sample s = encapsulated ? whole.part(4) : whole;
  if (encapsulated && (whole.captured < 4 || be32(whole.data) != 0)) return false;
  return s.captured >= 28 && (s.data[17] == 0x10 || s.data[17] == 0x20) &&
         be32(s.data + 24) == s.bytes;
}

/// An IPv6 packet as long as the datagram says (RFC 4380), or behind an origin or authentication
/// indication.
bool is_teredo(const sample& s) noexcept {
  if (s.captured >= 40 && s.data[0] >> 4 == 6) return be16(s.data + 4) + 40u == s.bytes;
  return s.captured >= 48 && be16(s.data) <= 1 && (s.data[8] >> 4 == 6 || be16(s.data) == 1);
}

}  // namespace

bool is_service(const sample& s, std::uint16_t a, std::uint16_t b) noexcept {
  if (s.captured < 8) return false;
  if (on_port(a, b, {53, 5353, 5355, 137})) return is_dns(s);
  if (on_port(a, b, {123})) return is_ntp(s);
  if (on_port(a, b, {67, 68})) return is_dhcp(s);
  // RFC 1002 section 4.4.1: message type 0x10 to 0x16, the length behind the source.
  if (on_port(a, b, {138}))
    return s.captured >= 14 && s.data[0] >= 0x10 && s.data[0] <= 0x16 &&
           be16(s.data + 10) <= s.bytes;
  if (on_port(a, b, {161, 162})) return is_snmp(s);
  if (on_port(a, b, {1900})) {
    return std::memcmp(s.data, "M-SEARCH", 8) == 0 || std::memcmp(s.data, "NOTIFY *", 8) == 0 ||
           std::memcmp(s.data, "HTTP/1.1", 8) == 0;
  }
  if (on_port(a, b, {514})) return s.data[0] == '<' && s.data[1] >= '0' && s.data[1] <= '9';
  return false;
}

innocent_kind recognise_innocent(const sample& s, std::uint16_t a, std::uint16_t b) noexcept {
  if (s.captured < 4) return innocent_kind::none;
  if (is_service(s, a, b)) return innocent_kind::service;
  if ((on_port(a, b, {500}) && is_ike(s, false)) || (on_port(a, b, {4500}) && is_ike(s, true)))
    return innocent_kind::ipsec;
  if (on_port(a, b, {3544}) && is_teredo(s)) return innocent_kind::teredo;
  if (is_quic_long(s)) return innocent_kind::quic;
  if (is_wireguard(s)) return innocent_kind::wireguard;
  if (is_dht(s) || is_utp(s)) return innocent_kind::bittorrent;
  return innocent_kind::none;
}

void innocent_detector::observe(const sample& s, std::uint16_t a, std::uint16_t b) noexcept {
  innocent_kind kind = recognise_innocent(s, a, b);
  // ESP in UDP (RFC 3948 section 2.1): a constant index and a counter, on its own port only:
  // elsewhere a softphone's header looks the same.
  if (kind == innocent_kind::none && on_port(a, b, {4500}) && s.captured >= 8) {
    const std::uint32_t index = be32(s.data), sequence = be32(s.data + 4),
                        step = sequence - esp_sequence[s.way];
    if (index == esp_index[s.way] && step >= 1 && step <= 64) kind = innocent_kind::ipsec;
    esp_index[s.way] = index;
    esp_sequence[s.way] = sequence;
  }
  if (s.captured >= 21 && (s.data[0] & 0xc0) == 0x40) {
    count_up(quic_short[s.way]);
    quic_bits[s.way] |= 1u << (s.data[0] & 0x1f);
  }
  observe_openvpn(s, on_port(a, b, {1194}));
  const int before = others + hits[1] + hits[2] + hits[3] + hits[4] + hits[5] + hits[6] + hits[7];
  if (before < 4 && is_openvpn_reset(s)) openvpn_resets[s.way] = s.data[0];
  if (kind == innocent_kind::none)
    count_up(others);
  else
    count_up(hits[static_cast<int>(kind)]);
}

/// OpenVPN's data channel: opcode 9 with a peer id (P_DATA_V2) or 6 (P_DATA_V1) in the upper five
/// bits of the first byte; with AEAD ciphers the packet id follows in clear and counts. With others
/// only the constant front is left, which is believed on OpenVPN's own port alone.
void innocent_detector::observe_openvpn(const sample& s, bool its_port) noexcept {
  if (s.captured < 24) return;
  const int opcode = s.data[0] >> 3;
  if (opcode != 9 && opcode != 6) return;
  const std::uint32_t id = be32(s.data + (opcode == 9 ? 4 : 1)), step = id - openvpn_id[s.way];
  const bool same = openvpn_first[s.way] == s.data[0];
  if (same && (its_port || (step >= 1 && step <= 64))) count_up(openvpn_data[s.way]);
  openvpn_first[s.way] = s.data[0];
  openvpn_id[s.way] = id;
}

bool innocent_detector::is_openvpn_running(int packets) const noexcept {
  return openvpn_data[0] >= 5 && openvpn_data[1] >= 5 && openvpn_first[0] == openvpn_first[1] &&
         (openvpn_data[0] + openvpn_data[1]) * 5 >= packets * 4;
}

/// QUIC in the middle (RFC 9000 section 17.3.1): the form bit clear, the fixed bit set, header
/// protection over the five bits below the spin bit. No other header keeps two bits and lets five
/// be noise: 24 packets by chance are 4^-24.
bool innocent_detector::is_quic_running(int packets) const noexcept {
  return quic_short[0] >= 8 && quic_short[1] >= 8 && quic_short[0] + quic_short[1] >= 24 &&
         (quic_short[0] + quic_short[1]) * 20 >= packets * 19 && std::popcount(quic_bits[0]) >= 5 &&
         std::popcount(quic_bits[1]) >= 5;
}

innocent_kind innocent_detector::verdict() const noexcept {
  // A handshake is followed by packets of another form: its presence is enough.
  if (hits[static_cast<int>(innocent_kind::quic)] > 0) return innocent_kind::quic;
  const std::uint8_t x = openvpn_resets[0], y = openvpn_resets[1];
  if (x != 0 && y != 0 && (x == 0x40) != (y == 0x40)) return innocent_kind::openvpn;
  int best = 0, sum = others;
  for (int k = 1; k < 8; ++k) {
    sum += hits[k];
    if (hits[k] > 0 && (best == 0 || hits[k] > hits[best])) best = k;
  }
  if (is_openvpn_running(sum)) return innocent_kind::openvpn;
  if (is_quic_running(sum)) return innocent_kind::quic;
  if (best == 0 || hits[best] < 3 || hits[best] * 10 < sum * 9) return innocent_kind::none;
  return static_cast<innocent_kind>(best);
}

}  // namespace callweir::classify

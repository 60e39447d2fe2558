#include "classify/detectors/stun.hpp"

namespace callweir::classify {
namespace {

constexpr int attributes_max = 32;

enum attribute : std::uint16_t {
  username = 0x0006,
  message_integrity = 0x0008,
  xor_peer_address = 0x0012,
  data = 0x0013,
  xor_relayed_address = 0x0016,
  integrity_sha256 = 0x001c,
  priority = 0x0024,
  use_candidate = 0x0025,
  fingerprint = 0x8028,
  ice_controlled = 0x8029,
  ice_controlling = 0x802a,
  // [MS-ICE2] 2.2.1, [MS-TURN] 2.2.2, [MS-TURNBWM] 2.2
  ms_candidate_identifier = 0x8054,
  ms_implementation_version = 0x8070,
  ms_version = 0x8008,
  ms_sequence_number = 0x8050,
  ms_service_quality = 0x8055,
  ms_alternate_mapped = 0x8090
};

bool is_microsoft(std::uint16_t type) noexcept {
  return type == ms_candidate_identifier || type == ms_implementation_version ||
         type == ms_version || type == ms_sequence_number || type == ms_service_quality ||
         type == ms_alternate_mapped;
}

/// "fragment:fragment" of RFC 8445 section 7.2.2; 0 where there is no colon.
std::uint64_t session_of(const std::uint8_t* text, std::size_t size) noexcept {
  const auto* colon = static_cast<const std::uint8_t*>(std::memchr(text, ':', size));
  if (colon == nullptr) return 0;
  const auto left = static_cast<std::size_t>(colon - text);
  const std::uint64_t a = hash_bytes(text, left), b = hash_bytes(colon + 1, size - left - 1);
  const std::uint64_t h = a < b ? mix(a, b) : mix(b, a);
  return h != 0 ? h : 1;
}

void note(std::uint16_t type, const std::uint8_t* value, std::uint32_t length, std::uint32_t offset,
          bool readable, stun_message& out) noexcept {
  switch (type) {
    case username:
      if (readable) out.ice_session = session_of(value, length);
      break;
    case message_integrity:
    case integrity_sha256:
      out.integrity = true;
      break;
    case xor_peer_address:
      out.peer_address = true;
      break;
    case xor_relayed_address:
      out.relayed_address = true;
      break;
    case priority:
      out.priority = true;
      break;
    case use_candidate:
      out.use_candidate = true;
      break;
    case fingerprint:
      out.fingerprint = true;
      break;
    case ice_controlled:
      out.controlled = true;
      break;
    case ice_controlling:
      out.controlling = true;
      break;
    case data:
      out.data_offset = static_cast<std::uint16_t>(offset);
      out.data_bytes = static_cast<std::uint16_t>(length);
      break;
    default:
      if (is_microsoft(type)) out.microsoft = true;
      if (type >= 0x4000 && type <= 0x40ff && out.method == turn_allocate) out.whatsapp = true;
  }
}

void bump(std::uint8_t& counter) noexcept {
  count_up(counter);
}

}  // namespace

bool parse_stun(const sample& s, stun_message& out) noexcept {
  out = {};
  if (s.captured < 20) return false;
  const std::uint16_t type = be16(s.data), length = be16(s.data + 2);
  if ((type & 0xc000) != 0 || (length & 3) != 0 || length + 20 > s.bytes) return false;
  // RFC 5389 figure 3: the two class bits sit among the twelve method bits.
  out.method = static_cast<std::uint16_t>((type & 0xf) | (type & 0xe0) >> 1 | (type & 0x3e00) >> 2);
  out.kind = static_cast<stun_class>((type >> 4 & 1) | (type >> 7 & 2));
  out.total = static_cast<std::uint16_t>(length + 20);
  out.cookie = be32(s.data + 4) == stun_cookie;
  if (!out.cookie && (out.method != stun_binding || length + 20 != s.bytes)) return false;
  std::uint32_t at = 20;
  for (int i = 0; i < attributes_max && at + 4 <= out.total && at + 4 <= s.captured; ++i) {
    const std::uint16_t attribute = be16(s.data + at), size = be16(s.data + at + 2);
    if (at + 4 + size > out.total) return false;
    if (!out.cookie && (attribute == 0 || (attribute > 0x000b && attribute < 0x8000))) return false;
    note(attribute, s.data + at + 4, size, at + 4, at + 4 + size <= s.captured, out);
    ++out.attributes;
    at += 4 + ((size + 3u) & ~3u);
  }
  return out.cookie || out.attributes > 0;
}

void stun_detector::observe(const stun_message& m, direction way, bool relayed) noexcept {
  if (relayed) inside_relay = true;
  if (m.microsoft) microsoft = true;
  if (m.integrity) integrity = true;
  switch (m.method) {
    case stun_binding:
      if (m.kind == stun_class::request) {
        bump(requests[way]);
        if (m.priority || m.controlling || m.controlled || m.use_candidate) bump(checks[way]);
        if (m.ice_session != 0) ice_session = m.ice_session;
      } else if (m.kind == stun_class::success) {
        bump(answers[way]);
      }
      break;
    case turn_allocate:
      if (m.whatsapp) bump(vendor_requests);
      if (m.kind == stun_class::success) bump(allocations);
      break;
    case turn_create_permission:
    case turn_channel_bind:
      if (m.kind == stun_class::success) bump(permissions);
      break;
    case turn_send:
    case turn_data:
      if (m.kind == stun_class::indication) bump(indications[way]);
      break;
    default:
      break;
  }
}

bool stun_detector::ice() const noexcept {
  return (checks[0] > 0 && answers[1] > 0) || (checks[1] > 0 && answers[0] > 0);
}

}  // namespace callweir::classify

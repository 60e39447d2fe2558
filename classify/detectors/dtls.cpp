#include "classify/detectors/dtls.hpp"

namespace callweir::classify {
namespace {

constexpr std::uint16_t use_srtp = 14;  // RFC 5764 section 9
constexpr int extensions_max = 40;

/// Walks a hello's extensions. `at` is the first byte after the random.
bool hello_has_srtp(const sample& s, std::uint32_t at, bool client) noexcept {
  const auto skip8 = [&] { at = at < s.captured ? at + 1 + s.data[at] : s.captured + 1u; };
  skip8();  // session id
  if (client) {
    skip8();  // cookie
    if (at + 2 > s.captured) return false;
    at += 2u + be16(s.data + at);
    skip8();  // compression methods
  } else {
    at += 3;  // cipher suite and compression method
  }
  at += 2;  // length of all extensions
  for (int i = 0; i < extensions_max && at + 4 <= s.captured; ++i) {
    if (be16(s.data + at) == use_srtp) return true;
    at += 4u + be16(s.data + at + 2);
  }
  return false;
}

}  // namespace

bool dtls_detector::observe(const sample& s) noexcept {
  if (s.captured < 13) return false;
  const std::uint8_t type = s.data[0];
  const std::uint16_t version = be16(s.data + 1), length = be16(s.data + 11);
  const bool known = version == 0xfeff || version == 0xfefd || version == 0x0100;
  if (type < 20 || type > 26 || !known || length == 0 || length + 13 > s.bytes) return false;
  count_up(records[s.way]);
  if (type == 23) count_up(application[s.way]);
  // A handshake of epoch 0 is in clear; a hello that starts here (fragment offset 0).
  if (type != 22 || be16(s.data + 3) != 0 || s.captured < 13 + 12 + 34) return true;
  const std::uint8_t* handshake = s.data + 13;
  if ((handshake[0] != 1 && handshake[0] != 2) || handshake[6] != 0 || be16(handshake + 7) != 0)
    return true;
  const bool client = handshake[0] == 1;
  (client ? client_hello : server_hello) = true;
  if (hello_has_srtp(s, 13 + 12 + 34, client)) (client ? srtp_offered : srtp_chosen) = true;
  return true;
}

}  // namespace callweir::classify

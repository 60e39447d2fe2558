#include "classify/detectors/tox.hpp"

namespace callweir::classify {
namespace {

// Kinds of packet, and lengths in bytes: a public key of 32, a nonce of 24 and a tag of 16 around
// what each holds.
enum kind : std::uint8_t {
  ping = 0x00,
  pong = 0x01,
  nodes_request = 0x02,
  nodes_response = 0x04,
  cookie_request = 0x18,
  cookie_response = 0x19,
  handshake = 0x1a,
  crypto_data = 0x1b
};
enum question : std::uint8_t { asks_ping = 1, asks_nodes = 2, asks_cookie = 4 };
constexpr std::uint16_t ping_bytes = 82, nodes_request_bytes = 113, cookie_request_bytes = 145,
                        cookie_response_bytes = 161, handshake_bytes = 385;
constexpr int nodes_least = 82, node_ipv4 = 39, node_ipv6 = 51, nodes_max = 4;
constexpr std::uint16_t nonce_step_max = 64;

bool is_nodes_length(int bytes) noexcept {
  for (int v6 = 0; v6 <= nodes_max; ++v6) {
    const int rest = bytes - nodes_least - v6 * node_ipv6;
    if (rest >= 0 && rest % node_ipv4 == 0 && rest / node_ipv4 + v6 <= nodes_max) return true;
  }
  return false;
}

/// DHT requests of others (0x20), the local search (0x21), onion packets (0x80 to 0x8e), bootstrap
/// information (0xf0).
bool is_relayed_kind(std::uint8_t k) noexcept {
  return k == 0x20 || k == 0x21 || (k >= 0x80 && k <= 0x8e) || k == 0xf0;
}

}  // namespace

void tox_detector::take_key(const sample& s) noexcept {
  const std::uint32_t start = be32(s.data + 1);
  if (key[s.way] != 0 && key[s.way] != start) count_up(other_keys);
  key[s.way] = start;
}

void tox_detector::answer(direction way, std::uint8_t what) noexcept {
  if ((asked[reverse(way)] & what) != 0) count_up(pairs);
}

void tox_detector::observe(const sample& s, bool on_port) noexcept {
  if (s.captured < 5) return;
  its_port = on_port;
  const std::uint16_t bytes = s.bytes;
  switch (s.data[0]) {
    case ping:
      if (bytes != ping_bytes) break;
      take_key(s);
      asked[s.way] |= asks_ping;
      return;
    case pong:
      if (bytes != ping_bytes) break;
      take_key(s);
      answer(s.way, asks_ping);
      return;
    case nodes_request:
      if (bytes != nodes_request_bytes) break;
      take_key(s);
      asked[s.way] |= asks_nodes;
      return;
    case nodes_response:
      if (!is_nodes_length(bytes)) break;
      take_key(s);
      answer(s.way, asks_nodes);
      return;
    case cookie_request:
      if (bytes != cookie_request_bytes) break;
      take_key(s);
      asked[s.way] |= asks_cookie;
      return;
    case cookie_response:
      if (bytes != cookie_response_bytes) break;
      answer(s.way, asks_cookie);
      return;
    case handshake:
      if (bytes != handshake_bytes) break;
      count_up(handshakes[s.way]);
      return;
    case crypto_data: {
      const std::uint16_t now = be16(s.data + 1);
      const auto step = static_cast<std::uint16_t>(now - nonce[s.way]);
      if (step >= 1 && step <= nonce_step_max) count_up(data[s.way]);
      nonce[s.way] = now;
      return;
    }
    default:
      if (is_relayed_kind(s.data[0])) return;
      break;
  }
  count_up(strangers);
}

int tox_detector::confidence() const noexcept {
  if (strangers > 2 || other_keys > 0) return 0;
  if (handshakes[0] > 0 && handshakes[1] > 0 && pairs > 0) return 97;
  if (pairs >= 2) return 95;
  if (data[0] >= 8 && data[1] >= 8) return 93;  // a session whose beginning was not seen
  if (pairs == 1 && its_port) return 92;
  return 0;
}

}  // namespace callweir::classify

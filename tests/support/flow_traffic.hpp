// Seeded traffic of one UDP flow for detector tests: talks, games, tunnels. What goes in is known,
// so what detectors say of it can be counted.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "base/units.hpp"

namespace callweir::test {

struct timed_payload {
  time_point time;
  direction way = forward;
  std::vector<std::uint8_t> bytes;
};
using traffic = std::vector<timed_payload>;  // in order of time

using random_source = std::mt19937_64;

/// A talk: encrypted frames without RTP header, both ways.
struct talk_options {
  double frame_ms[2] = {20, 20};  // by direction
  double kbps = 24;               // codec rate; sizes spread by a fifth, as variable bit rate does
  double overhead_bytes = 20;     // header, nonce, tag
  double redundancy = 1;          // frames carried twice from the middle on
  double jitter_ms = 2;           // standard deviation of the network's delay
  double loss = 0;                // fraction, in bursts of 160 to 240 ms
  double seconds = 4;
  double listener = 1;  // codec bytes of the second direction against the first's: silence is small
  bool header = false;  // constant id and counter in front
};
traffic talk(random_source& random, const talk_options& options);

/// Pictures beside a talk: bursts of encrypted packets at a frame rate, the last of each of any
/// size.
traffic pictures(random_source& random, double frames_per_s, double seconds, int ways);
/// Both in one flow.
traffic together(traffic a, const traffic& b);

/// A game: ticks of its own on each side, encrypted; the server's updates are larger and vary with
/// what happens.
struct game_options {
  double client_ms = 16.667, server_ms = 33.333;
  double client_bytes = 60, server_bytes = 220;
  double seconds = 10;
};
traffic game(random_source& random, const game_options& options);

/// A tunnel that carries a transfer (full packets one way, acknowledgements the other) or browsing
/// (bursts between pauses).
traffic tunnelled_transfer(random_source& random, double seconds);
traffic tunnelled_browsing(random_source& random, double seconds);
/// Remote desktop: small input one way, screen updates in bursts the other.
traffic remote_desktop(random_source& random, double seconds);

/// A talk inside a tunnel that was set up before the first packet. OpenVPN's data channel: opcode
/// and key `first`, with a peer id (P_DATA_V2) or without, packet id, tag. QUIC's short header:
/// fixed bit, protected bits, the server's connection id.
traffic openvpn_talk(random_source& random, std::uint8_t first, double seconds);
traffic quic_talk(random_source& random, double seconds);

/// Puts what `front` makes of a payload in front of each, `pad` zeros up to a multiple behind it.
template <class Front>
traffic framed(traffic t, Front front, std::size_t pad = 1) {
  for (timed_payload& p : t) {
    const std::vector<std::uint8_t> head = front(p.bytes);
    p.bytes.insert(p.bytes.begin(), head.begin(), head.end());
    while (p.bytes.size() % pad != 0) p.bytes.push_back(0);
  }
  return t;
}

/// RTP with one SSRC a direction; `ways` 1: forward only.
traffic rtp_talk(random_source& random, std::uint8_t payload_type, double frame_ms,
                 std::uint32_t clock_hz, std::size_t payload_bytes, double seconds, int ways);

}  // namespace callweir::test

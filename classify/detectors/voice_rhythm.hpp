// Finds a voice call in a flow that nothing names: sizes, inter-arrival times, symmetry and
// randomness.
//
// A codec leaves one packet a frame: the interval between packets is 10, 20, 30, 40 or 60 ms (RFC
// 3551 table 1, RFC 6716 section 2.1.4, RFC 7587), whatever the encryption; loss makes it a
// multiple, a redundant or adapting sender changes sizes, not the grid. Two people's machines do it
// alike, in both directions. Games tick at rates of displays and servers (15.6, 16.7, 33.3 ms) and
// answer with other sizes; transfers come in bursts.
#pragma once

#include <array>

#include "classify/detectors/sample.hpp"

namespace callweir::classify {

struct rhythm_direction {
  static constexpr int window = 48;           // newest packets that are judged
  std::array<std::uint16_t, window> sizes{};  // payload bytes
  std::array<std::uint16_t, window> gaps{};   // before the packet, 1/8 ms, 65535 for longer
  std::uint16_t packets = 0;
  std::uint16_t pictures = 0;   // packets too large for voice: not in the window, nor their tails
  std::uint16_t bursts = 0;     // of them: right behind another
  std::int64_t picture_ns = 0;  // the newest
  std::int64_t last_ns = 0;
  std::int64_t first_ns = 0;

  int kept() const noexcept { return packets < window ? packets : window; }
};

/// What the newest window of one direction says.
struct rhythm_report {
  double frame_ms = 0;  // nearest codec frame; 0: the gaps fit none
  double on_grid = 0;   // share of the gaps that are multiples of it, within jitter
  double on_beat = 0;   // share of them that hit it more closely
  double bytes_mean = 0, bytes_deviation = 0;
  double packets_per_s = 0;
  double small_share = 0;  // share of packets of at most 400 bytes
  bool steady = false;     // all that makes a direction a talker
};

struct voice_rhythm {
  std::array<rhythm_direction, 2> way{};
  std::array<std::uint16_t, 16> body_nibbles{};        // of bytes behind any header
  std::array<std::array<std::uint8_t, 16>, 8> head{};  // low nibbles of the first 8 bytes
  std::uint16_t head_packets = 0;
  std::uint16_t tiny = 0, large = 0;

  void observe(const sample& s) noexcept;
  /// Judges one direction; costs a sort of 48 values.
  rhythm_report report(direction d) const noexcept;
  /// The payload behind its header cannot be told from noise (chi-square of nibbles, facts:
  /// Bonfiglio et al. 2007 with 15 degrees of freedom a group).
  bool random_body() const noexcept;
  /// Some of the first bytes stay or count while others are random.
  bool header_in_front() const noexcept;
  /// Pictures go along with the voice.
  bool pictured() const noexcept;
  /// Percent sure that two people talk here; 0 to 95. Cheap unless `due()`.
  int confidence() const noexcept;
  /// Time to ask: every eighth packet once there is enough.
  bool due() const noexcept;

 private:
  void observe_bytes(const sample& s) noexcept;
};

}  // namespace callweir::classify

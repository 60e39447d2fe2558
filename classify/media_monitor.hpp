// Follows the media packets of one flow and sums them up each second: RTP sequence and time stamps
// where they can be read, sizes and rhythm where they cannot. One worker's, single thread, fixed
// size, from a bounded pool. What is measured how: docs/adr/0002.
#pragma once

#include <array>
#include <cstdint>

#include "base/packet_view.hpp"
#include "base/verdict.hpp"
#include "classify/flow_event.hpp"
#include "classify/media/rhythm_stream.hpp"
#include "classify/media/rtp_stream.hpp"

namespace callweir::classify {

class alignas(64) media_monitor {
 public:
  /// `announced`: codec known from SDP, else unknown. Resets everything.
  void begin(const verdict& what, codec announced, time_point now) noexcept;

  /// Counts one packet and says what it is inside its flow: voice, video, media (not told apart),
  /// or signalling (STUN, DTLS, RTCP, keep-alives).
  flow_role observe(const packet_view& packet, direction way) noexcept;
  /// What became of an observed packet. Packets of which nothing is said count as passed at once.
  /// Added delay counts as delay alone: docs/adr/0002.
  void fate(direction way, flow_role role, bool dropped, nanoseconds added_delay) noexcept;

  /// Starts loading what every call touches.
  void prefetch() const noexcept { __builtin_prefetch(this, 1); }
  /// Starts loading what observe() touches: of one source, or of none that can be read.
  void prefetch(direction way) const noexcept {
    const way_state& state = ways_[way];
    prefetch();
    const auto* const stream = reinterpret_cast<const char*>(&state.streams[0]);
    __builtin_prefetch(stream, 1);
    __builtin_prefetch(stream + 64, 1);
    __builtin_prefetch(&state.rhythm, 1);
  }

  /// True once a second has passed: `out` holds it and the next one begins. Call after each burst
  /// and from idle(); a silent second gives a sample of zeros. A flow with voice and video gives
  /// two samples a second, one a call. Seconds are whole ones of the clock, so the first and the
  /// last are partial.
  bool sample(time_point now, media_sample& out) noexcept;
  /// Whether sample() has anything to give.
  bool due(time_point now) const noexcept {
    return samples_count_ > 0 || now - second_ >= std::chrono::seconds(1);
  }

 private:
  static constexpr int streams_max =
      4;  // SSRCs a direction: two voices and two pictures, or a restart
  static constexpr int samples_max = 4;  // finished seconds not yet taken

  /// What the appliance did this second to the voice or the video of one direction.
  struct inflicted {
    std::uint32_t dropped = 0;
    std::uint64_t delay_us = 0;
  };
  struct way_state {
    std::array<rtp_stream, streams_max> streams;
    rhythm_stream rhythm;
    std::array<inflicted, 2> taken;  // voice, video
  };

  flow_role observe_rtp(const media_payload& payload, direction way, time_point now) noexcept;
  flow_role role_of(const rtp_stream& stream) const noexcept;
  std::uint16_t codec_bytes_of(const media_payload& payload) noexcept;
  void roll(time_point now) noexcept;
  void finish_second(flow_role role) noexcept;
  void sum_up(way_state& state, flow_role role, media_direction& out) noexcept;
  bool rtp_mode() const noexcept { return rtp_[0] || rtp_[1]; }
  bool has_video() const noexcept;
  flow_role voice_label() const noexcept;

  // One line for what every packet asks for, then the finished seconds, which few do.
  time_point second_;
  std::uint8_t samples_first_ = 0, samples_count_ = 0;
  codec announced_ = codec::unknown;
  codec heard_ = codec::unknown;
  flow_role expected_ = flow_role::media;
  bool secured_ = false;       // SRTP: a tag follows the payload
  std::array<bool, 2> rtp_{};  // a confirmed stream was seen, by direction
  std::array<media_sample, samples_max> samples_;
  std::array<way_state, 2> ways_;
};

static_assert(sizeof(media_monitor) <= 1664, "bounded pool: one for each media flow");

}  // namespace callweir::classify

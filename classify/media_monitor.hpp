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
#include "classify/media/spare_streams.hpp"

namespace callweir::classify {

class alignas(64) media_monitor {
 public:
  /// `announced`: codec known from SDP, else unknown. Resets everything.
  void begin(const verdict& what, codec announced, time_point now) noexcept;
  /// Gives back what it took from `spares`; begin() may follow.
  void end(spare_streams& spares) noexcept;

  /// Counts one packet and says what it is inside its flow: voice, video, media (not told apart),
  /// or signalling (STUN, DTLS, RTCP, keep-alives). Where due(packet.time), sample() comes first:
  /// else the packet counts in the second before.
  flow_role observe(const packet_view& packet, direction way, spare_streams& spares) noexcept;
  /// What became of an observed packet. Packets of which nothing is said count as passed at once.
  /// Added delay counts as delay alone: docs/adr/0002.
  void fate(direction way, flow_role role, bool dropped, nanoseconds added_delay) noexcept;

  /// Starts loading what every call touches.
  void prefetch() const noexcept { __builtin_prefetch(this, 1); }
  /// Starts loading what observe() touches: of one source, or of none that can be read.
  void prefetch(direction way) const noexcept {
    prefetch();
    const auto* const stream = reinterpret_cast<const char*>(&streams_[way]);
    __builtin_prefetch(stream, 1);
    __builtin_prefetch(stream + 64, 1);
    __builtin_prefetch(&rhythms_[way], 1);
  }

  /// True once a second has passed: `out` holds it and the next one begins. Call until it says
  /// false: a flow with voice and video gives two samples a second, one a call. A silent second
  /// gives a sample of zeros. Seconds are whole ones of the clock, so the first and the last are
  /// partial; of several that have passed the first has everything.
  bool sample(time_point now, spare_streams& spares, media_sample& out) noexcept;
  /// Whether sample() has anything to give.
  bool due(time_point now) const noexcept { return now - second_ >= std::chrono::seconds(1); }

 private:
  /// SSRCs a direction: two voices and two pictures, or a restart.
  static constexpr int streams_max = 4;

  /// What the appliance did this second to the voice or the video of one direction.
  struct inflicted {
    std::uint32_t dropped = 0;
    std::uint32_t delay_us = 0;  // saturates
  };

  flow_role observe_rtp(const media_payload& payload, direction way, time_point now,
                        spare_streams& spares) noexcept;
  rtp_stream* stream_of(std::uint32_t ssrc, direction way, time_point now,
                        spare_streams& spares) noexcept;
  std::uint16_t codec_bytes_of(const media_payload& payload) noexcept;
  void finish(flow_role role, spare_streams& spares, media_sample& out) noexcept;
  void begin_second(time_point now, spare_streams& spares) noexcept;
  void sum_up(direction way, flow_role role, spare_streams& spares, media_direction& out) noexcept;
  bool rtp_mode() const noexcept { return rtp_[0] || rtp_[1]; }
  bool has_confirmed(flow_role kind, direction way, const spare_streams& spares) const noexcept;
  bool has_video(const spare_streams& spares) const noexcept;
  flow_role voice_label(const spare_streams& spares) const noexcept;

  // One line for what every packet asks for.
  time_point second_;
  codec announced_ = codec::unknown;
  codec heard_ = codec::unknown;
  flow_role expected_ = flow_role::media;
  bool secured_ : 1 = false;             // SRTP: a tag follows the payload
  bool voice_given_ : 1 = false;         // of this second; its video is still to be given
  std::array<bool, 2> rtp_{};            // a confirmed stream was seen, by direction
  std::array<std::uint32_t, 2> more_{};  // chains of further streams, by direction
  std::array<std::array<inflicted, 2>, 2> taken_{};  // by direction; voice, video
  std::array<rtp_stream, 2> streams_;                // the first of each direction
  std::array<rhythm_stream, 2> rhythms_;
};

static_assert(sizeof(media_monitor) <= 448, "bounded pool: one for each media flow");

}  // namespace callweir::classify

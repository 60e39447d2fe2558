// One RTP synchronisation source in one direction of a flow: loss by sequence numbers, jitter and
// lateness by time stamps, voice or video by payload type and clock. Fixed size, one worker's.
#pragma once

#include <cstdint>

#include "base/verdict.hpp"
#include "classify/flow_event.hpp"
#include "classify/media/fastest_window.hpp"
#include "classify/media/media_payload.hpp"

namespace callweir::classify {

/// RTP clock in Hz of a codec; 0 where it varies.
std::uint32_t clock_of_codec(codec c) noexcept;

class alignas(64) rtp_stream {
 public:
  enum class outcome : std::uint8_t {
    probation,  // not yet followed by a packet in sequence (RFC 3550 A.1)
    confirmed,  // this packet ended the probation: two packets were counted
    counted,
    repeated,  // a copy of what was counted
    stray      // far from the sequence; a restart if the next one follows it
  };

  bool in_use() const noexcept { return in_use_; }
  bool is_confirmed() const noexcept { return confirmed_; }
  std::uint32_t ssrc() const noexcept { return ssrc_; }
  time_point last_seen() const noexcept { return last_seen_; }

  /// `announced`: what signalling said of the flow's voice; `expected`: what the flow is thought to
  /// be.
  void begin(const media_payload& first, std::uint16_t codec_bytes, codec announced,
             flow_role expected, time_point now) noexcept;
  outcome add(const media_payload& packet, std::uint16_t codec_bytes, time_point now) noexcept;
  void release() noexcept { in_use_ = confirmed_ = false; }

  /// voice, video, or media while it cannot be told.
  flow_role kind() const noexcept { return kind_; }
  codec voice_codec() const noexcept { return codec_; }
  /// Microseconds behind the fastest, of the packet last added.
  std::int32_t lateness_us() const noexcept { return lateness_us_; }
  std::uint8_t payload_type() const noexcept { return payload_type_; }

  /// The next of the same direction, where streams are kept in a pool: its place, as the holder
  /// numbers places.
  std::uint32_t next() const noexcept { return next_; }
  void link(std::uint32_t next) noexcept { next_ = next; }

  /// Adds this second's counts to `out` and starts the next; jitter of the stream with most packets
  /// wins.
  void drain(media_direction& out, std::uint32_t& most_packets) noexcept;

 private:
  bool take_sequence(std::uint16_t sequence, outcome& what) noexcept;
  void take_time(const media_payload& packet, time_point now) noexcept;
  void follow_payload_type(const media_payload& packet, time_point now) noexcept;
  void settle_type(std::uint8_t payload_type, time_point now, std::uint32_t timestamp) noexcept;
  void learn_clock(std::uint32_t timestamp, time_point now) noexcept;
  void restart_clock(std::uint32_t timestamp, time_point now) noexcept;

  time_point last_seen_;
  time_point base_time_;    // arrival that transit times are relative to
  time_point learn_time_;   // where measuring the clock began
  std::uint64_t seen_ = 0;  // bit n: sequence newest_ - n was counted
  std::uint32_t ssrc_ = 0;
  std::uint32_t base_timestamp_ = 0;
  std::uint32_t learn_timestamp_ = 0;
  std::uint32_t last_timestamp_ = 0;
  std::uint32_t clock_hz_ = 0;   // 0: not known yet
  std::int32_t transit_us_ = 0;  // of the last packet, relative to the base
  std::int32_t lateness_us_ = 0;
  float jitter_us_ = 0;
  fastest_window fastest_;
  std::uint32_t packets_ = 0, bytes_ = 0, expected_ = 0, late_ = 0;  // this second
  std::uint32_t next_ = 0;
  std::uint16_t newest_ = 0;      // highest sequence number
  std::uint16_t restart_at_ = 0;  // a stray's successor
  std::uint16_t learn_packets_ = 0;
  std::uint8_t payload_type_ = 0;
  std::uint8_t other_type_ = 0;  // a payload type that may take over
  std::uint8_t other_count_ = 0;
  std::uint8_t same_timestamp_ = 0;  // packets that shared their frame
  codec codec_ = codec::unknown;
  codec announced_ = codec::unknown;
  flow_role kind_ = flow_role::media;
  bool in_use_ : 1 = false;
  bool confirmed_ : 1 = false;
  bool restarting_ : 1 = false;
  bool last_marker_ : 1 = false;
  bool timed_ : 1 = false;  // transit_us_ is valid
  bool sure_ : 1 = false;   // kind_ rests on evidence, not on expectation
};

static_assert(sizeof(rtp_stream) == 128, "two cache lines");

}  // namespace callweir::classify

// Voice and video of one direction of a flow whose payload cannot be read: told apart by size and
// rhythm. Loss before the appliance cannot be seen here. Fixed size, one worker's.
#pragma once

#include <cstdint>

#include "base/verdict.hpp"
#include "classify/flow_event.hpp"

namespace callweir::classify {

/// Bytes a packet of an encrypted unknown format carries besides codec payload. An assumption, not
/// a measurement: an AEAD tag of 16 (RFC 5116) and a header of 8 for a counter and an identifier.
/// True values run from 4 (classic stream ciphers) to 28 (RTP header and AES-GCM); at 50 packets/s
/// 4 bytes are 1.6 kbit/s.
constexpr std::uint16_t assumed_overhead_bytes = 24;

class rhythm_stream {
 public:
  void begin() noexcept { *this = rhythm_stream{}; }

  /// Says what one packet with `bytes` of payload is: voice, video, or signalling (keep-alives,
  /// control).
  flow_role add(std::uint16_t bytes, time_point now) noexcept;
  bool has_voice() const noexcept { return voice_ever_; }
  bool has_video() const noexcept { return video_ever_; }

  void drain_voice(media_direction& out) noexcept;
  void drain_video(media_direction& out) noexcept;
  /// Forgets this second: the packets turned out to be RTP and are counted there.
  void discard() noexcept;

 private:
  void follow_rhythm(std::int64_t gap_us) noexcept;

  time_point last_voice_;
  time_point last_video_;
  std::uint32_t rhythm_us_ = 0;  // running median of the gaps between voice packets; 0: none yet
  float jitter_us_ = 0;
  float mean_bytes_ = 0;                               // of voice packets
  std::uint32_t voice_packets_ = 0, voice_bytes_ = 0;  // this second
  std::uint32_t video_packets_ = 0, video_bytes_ = 0;
  std::uint16_t gaps_ = 0;
  bool voice_ever_ = false;
  bool video_ever_ = false;
};

}  // namespace callweir::classify

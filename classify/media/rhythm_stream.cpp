#include "classify/media/rhythm_stream.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace callweir::classify {
namespace {

constexpr std::uint16_t voice_floor_bytes = 20;  // below: keep-alives
constexpr std::uint16_t voice_most_bytes =
    700;  // above: no frame of a voice codec, 60 ms of G.711 included
constexpr std::int64_t shortest_gap_us = 2'000;
constexpr std::int64_t longest_gap_us = 130'000;  // 120 ms frames; longer gaps are silence
constexpr std::int64_t same_frame_us =
    3'000;  // the tail of a video frame follows its large packets at once

std::uint32_t without_overhead(std::uint16_t bytes) noexcept {
  return bytes > assumed_overhead_bytes ? bytes - assumed_overhead_bytes : 0u;
}

std::int64_t gap_us(time_point since, time_point now) noexcept {
  return since.ns == 0 ? longest_gap_us + 1
                       : std::max<std::int64_t>(0, (now - since).count() / 1000);
}

}  // namespace

flow_role rhythm_stream::add(std::uint16_t bytes, time_point now) noexcept {
  if (bytes < voice_floor_bytes) return flow_role::signalling;
  const bool tail = bytes > voice_floor_bytes && gap_us(last_video_, now) < same_frame_us;
  if (bytes > voice_most_bytes || tail) {
    last_video_ = now;
    video_ever_ = true;
    ++video_packets_;
    video_bytes_ += without_overhead(bytes);
    return flow_role::video;
  }
  const std::int64_t gap = gap_us(last_voice_, now);
  // Small and between two beats: control traffic. Small on the beat is comfort noise and counts.
  const bool off_beat = rhythm_us_ != 0 && gap * 5 < std::int64_t{rhythm_us_} * 2;
  if (off_beat && bytes < mean_bytes_ * 0.45F) return flow_role::signalling;
  last_voice_ = now;
  voice_ever_ = true;
  ++voice_packets_;
  voice_bytes_ += without_overhead(bytes);
  mean_bytes_ += (bytes - mean_bytes_) / (mean_bytes_ == 0 ? 1.0F : 32.0F);
  follow_rhythm(gap);
  return flow_role::voice;
}

/// A running median: robust against bursts, copies and silence, and it follows a change of frame
/// length from 20 to 60 ms in about 55 packets.
void rhythm_stream::follow_rhythm(std::int64_t gap) noexcept {
  if (gap < shortest_gap_us || gap > longest_gap_us) return;
  if (rhythm_us_ == 0) {
    rhythm_us_ = static_cast<std::uint32_t>(gap);
    return;
  }
  if (gaps_ < 0xffff) ++gaps_;
  const std::uint32_t step = std::max<std::uint32_t>(1, rhythm_us_ / (gaps_ < 32 ? 8 : 50));
  const std::int64_t off = gap - std::int64_t{rhythm_us_};
  if (std::abs(off) <= step)
    rhythm_us_ = static_cast<std::uint32_t>(gap);
  else
    rhythm_us_ = off > 0 ? rhythm_us_ + step : rhythm_us_ - step;
  // RFC 3550 6.4.1 with the beat in place of time stamps. Gaps near a multiple of it are lost
  // packets.
  const std::int64_t beats = std::max<std::int64_t>(1, (gap + rhythm_us_ / 2) / rhythm_us_);
  const auto spread = static_cast<float>(std::abs(gap - beats * std::int64_t{rhythm_us_}));
  if (gaps_ > 8) jitter_us_ += (spread - jitter_us_) / 16;
}

void rhythm_stream::drain_voice(media_direction& out) noexcept {
  out.packets += voice_packets_;
  out.expected += voice_packets_;
  out.codec_bytes += voice_bytes_;
  if (voice_ever_ && !out.loss_known) out.jitter_ms = jitter_us_ / 1000;
  voice_packets_ = voice_bytes_ = 0;
}

void rhythm_stream::drain_video(media_direction& out) noexcept {
  out.packets += video_packets_;
  out.expected += video_packets_;
  out.codec_bytes += video_bytes_;
  video_packets_ = video_bytes_ = 0;
}

void rhythm_stream::discard() noexcept {
  voice_packets_ = voice_bytes_ = video_packets_ = video_bytes_ = 0;
  voice_ever_ = video_ever_ = false;
}

}  // namespace callweir::classify

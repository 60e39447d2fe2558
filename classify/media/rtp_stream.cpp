#include "classify/media/rtp_stream.hpp"

#include <array>
#include <cmath>
#include <cstdlib>

#include "classify/payload_types.hpp"

namespace callweir::classify {
namespace {

constexpr std::uint16_t max_dropout = 3000;    // RFC 3550 A.1
constexpr std::uint16_t max_misorder = 100;    // RFC 3550 A.1
constexpr std::uint16_t probation_reach = 10;  // the second packet may follow a few lost ones
constexpr std::int32_t clock_jump_us = 2'000'000;
// A talk-spurt begins with the marker bit (RFC 3551 4.1). A sender whose silence was not a whole
// number of frames sets its clock anew there, and the receiver its play-out; without this a good
// call counts as late for 10 s.
constexpr std::int32_t spurt_jump_us = 40'000;
constexpr std::uint8_t type_change_after = 8;
constexpr std::uint8_t mpeg_audio = 14;
constexpr std::uint16_t frame_floor_bytes =
    60;  // telephone-events share a time stamp, too, and are smaller

}  // namespace

std::uint32_t clock_of_codec(codec c) noexcept {
  switch (c) {
    case codec::pcmu:
    case codec::pcma:
    case codec::g722:
    case codec::g729:
    case codec::g723:
    case codec::gsm:
    case codec::ilbc:
    case codec::amr:
      return 8'000;
    case codec::amr_wb:
    case codec::evs:
      return 16'000;
    case codec::opus:
      return 48'000;
    case codec::speex:
    case codec::unknown:
      return 0;
  }
  return 0;
}

void rtp_stream::begin(const media_payload& first, std::uint16_t codec_bytes, codec announced,
                       flow_role expected, time_point now) noexcept {
  const std::uint32_t next = next_;
  *this = rtp_stream{};
  next_ = next;
  in_use_ = true;
  ssrc_ = first.ssrc;
  announced_ = announced;
  if (expected == flow_role::voice || expected == flow_role::video) kind_ = expected;
  newest_ = first.sequence;
  seen_ = 1;
  last_seen_ = now;
  last_timestamp_ = first.timestamp;
  settle_type(first.payload_type, now, first.timestamp);
  packets_ = expected_ = 1;
  bytes_ = codec_bytes;
  take_time(first, now);
}

void rtp_stream::settle_type(std::uint8_t payload_type, time_point now,
                             std::uint32_t timestamp) noexcept {
  payload_type_ = payload_type;
  other_count_ = 0;
  const payload_type_facts known = facts_of_payload_type(payload_type);
  codec_ = known.what;
  if (known.kind != static_media::none) {
    const bool audio = known.kind == static_media::voice || known.kind == static_media::sound;
    kind_ = audio || payload_type == mpeg_audio ? flow_role::voice : flow_role::video;
    sure_ = true;
    clock_hz_ = known.clock_hz;
  } else {
    sure_ = false;
    if (kind_ != flow_role::video) codec_ = announced_;
    clock_hz_ = kind_ == flow_role::voice ? clock_of_codec(codec_) : 0;
  }
  learn_packets_ = 0;
  same_timestamp_ = 0;
  restart_clock(timestamp, now);
  learn_time_ = now;
  learn_timestamp_ = timestamp;
}

void rtp_stream::restart_clock(std::uint32_t timestamp, time_point now) noexcept {
  base_time_ = now;
  base_timestamp_ = timestamp;
  timed_ = false;
  fastest_.clear();
}

rtp_stream::outcome rtp_stream::add(const media_payload& packet, std::uint16_t codec_bytes,
                                    time_point now) noexcept {
  last_seen_ = now;
  lateness_us_ = 0;
  if (!confirmed_) {
    const auto ahead = static_cast<std::uint16_t>(packet.sequence - newest_);
    if (ahead == 0 || ahead > probation_reach) {  // start over from here
      const std::uint16_t bytes = codec_bytes;
      begin(packet, bytes, announced_, kind_, now);
      return outcome::probation;
    }
  }
  outcome what = outcome::counted;
  if (!take_sequence(packet.sequence, what)) return what;
  ++packets_;
  bytes_ += codec_bytes;
  if (packet.payload_type == payload_type_) {
    other_count_ = 0;
    if (packet.timestamp == last_timestamp_ && codec_bytes > frame_floor_bytes &&
        same_timestamp_ < 255)
      ++same_timestamp_;
    learn_clock(packet.timestamp, now);
    take_time(packet, now);
  } else {
    follow_payload_type(packet, now);
  }
  last_timestamp_ = packet.timestamp;
  last_marker_ = packet.marker;
  if (!confirmed_) {
    confirmed_ = true;
    return outcome::confirmed;
  }
  return what;
}

/// RFC 3550 A.1 with a bit map of the newest 64, so that copies are not counted twice.
bool rtp_stream::take_sequence(std::uint16_t sequence, outcome& what) noexcept {
  const auto ahead = static_cast<std::uint16_t>(sequence - newest_);
  if (ahead != 0 && ahead < max_dropout) {
    expected_ += ahead;
    seen_ = ahead < 64 ? seen_ << ahead | 1 : 1;
    newest_ = sequence;
    restarting_ = false;
    return true;
  }
  const auto behind = static_cast<std::uint16_t>(newest_ - sequence);
  if (behind <= max_misorder) {
    if (behind < 64) {
      if ((seen_ >> behind & 1) != 0) {
        what = outcome::repeated;
        return false;
      }
      seen_ |= std::uint64_t{1} << behind;
    }
    return true;
  }
  if (restarting_ &&
      sequence == restart_at_) {  // two in a row: the sender restarted without a new SSRC
    newest_ = sequence;
    seen_ = 1;
    ++expected_;
    restarting_ = false;
    timed_ = false;
    fastest_.clear();
    return true;
  }
  restarting_ = true;
  restart_at_ = static_cast<std::uint16_t>(sequence + 1);
  what = outcome::stray;
  return false;
}

/// Telephone-events and comfort noise come under other payload types for a while; a lasting one
/// takes over.
void rtp_stream::follow_payload_type(const media_payload& packet, time_point now) noexcept {
  if (packet.payload_type != other_type_) {
    other_type_ = packet.payload_type;
    other_count_ = 0;
  }
  if (++other_count_ >= type_change_after && packet.payload_type != 13) {
    settle_type(packet.payload_type, now, packet.timestamp);
  }
}

/// Clock of a dynamic payload type from time-stamp steps against time: looked at after 10, 40 and
/// 200 packets, because early jitter misleads. Says what the stream is by the way: only video runs
/// at 90 kHz.
void rtp_stream::learn_clock(std::uint32_t timestamp, time_point now) noexcept {
  if (facts_of_payload_type(payload_type_).clock_hz != 0) return;
  if (learn_packets_ > 200) return;
  ++learn_packets_;
  if (learn_packets_ != 10 && learn_packets_ != 40 && learn_packets_ != 200) return;
  const double seconds = to_seconds(now - learn_time_);
  const auto ticks = static_cast<std::int32_t>(timestamp - learn_timestamp_);
  if (seconds < 0.05 || ticks <= 0) {  // all in one burst: wait for more
    if (learn_packets_ == 200) learn_packets_ = 0;
    return;
  }
  constexpr std::array<std::uint32_t, 5> clocks{8'000, 16'000, 32'000, 48'000, 90'000};
  const double measured = ticks / seconds;
  std::uint32_t best = 0;
  double least = 0.25;  // a factor of 1.28 at most
  for (const std::uint32_t hz : clocks) {
    const double off = std::abs(std::log(measured / hz));
    if (off >= least) continue;
    least = off;
    best = hz;
  }
  if (best == 0) return;
  const bool announced_clock = clock_hz_ != 0 && clock_of_codec(announced_) == clock_hz_;
  if (announced_clock && best != 90'000) best = clock_hz_;
  if (best != clock_hz_) {
    clock_hz_ = best;
    restart_clock(timestamp, now);
  }
  sure_ = true;
  kind_ =
      best == 90'000 || same_timestamp_ > learn_packets_ / 4 ? flow_role::video : flow_role::voice;
  // Of the codecs in use only Opus runs a dynamic type at 48 kHz (RFC 7587 4.1).
  if (kind_ == flow_role::video)
    codec_ = codec::unknown;
  else if (codec_ == codec::unknown && best == 48'000)
    codec_ = codec::opus;
}

void rtp_stream::take_time(const media_payload& packet, time_point now) noexcept {
  const auto ticks_since_last = static_cast<std::int32_t>(packet.timestamp - last_timestamp_);
  if (clock_hz_ == 0) return;
  auto ticks = static_cast<std::int32_t>(packet.timestamp - base_timestamp_);
  if (ticks > static_cast<std::int32_t>(clock_hz_) * 3600) {  // far below the wrap of 32 bits
    base_timestamp_ += clock_hz_ * 1800;
    base_time_ = base_time_ + std::chrono::seconds(1800);
    ticks = static_cast<std::int32_t>(packet.timestamp - base_timestamp_);
  }
  const std::int64_t transit =
      (now - base_time_).count() / 1000 - std::int64_t{ticks} * 1'000'000 / clock_hz_;
  const std::int64_t change = transit - transit_us_;
  const bool spurt = packet.marker && !last_marker_ && kind_ != flow_role::video &&
                     ticks_since_last > 0 &&
                     static_cast<std::uint32_t>(ticks_since_last) > clock_hz_ / 8;
  const std::int64_t jump = spurt ? spurt_jump_us : clock_jump_us;
  const bool adrift =
      std::abs(transit) > 1'000'000'000;  // a sender whose clock is not what it says
  if (adrift || std::abs(change) > (timed_ ? jump : clock_jump_us)) {
    restart_clock(packet.timestamp, now);
    transit_us_ = 0;
    timed_ = true;
    fastest_.above_least(0, now);
    return;
  }
  transit_us_ = static_cast<std::int32_t>(transit);
  if (timed_) jitter_us_ += (static_cast<float>(std::abs(change)) - jitter_us_) / 16;
  timed_ = true;
  lateness_us_ = fastest_.above_least(transit_us_, now);
  if (lateness_us_ > late_after_us) ++late_;
}

void rtp_stream::drain(media_direction& out, std::uint32_t& most_packets) noexcept {
  out.packets += packets_;
  out.codec_bytes += bytes_;
  out.expected += expected_;
  out.late += late_;
  out.loss_known = true;
  if (packets_ > most_packets || most_packets == 0) {
    if (packets_ > 0 || out.jitter_ms == 0) out.jitter_ms = jitter_us_ / 1000;
    most_packets = packets_;
  }
  packets_ = bytes_ = expected_ = late_ = 0;
}

}  // namespace callweir::classify

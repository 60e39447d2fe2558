#include "classify/detectors/rtp.hpp"

namespace callweir::classify {
namespace {

constexpr std::int32_t timestamp_step_max = 96'000 * 10;  // ten seconds of the fastest clock
constexpr std::int32_t reordered_ticks_max = 90'000;      // a second of video
constexpr std::uint16_t sequence_step_max = 64;           // a burst of loss of more than a second

void start(rtp_source& t, const rtp_header& h, const sample& s, std::int32_t ms) noexcept {
  t = {};
  t.used = true;
  t.ssrc = h.ssrc;
  t.way = s.way;
  t.sequence = h.sequence;
  t.timestamp = t.first_timestamp = h.timestamp;
  t.first_ms = t.last_ms = ms;
  t.packets = 1;
  t.payload_bytes = h.payload_bytes;
  t.payload_type = h.payload_type;
  t.extension = h.extension;
}

/// A stream begins anew when its time stamp or sequence jumps (RFC 3550 A.1, MAX_DROPOUT).
void follow(rtp_source& t, const rtp_header& h, std::int32_t ms) noexcept {
  const auto step = static_cast<std::int16_t>(h.sequence - t.sequence);
  const auto advance = static_cast<std::int32_t>(h.timestamp - t.timestamp);
  count_up(t.packets);
  t.payload_bytes += h.payload_bytes;
  if (step == 0 || (step < 0 && step > -16)) {
    // Sent twice, or overtaken: its time stamp may not be ahead.
    if (advance > 0) count_up(t.bad);
    return;
  }
  // Frames that are not sent in the order they were sampled (RFC 3550 section 5.1) step back a
  // little.
  const bool forwards = advance >= 0 && advance < timestamp_step_max;
  const bool reordered = advance < 0 && advance > -reordered_ticks_max && step == 1;
  if (step > 0 && step <= sequence_step_max && (forwards || reordered)) {
    count_up(t.good);
    if (step == 1) count_up(t.ones);
    if (advance == 0)
      count_up(t.same_timestamp);
    else
      t.constant_timestamp = false;
    // Telephone events and comfort noise share the SSRC: the type of most packets counts.
    if (h.payload_type != t.payload_type && t.good < 4) t.payload_type = h.payload_type;
  } else {
    // Senders probe with padding under a time stamp of zero before the first frame.
    if (t.good > 0) count_up(t.bad);
    t.first_timestamp = h.timestamp;
    t.first_ms = ms;
  }
  t.sequence = h.sequence;
  t.timestamp = h.timestamp;
  t.last_ms = ms;
  if (h.extension) t.extension = true;
}

}  // namespace

bool parse_rtp(const sample& s, rtp_header& out) noexcept {
  if (s.captured < 12 || (s.data[0] >> 6) != 2) return false;
  out.extension = (s.data[0] & 0x10) != 0;
  out.marker = (s.data[1] & 0x80) != 0;
  out.payload_type = s.data[1] & 0x7f;
  // RFC 5761 section 4: 64 to 95 would be RTCP.
  if (out.payload_type >= 64 && out.payload_type <= 95) return false;
  out.sequence = be16(s.data + 2);
  out.timestamp = be32(s.data + 4);
  out.ssrc = be32(s.data + 8);
  std::uint32_t header = 12 + 4u * (s.data[0] & 0xf);
  if (out.extension) {
    if (header + 4 > s.captured) return false;
    header += 4 + 4u * be16(s.data + header + 2);
  }
  if (header > s.bytes) return false;
  out.header_bytes = static_cast<std::uint16_t>(header);
  out.payload_bytes = static_cast<std::uint16_t>(s.bytes - header);
  return true;
}

bool rtp_source::clocked() const noexcept {
  const std::int32_t elapsed_ms = last_ms - first_ms;
  const auto ticks = static_cast<std::int32_t>(timestamp - first_timestamp);
  if (elapsed_ms < 40 || ticks <= 0) return false;
  const std::int64_t hz = std::int64_t{ticks} * 1000 / elapsed_ms;
  return hz >= 800 && hz <= 130'000;  // widened by jitter over a short time
}

bool rtp_source::video() const noexcept {
  const static_media known = facts_of_payload_type(payload_type).kind;
  if (known == static_media::video || known == static_media::broadcast) return true;
  if (known == static_media::voice) return false;
  const std::uint32_t mean = payload_bytes / (packets > 0 ? packets : 1);
  // A frame in several packets, or packets larger than 120 ms of wide-band PCM ever sends.
  return (same_timestamp >= 2 && same_timestamp * 4 >= good && mean > 300) || mean > 700;
}

bool rtp_detector::observe_rtp(const sample& s, std::int32_t ms) noexcept {
  rtp_header h;
  if (!parse_rtp(s, h)) {
    count_up(unlike);
    return false;
  }
  rtp_source* weakest = &streams[0];
  for (rtp_source& t : streams) {
    if (t.used && t.ssrc == h.ssrc && t.way == s.way) {
      follow(t, h, ms);
      return true;
    }
    if (!t.used ? weakest->used : (weakest->used && t.packets < weakest->packets)) weakest = &t;
  }
  if (weakest->used) count_up(unlike);
  if (!weakest->used || weakest->packets < 3) start(*weakest, h, s, ms);
  return true;
}

bool rtp_detector::observe_rtcp(const sample& s) noexcept {
  if (s.captured < 8 || (s.data[0] >> 6) != 2) return false;
  const std::uint8_t type = s.data[1];
  const std::uint32_t length = (be16(s.data + 2) + 1u) * 4;
  // SR, RR, SDES, BYE, APP (RFC 3550 12.1), RTPFB, PSFB (RFC 4585), XR (RFC 3611), and the later
  // 208 to 213 that applications use.
  if (type < 200 || type > 213 || length > s.bytes || length < 8) return false;
  if (type == 200 && length < 28) return false;
  const std::uint32_t sender = be32(s.data + 4);
  count_up(rtcp[s.way]);
  if (type == 200) count_up(reports[s.way]);
  if (rtcp[s.way] > 1 && rtcp_sender[s.way] == sender) count_up(rtcp_same[s.way]);
  rtcp_sender[s.way] = sender;
  // RFC 3711 section 3.4: E bit and 31-bit index, in front of the tag (10 or 4 bytes) or, RFC 7714
  // section 9.1, last of all.
  for (const std::uint32_t tail : {4u, 14u, 8u}) {
    if (length + tail > s.bytes || s.bytes > s.captured) continue;
    const std::uint32_t word = be32(s.data + s.bytes - tail);
    if (word > 0x8000'0000 && word < 0x8001'0000) {
      count_up(srtcp_indices);
      break;
    }
  }
  for (const rtp_source& t : streams) {
    if (t.used && t.way == s.way && t.ssrc == sender && t.packets >= 2) rtcp_matches = true;
  }
  return true;
}

int rtp_detector::confirmed(direction way) const noexcept {
  int n = 0;
  for (const rtp_source& t : streams) n += t.used && t.way == way && t.confirmed();
  return n;
}

int rtp_detector::plausible() const noexcept {
  int n = 0;
  for (const rtp_source& t : streams) n += t.used && t.plausible();
  return n;
}

bool rtp_detector::long_two_way() const noexcept {
  bool seen[2] = {false, false};
  for (const rtp_source& t : streams) {
    if (t.used && t.confirmed() && t.good >= 8) seen[t.way & 1] = true;
  }
  return seen[0] && seen[1];
}

flow_role rtp_detector::role() const noexcept {
  bool voice = false, video = false;
  for (const rtp_source& t : streams) {
    if (t.used && t.plausible()) (t.video() ? video : voice) = true;
  }
  return voice && video ? flow_role::media
         : video        ? flow_role::video
         : voice        ? flow_role::voice
                        : flow_role::unknown;
}

const rtp_source* rtp_detector::best() const noexcept {
  const rtp_source* best = nullptr;
  for (const rtp_source& t : streams) {
    if (t.used && t.plausible() && (best == nullptr || t.good > best->good)) best = &t;
  }
  return best;
}

}  // namespace callweir::classify

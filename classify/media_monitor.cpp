#include "classify/media_monitor.hpp"

#include <algorithm>

#include "base/applications.hpp"

namespace callweir::classify {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr nanoseconds stream_idle = std::chrono::seconds(5);  // then its place may go to a new SSRC
constexpr std::uint16_t srtp_tag_bytes = 10;  // RFC 3711 8.2, the default profile of DTLS-SRTP

time_point start_of_second(time_point now) noexcept {
  return {now.ns - (now.ns % second_ns + second_ns) % second_ns};
}

/// Sample-based codecs come in whole multiples of 5 ms (40 bytes); what is beyond is a tag of SDES
/// or MKI.
std::uint16_t tag_of_sampled_codec(std::uint16_t bytes) noexcept {
  const auto rest = static_cast<std::uint16_t>(bytes % 40);
  return bytes > 40 && (rest == 4 || rest == 10 || rest == 14 || rest == 16) ? rest
                                                                             : std::uint16_t{0};
}

}  // namespace

void media_monitor::begin(const verdict& what, codec announced, time_point now) noexcept {
  *this = media_monitor{};
  announced_ = announced;
  if (is_media(what.role)) expected_ = what.role;
  // Where users' machines set RTP up themselves (ICE), it is SRTP; elsewhere packets have to show
  // it.
  secured_ = what.app == app_webrtc ||
             (what.p2p == tristate::yes && what.app != app_sip && what.app != app_rtp);
  second_ = start_of_second(now);
}

flow_role media_monitor::observe(const packet_view& packet, direction way) noexcept {
  roll(packet.time);
  if (packet.later_fragment) return expected_;
  const media_payload payload = read_media_payload(packet);
  switch (payload.kind) {
    case payload_kind::dtls:
    case payload_kind::zrtp:
      secured_ = true;
      return flow_role::signalling;
    case payload_kind::rtcp:
    case payload_kind::stun:
    case payload_kind::tiny:
      return flow_role::signalling;
    case payload_kind::rtp:
    case payload_kind::opaque:
      break;
  }
  const bool by_header = rtp_mode();
  flow_role role = flow_role::signalling;
  if (payload.kind == payload_kind::rtp) role = observe_rtp(payload, way, packet.time);
  if (!by_header && !rtp_[way]) {
    const flow_role by_rhythm = ways_[way].rhythm.add(payload.bytes, packet.time);
    // Until continuity shows that it is RTP, a header alone proves nothing.
    role = by_rhythm == flow_role::voice && expected_ == flow_role::video ? expected_ : by_rhythm;
  }
  return role;
}

std::uint16_t media_monitor::codec_bytes_of(const media_payload& payload) noexcept {
  std::uint16_t bytes = payload.after_header;
  std::uint16_t extra = 0;
  if (secured_)
    extra = srtp_tag_bytes;
  else if (payload.payload_type == 0 || payload.payload_type == 8 || payload.payload_type == 9) {
    extra = tag_of_sampled_codec(bytes);
  }
  // Under SRTP the count of padding is encrypted; senders pad with packets that hold nothing else,
  // to probe the path.
  if (payload.padded && secured_) return 0;
  if (payload.padded && extra == 0 && payload.last_byte <= bytes) extra = payload.last_byte;
  return static_cast<std::uint16_t>(bytes > extra ? bytes - extra : 0);
}

flow_role media_monitor::observe_rtp(const media_payload& payload, direction way,
                                     time_point now) noexcept {
  way_state& state = ways_[way];
  rtp_stream* stream = nullptr;
  rtp_stream* vacant = nullptr;
  for (rtp_stream& s : state.streams) {
    if (s.in_use() && s.ssrc() == payload.ssrc) {
      stream = &s;
      break;
    }
    const bool may_go = !s.in_use() || !s.is_confirmed() || now - s.last_seen() > stream_idle;
    const bool better = vacant == nullptr ||
                        (vacant->in_use() && (!s.in_use() || s.last_seen() < vacant->last_seen()));
    if (may_go && better) vacant = &s;
  }
  const std::uint16_t bytes = codec_bytes_of(payload);
  if (stream == nullptr) {
    if (vacant == nullptr) return flow_role::media;  // a fifth source at once: not measured
    vacant->begin(payload, bytes, announced_, expected_, now);
    stream = vacant;
  } else if (stream->add(payload, bytes, now) == rtp_stream::outcome::confirmed && !rtp_[way]) {
    rtp_[way] = true;
    for (way_state& each : ways_) each.rhythm.discard();
  }
  return stream->kind();
}

void media_monitor::fate(direction way, flow_role role, bool dropped,
                         nanoseconds added_delay) noexcept {
  if (!is_media(role)) return;
  inflicted& taken = ways_[way].taken[role == flow_role::video ? 1 : 0];
  if (dropped) {
    ++taken.dropped;
    return;
  }
  taken.delay_us += static_cast<std::uint64_t>(
      std::clamp<std::int64_t>(added_delay.count() / 1000, 0, 60'000'000));
}

bool media_monitor::sample(time_point now, media_sample& out) noexcept {
  roll(now);
  if (samples_count_ == 0) return false;
  out = samples_[samples_first_];
  samples_first_ = static_cast<std::uint8_t>((samples_first_ + 1) % samples_max);
  --samples_count_;
  return true;
}

void media_monitor::roll(time_point now) noexcept {
  if (now - second_ < nanoseconds{second_ns}) return;
  const bool video = has_video();
  if (!video || voice_label() == flow_role::voice) finish_second(voice_label());
  if (video) finish_second(flow_role::video);
  second_ = start_of_second(now);
}

bool media_monitor::has_video() const noexcept {
  for (std::size_t way = 0; way < ways_.size(); ++way) {
    if (!rtp_[way] && ways_[way].rhythm.has_video()) return true;
    for (const rtp_stream& s : ways_[way].streams) {
      if (s.is_confirmed() && s.kind() == flow_role::video) return true;
    }
  }
  return expected_ == flow_role::video;
}

/// What the packets are that are not video: voice when anything says so, else media.
flow_role media_monitor::voice_label() const noexcept {
  if (expected_ == flow_role::voice) return flow_role::voice;
  for (std::size_t way = 0; way < ways_.size(); ++way) {
    if (!rtp_[way] && ways_[way].rhythm.has_voice() && expected_ != flow_role::video)
      return flow_role::voice;
    for (const rtp_stream& s : ways_[way].streams) {
      if (s.is_confirmed() && s.kind() == flow_role::voice) return flow_role::voice;
    }
  }
  return flow_role::media;
}

void media_monitor::finish_second(flow_role role) noexcept {
  if (samples_count_ == samples_max) {  // nobody takes them: the oldest goes
    samples_first_ = static_cast<std::uint8_t>((samples_first_ + 1) % samples_max);
    --samples_count_;
  }
  const auto slot = static_cast<std::size_t>((samples_first_ + samples_count_) % samples_max);
  ++samples_count_;
  media_sample& out = samples_[slot];
  out = media_sample{};
  out.second = second_;
  out.role = role;
  for (std::size_t way = 0; way < ways_.size(); ++way) sum_up(ways_[way], role, out.way[way]);
  if (role != flow_role::video) out.voice_codec = heard_ != codec::unknown ? heard_ : announced_;
}

void media_monitor::sum_up(way_state& state, flow_role role, media_direction& out) noexcept {
  const bool video = role == flow_role::video;
  std::uint32_t most = 0;
  for (rtp_stream& s : state.streams) {
    if (!s.is_confirmed() || (s.kind() == flow_role::video) != video) continue;
    s.drain(out, most);
    if (!video && s.voice_codec() != codec::unknown) heard_ = s.voice_codec();
  }
  if (!rtp_mode()) {
    if (video) state.rhythm.drain_video(out);
    if (!video || expected_ == flow_role::video) state.rhythm.drain_voice(out);
  }
  inflicted& taken = state.taken[video ? 1 : 0];
  out.dropped = taken.dropped;
  const std::uint32_t forwarded = out.packets > taken.dropped ? out.packets - taken.dropped : 0;
  if (forwarded > 0)
    out.added_delay_ms = static_cast<float>(taken.delay_us) / 1000 / static_cast<float>(forwarded);
  taken = inflicted{};
}

}  // namespace callweir::classify

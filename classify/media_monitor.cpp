#include "classify/media_monitor.hpp"

#include <algorithm>
#include <limits>

#include "base/applications.hpp"

namespace callweir::classify {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr nanoseconds stream_idle = std::chrono::seconds(5);  // then its place may go to a new SSRC
// A spare one is kept so long for a source that is muted.
constexpr nanoseconds spare_kept = std::chrono::seconds(30);
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

void media_monitor::end(spare_streams& spares) noexcept {
  for (std::uint32_t& chain : more_) spares.give_if(chain, [](const rtp_stream&) { return true; });
}

flow_role media_monitor::observe(const packet_view& packet, direction way,
                                 spare_streams& spares) noexcept {
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
  if (payload.kind == payload_kind::rtp) role = observe_rtp(payload, way, packet.time, spares);
  if (!by_header && !rtp_[way]) {
    const flow_role by_rhythm = rhythms_[way].add(payload.bytes, packet.time);
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

/// The stream of this source, or a place for it: not in use yet. nullptr: a fifth source at once.
rtp_stream* media_monitor::stream_of(std::uint32_t ssrc, direction way, time_point now,
                                     spare_streams& spares) noexcept {
  rtp_stream* stalest = nullptr;
  int streams = 0;
  std::uint32_t next = more_[way];
  for (rtp_stream* s = &streams_[way];; s = &spares[next], next = s->next()) {
    if (!s->in_use() || s->ssrc() == ssrc) return s;
    ++streams;
    const bool may_go = !s->is_confirmed() || now - s->last_seen() > stream_idle;
    if (may_go && (stalest == nullptr || s->last_seen() < stalest->last_seen())) stalest = s;
    if (next == spare_streams::none) break;
  }
  rtp_stream* const spare = streams < streams_max ? spares.take(more_[way]) : nullptr;
  if (spare != nullptr) return spare;
  if (stalest != nullptr) stalest->release();
  return stalest;
}

flow_role media_monitor::observe_rtp(const media_payload& payload, direction way, time_point now,
                                     spare_streams& spares) noexcept {
  rtp_stream* const stream = stream_of(payload.ssrc, way, now, spares);
  if (stream == nullptr) return flow_role::media;  // not measured
  const std::uint16_t bytes = codec_bytes_of(payload);
  if (!stream->in_use()) {
    stream->begin(payload, bytes, announced_, expected_, now);
  } else if (stream->add(payload, bytes, now) == rtp_stream::outcome::confirmed && !rtp_[way]) {
    rtp_[way] = true;
    for (rhythm_stream& each : rhythms_) each.discard();
  }
  return stream->kind();
}

void media_monitor::fate(direction way, flow_role role, bool dropped,
                         nanoseconds added_delay) noexcept {
  if (!is_media(role)) return;
  inflicted& taken = taken_[way][role == flow_role::video ? 1 : 0];
  if (dropped) {
    ++taken.dropped;
    return;
  }
  const auto us = static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(added_delay.count() / 1000, 0, 60'000'000));
  taken.delay_us += std::min(us, std::numeric_limits<std::uint32_t>::max() - taken.delay_us);
}

bool media_monitor::sample(time_point now, spare_streams& spares, media_sample& out) noexcept {
  if (!due(now)) return false;
  const bool video = has_video(spares);
  const flow_role voice = voice_label(spares);
  if (!voice_given_ && (!video || voice == flow_role::voice)) {
    finish(voice, spares, out);
    voice_given_ = video;
  } else {
    finish(flow_role::video, spares, out);
    voice_given_ = false;
  }
  if (!voice_given_) begin_second(now, spares);
  return true;
}

void media_monitor::begin_second(time_point now, spare_streams& spares) noexcept {
  second_ = start_of_second(now);
  for (std::uint32_t& chain : more_) {
    if (chain == spare_streams::none) continue;
    spares.give_if(chain, [now](const rtp_stream& s) {
      return now - s.last_seen() > (s.is_confirmed() ? spare_kept : stream_idle);
    });
  }
}

bool media_monitor::has_confirmed(flow_role kind, direction way,
                                  const spare_streams& spares) const noexcept {
  const auto is = [kind](const rtp_stream& s) { return s.is_confirmed() && s.kind() == kind; };
  if (is(streams_[way])) return true;
  for (std::uint32_t at = more_[way]; at != spare_streams::none; at = spares[at].next()) {
    if (is(spares[at])) return true;
  }
  return false;
}

bool media_monitor::has_video(const spare_streams& spares) const noexcept {
  for (const direction way : {forward, backward}) {
    if (!rtp_[way] && rhythms_[way].has_video()) return true;
    if (has_confirmed(flow_role::video, way, spares)) return true;
  }
  return expected_ == flow_role::video;
}

/// What the packets are that are not video: voice when anything says so, else media.
flow_role media_monitor::voice_label(const spare_streams& spares) const noexcept {
  if (expected_ == flow_role::voice) return flow_role::voice;
  for (const direction way : {forward, backward}) {
    if (!rtp_[way] && rhythms_[way].has_voice() && expected_ != flow_role::video)
      return flow_role::voice;
    if (has_confirmed(flow_role::voice, way, spares)) return flow_role::voice;
  }
  return flow_role::media;
}

void media_monitor::finish(flow_role role, spare_streams& spares, media_sample& out) noexcept {
  out = media_sample{};
  out.second = second_;
  out.role = role;
  for (const direction way : {forward, backward}) sum_up(way, role, spares, out.way[way]);
  if (role != flow_role::video) out.voice_codec = heard_ != codec::unknown ? heard_ : announced_;
}

void media_monitor::sum_up(direction way, flow_role role, spare_streams& spares,
                           media_direction& out) noexcept {
  const bool video = role == flow_role::video;
  std::uint32_t most = 0;
  const auto add = [&](rtp_stream& s) {
    if (!s.is_confirmed() || (s.kind() == flow_role::video) != video) return;
    s.drain(out, most);
    if (!video && s.voice_codec() != codec::unknown) heard_ = s.voice_codec();
  };
  add(streams_[way]);
  for (std::uint32_t at = more_[way]; at != spare_streams::none; at = spares[at].next())
    add(spares[at]);
  if (!rtp_mode()) {
    if (video) rhythms_[way].drain_video(out);
    if (!video || expected_ == flow_role::video) rhythms_[way].drain_voice(out);
  }
  inflicted& taken = taken_[way][video ? 1 : 0];
  out.dropped = taken.dropped;
  const std::uint32_t forwarded = out.packets > taken.dropped ? out.packets - taken.dropped : 0;
  if (forwarded > 0)
    out.added_delay_ms = static_cast<float>(taken.delay_us) / 1000 / static_cast<float>(forwarded);
  taken = inflicted{};
}

}  // namespace callweir::classify

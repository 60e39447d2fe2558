#include <algorithm>

#include "base/applications.hpp"
#include "classify/detectors/demultiplex.hpp"
#include "classify/fusion.hpp"
#include "classify/inspector_impl.hpp"
#include "classify/reasons.hpp"

namespace callweir::classify {
namespace {

constexpr int relay_depth_max = 2;

/// Channel data in a TCP stream.
bool is_channel_frame(const inspection& s, const sample& rest) noexcept {
  if (rest.data[0] < 64 || rest.data[0] > 79) return false;
  const std::uint32_t length = be16(rest.data + 2) + 4u, padded = (length + 3u) & ~3u;
  return s.stun.any() || s.stun.channelled() || padded == rest.bytes;
}

/// RFC 4571: a length, then a datagram of STUN, DTLS, RTP or RTCP.
bool is_length_framed(const inspection& s, const sample& rest) noexcept {
  const std::uint16_t length = be16(rest.data);
  if (length < 12 || length + 2 > rest.bytes) return false;
  if (s.stun.any() || s.rtp.plausible() > 0) return true;
  if (rest.captured >= 22 && be32(rest.data + 6) == stun_cookie) return true;
  return length + 2 == rest.bytes && rest.data[2] >> 6 == 2;
}

/// The end of a flow that is inside: by the side its first packet came from.
bool source_is_inside(const flow_identity& f) noexcept {
  return f.initiator == side::inside;
}

}  // namespace

void inspector::impl::start(inspection& s, const inspected_flow& f, const packet_view& p) noexcept {
  const flow_identity& id = f.flow;
  s.started = true;
  s.first_ns = p.time.ns;
  s.tcp = id.protocol == proto_tcp;
  s.odd_ports = (id.source_port & id.destination_port & 1) != 0 &&
                std::min(id.source_port, id.destination_port) >= 1024;
  // Zoom's own firewall guide: UDP 8801 to 8810.
  const auto of_zoom = [](std::uint16_t port) { return port >= 8801 && port <= 8810; };
  s.zoom_port = !s.tcp && (of_zoom(id.source_port) || of_zoom(id.destination_port));
  s.multicast = id.destination.is_multicast() || id.source.is_multicast();
  const bool source = source_is_inside(id);
  const ip_address& inside = source ? id.source : id.destination;
  const ip_address& outside = source ? id.destination : id.source;
  // TCP ports of clients are never shared; the key then stands for this flow alone.
  s.endpoint_key = context.endpoint_key(inside, source ? id.source_port : id.destination_port);
  s.relay_key = context.relay_key(inside, outside, source ? id.destination_port : id.source_port);
  s.pair_key = context.pair_key(id.source, id.destination);
  const expectation* e = nullptr;
  if (!s.tcp) {
    e = context.expected(id.destination, id.destination_port, p.time);
    if (e == nullptr) e = context.expected(id.source, id.source_port, p.time);
  }
  if (e != nullptr) {
    s.announced = true;
    s.dialog = e->dialog;
    s.announced_codec = e->voice_codec;
    s.emergency = e->emergency && e->answered;
  }
  if (const endpoint_state* pair = context.find(s.pair_key, p.time)) s.rtsp = pair->in_call;
}

void inspector::impl::stun(inspection& s, const sample& part, int depth) noexcept {
  stun_message m;
  if (!parse_stun(part, m)) return;
  s.stun.observe(m, part.way, depth > 0);
  if (m.data_bytes > 0) datagram(s, part.part(m.data_offset, m.data_bytes), depth + 1);
}

/// Applications with a form of their own.
void inspector::impl::applications(inspection& s, const sample& part,
                                   const packet_view& p) noexcept {
  const auto either = [&](auto matches) {
    return matches(p.source_port) || matches(p.destination_port);
  };
  s.iax.observe(part, either([](std::uint16_t port) { return port == iax_port; }));
  s.tox.observe(part, either([](std::uint16_t port) { return port >= 33445 && port <= 33545; }));
}

void inspector::impl::datagram(inspection& s, const sample& part, int depth) noexcept {
  if (depth > relay_depth_max || part.captured == 0) return;
  const vendor_frame frame = recognise_vendor(part, s.zoom_port);
  s.vendor.observe(frame, part);
  const auto ms = static_cast<std::int32_t>((part.time.ns - s.first_ns) / 1'000'000);
  if (frame.media) {
    const sample inner = part.part(frame.inner_offset);
    if (frame.rtcp)
      s.rtp.observe_rtcp(inner);
    else
      s.rtp.observe_rtp(inner, ms);
    return;
  }
  switch (demultiplex(part)) {
    case wire_kind::stun:
      stun(s, part, depth);
      return;
    case wire_kind::turn_channel:
      count_up(s.stun.channel_data[part.way]);
      datagram(s, part.part(4, be16(part.data + 2)), depth + 1);
      return;
    case wire_kind::multiplexed_turn:
      count_up(s.stun.channel_data[part.way]);
      datagram(s, part.part(multiplexed_turn_header), depth + 1);
      return;
    case wire_kind::dtls:
      if (s.dtls.observe(part)) return;
      break;
    case wire_kind::rtcp:
      s.rtp.observe_rtcp(part);
      break;
    case wire_kind::rtp:
      s.rtp.observe_rtp(part, ms);
      break;
    case wire_kind::other:
      break;
  }
  observe_rhythm(s, part);
}

/// Lent once nothing else explains the flow: of most the first packets say what they are. RTP is
/// given the time to be sure of itself; what nobody answers is no talk.
void inspector::impl::observe_rhythm(inspection& s, const sample& part) noexcept {
  constexpr int unexplained_packets = 10, rtp_packets = 32;
  if (s.rhythm == nullptr) {
    const int packets = s.packets[0] + s.packets[1];
    if (s.tcp || packets < unexplained_packets || s.packets[0] == 0 || s.packets[1] == 0) return;
    if (packets < rtp_packets && s.rtp.confirmed() > 0) return;
    if (s.innocent.verdict() != innocent_kind::none) return;
  }
  if (voice_rhythm* const rhythm = rhythms.use(s, part.time)) rhythm->observe(part);
}

/// STUN and channels in TCP come bare (TURN, RFC 8656 section 3.1) or with a length in front (RFC
/// 4571, ICE-TCP). Where their beginning was not seen, a segment has to hold exactly one frame; RTP
/// inside has to confirm.
void inspector::impl::stream_segment(inspection& s, const sample& whole) noexcept {
  sample rest = whole;
  for (int i = 0; i < 8 && rest.captured >= 4; ++i) {
    const std::uint16_t first = be16(rest.data);
    stun_message m;
    std::uint32_t taken = 0;
    if (rest.captured >= 20 && be32(rest.data + 4) == stun_cookie && parse_stun(rest, m)) {
      datagram(s, rest.part(0, m.total), 0);
      taken = m.total;
    } else if (is_channel_frame(s, rest)) {
      taken = (be16(rest.data + 2) + 4u + 3u) & ~3u;  // padded over TCP
      datagram(s, rest.part(0, be16(rest.data + 2) + 4u), 0);
    } else if (is_length_framed(s, rest)) {
      datagram(s, rest.part(2, first), 0);
      taken = first + 2u;
    }
    if (taken == 0 || taken >= rest.bytes) return;
    rest = rest.part(taken);
  }
}

void inspector::impl::text(inspection& s, const sample& part, const inspected_flow& f,
                           const packet_view& p) noexcept {
  // Methods and "SIP/2.0" or "RTSP/1.0" begin with three capitals: what is encrypted seldom does.
  const auto capital = [&](int i) { return part.data[i] >= 'A' && part.data[i] <= 'Z'; };
  const bool worded = part.captured >= 12 && capital(0) && capital(1) && capital(2);
  const std::string_view view(reinterpret_cast<const char*>(part.data), part.captured);
  if (s.tcp && (s.sip_messages > 0 || (worded && begins_sip(view)))) {
    sip_stream(s, part, f, p);
    return;
  }
  if (!worded) return;
  const std::string_view line = view.substr(0, view.find('\n'));
  if (line.find("RTSP/1.0") != std::string_view::npos ||
      line.find("RTSP/2.0") != std::string_view::npos) {
    s.rtsp = true;
    context.claim(s.pair_key, part.time).in_call = true;
    return;
  }
  sip_message m;
  if (s.tcp || !parse_sip(view, m)) return;
  count_up(s.sip_messages);
  sip(s, m, f, part.time);
}

/// A message that is not all there is read as far as it goes, at once, and again when it ends.
void inspector::impl::sip_stream(inspection& s, const sample& part, const inspected_flow& f,
                                 const packet_view& p) noexcept {
  constexpr int messages_max = 16;  // in one segment
  const std::uint64_t key = f.flow.id * 2 + part.way + 1;
  const std::string_view segment(reinterpret_cast<const char*>(part.data), part.captured);
  const std::uint32_t next = p.tcp_sequence + part.bytes;
  std::string_view text = sip_streams.join(key, segment, p.tcp_sequence, part.time);
  if (text.empty()) return;
  const bool fresh = text.data() == segment.data();
  for (int i = 0; i < messages_max; ++i) {
    while (text.starts_with("\r\n")) text.remove_prefix(2);
    const std::size_t whole = sip_message_bytes(text);
    sip_message m;
    if (!parse_sip(whole > 0 ? text.substr(0, whole) : text, m)) {
      text = {};
      break;
    }
    if (whole > 0 || fresh) {
      count_up(s.sip_messages);
      sip(s, m, f, part.time);
    }
    if (whole == 0) break;
    text.remove_prefix(whole);
  }
  // What was cut off by the capture's snap length cannot be joined.
  sip_streams.keep(key, part.captured == part.bytes ? text : std::string_view{}, next, part.time);
}

void inspector::impl::sip(inspection& s, const sip_message& m, const inspected_flow& f,
                          time_point now) noexcept {
  flow_event event;
  dialog_notice notice;
  if (!context.follow(m, now, notice)) return;
  s.dialog = notice.dialog;
  s.emergency = notice.emergency;
  context.expect(notice, now);
  event.type = flow_event::kind::dialog;
  event.at = now;
  event.flow = f.flow;
  event.totals = f.totals;
  event.what = s.current;
  event.ties.dialog = notice.dialog;
  event.ties.emergency = notice.emergency;
  event.dialog = notice;
  events.push(event);
}

void inspector::impl::gateway(inspection& s, const sample& part, const packet_view& p) noexcept {
  const gateway_protocol found = recognise_gateway(part, s.tcp, p.source_port, p.destination_port);
  if (found == gateway_protocol::none) return;
  s.gateway = found;
  count_up(s.gateway_messages);
}

/// Profiles the inside endpoint by the first packet of each flow it opens, and the answers.
void inspector::impl::skype(inspection& s, const sample& part, const inspected_flow& f) noexcept {
  const flow_identity& id = f.flow;
  if (id.protocol != proto_udp || s.multicast) return;
  const bool inside_opened = source_is_inside(id);
  const bool from_inside = inside_opened == (part.way == forward);
  const bool first = s.packets[0] + s.packets[1] == 1;
  if (first && recognise_skype(part) == skype_form::probe) s.skype_form = true;
  if (!first && !s.skype_form) return;
  if (!first && s.packets[0] + s.packets[1] > 8) return;
  if (!inside_opened) return;
  endpoint_state& endpoint = context.claim(s.endpoint_key, part.time);
  if (first) {
    endpoint.skype.observe_first(part, hash_bytes(&id.destination, sizeof id.destination),
                                 id.destination_port);
  } else if (!from_inside) {
    endpoint.skype.observe_answer(part);
  }
  const int sure = endpoint.skype.confidence();
  if (sure < acting_pct) return;
  s.skype_endpoint = true;
  if (endpoint.skype.named) return;
  endpoint.skype.named = true;
  flow_event event;
  event.type = flow_event::kind::endpoint;
  event.at = part.time;
  event.flow = id;
  event.totals = f.totals;
  event.what.app = app_skype;
  event.what.voip = true;
  event.what.role = flow_role::overlay;
  event.what.p2p = tristate::yes;
  event.what.confidence_pct = static_cast<std::uint8_t>(sure);
  event.what.reasons =
      bit(reason::skype_endpoint) | bit(reason::skype_probe) | bit(reason::overlay_fanout);
  events.push(event);
}

void inspector::impl::look_up(inspection& s, const inspected_flow& f, time_point now) noexcept {
  if (!s.announced && !s.tcp && s.rtp.confirmed() > 0) {
    // Announced after its first packet: early media overtakes the answer.
    const expectation* e = context.expected(f.flow.destination, f.flow.destination_port, now);
    if (e == nullptr) e = context.expected(f.flow.source, f.flow.source_port, now);
    if (e != nullptr) {
      s.announced = true;
      s.dialog = e->dialog;
      s.announced_codec = e->voice_codec;
    }
  }
  if (s.announced) {
    const expectation* e = context.expected(f.flow.destination, f.flow.destination_port, now);
    if (e == nullptr) e = context.expected(f.flow.source, f.flow.source_port, now);
    s.emergency = e != nullptr && e->emergency && e->answered;
  }
  if (!s.stun.any() && s.rtp.confirmed() == 0) return;
  pair_one_way(s, f, now);
  if (!s.tcp && !s.endpoint_in_call && !s.endpoint_told) {
    const endpoint_state* endpoint = context.find(s.endpoint_key, now);
    s.endpoint_in_call = endpoint != nullptr && endpoint->in_call;
  }
  if (!s.relay_in_call && s.stun.allocations > 0) {
    const endpoint_state* relay = context.find(s.relay_key, now);
    s.relay_in_call = relay != nullptr && relay->in_call;
  }
}

/// Gateways that do not send from where they receive (RFC 4961 is only advice) split a talk into
/// two flows of one direction each.
void inspector::impl::pair_one_way(inspection& s, const inspected_flow& f,
                                   time_point now) noexcept {
  if (s.tcp || s.multicast || s.rtsp || s.answered_elsewhere || s.rtp.confirmed() == 0) return;
  const rtp_source* voice = s.rtp.best();
  if (s.rtp.two_way() || s.rtp.role() != flow_role::voice || !voice->clocked()) return;
  const bool ascending = (f.flow.source < f.flow.destination) == (voice->way == forward);
  endpoint_state& pair = context.claim(s.pair_key, now);
  pair.voice_ways |= ascending ? 1 : 2;
  s.answered_elsewhere = pair.voice_ways == 3;
}

void inspector::impl::tell_context(inspection& s, time_point now) noexcept {
  const verdict& v = s.current;
  if (!v.voip || v.confidence_pct < acting_pct || !is_media(v.role) || s.tcp) return;
  if (!s.endpoint_told) context.claim(s.endpoint_key, now).in_call = true;
  s.endpoint_told = true;
  if (s.stun.allocations > 0) context.claim(s.relay_key, now).in_call = true;
}

}  // namespace callweir::classify

#include "classify/inspector.hpp"

#include <cstdlib>
#include <new>

#include "base/applications.hpp"
#include "classify/call_context.hpp"
#include "classify/detectors/demultiplex.hpp"
#include "classify/fusion.hpp"
#include "classify/reasons.hpp"

namespace callweir::classify {
namespace {

constexpr std::uint16_t ndpi_packets_max = 10;
constexpr std::uint16_t media_settle_packets =
    96;  // sure of media for so long: what is seen is what it is
constexpr std::uint16_t tcp_packets_max = 48;     // TCP with payload that nothing names
constexpr std::uint16_t udp_packets_max = 1'500;  // half a minute of a talk's packets
constexpr std::uint16_t named_packets_max = 12;   // what nDPI and no detector of ours names
constexpr int relay_depth_max = 2;

/// The end of a flow that is inside: by the side its first packet came from.
bool source_is_inside(const flow_identity& f) noexcept {
  return f.initiator == side::inside;
}

}  // namespace

struct inspector::impl {
  impl(const config& c, event_sink& sink) : context(c), events(sink), capacity(c.inspections_max) {
    pool = static_cast<inspection*>(std::calloc(capacity, sizeof(inspection)));
    if (pool == nullptr) throw std::bad_alloc();
  }
  ~impl() { std::free(pool); }
  impl(const impl&) = delete;
  impl& operator=(const impl&) = delete;

  void start(inspection& s, const inspected_flow& f, const packet_view& p) noexcept;
  void datagram(inspection& s, const sample& whole, const packet_view& p, int depth) noexcept;
  void stun(inspection& s, const sample& part, const packet_view& p, int depth) noexcept;
  void stream_segment(inspection& s, const sample& part, const packet_view& p) noexcept;
  void text(inspection& s, const sample& part, const inspected_flow& f) noexcept;
  void gateway(inspection& s, const sample& part, const packet_view& p) noexcept;
  void skype(inspection& s, const sample& part, const inspected_flow& f) noexcept;
  void look_up(inspection& s, const inspected_flow& f, time_point now) noexcept;
  void tell_context(inspection& s, time_point now) noexcept;
  bool judged(const inspection& s, const inspected_flow& f) const noexcept;
  bool judged_innocent(inspection& s, const inspected_flow& f) const noexcept;

  call_context context;
  event_sink& events;
  ndpi_names names;
  inspection* pool = nullptr;
  std::uint32_t capacity = 0, used = 0;
  std::uint32_t free_head = 0xffff'ffff;
};

void inspector::impl::start(inspection& s, const inspected_flow& f, const packet_view& p) noexcept {
  const flow_identity& id = f.flow;
  s.started = true;
  s.first_ns = p.time.ns;
  s.tcp = id.protocol == proto_tcp;
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

void inspector::impl::stun(inspection& s, const sample& part, const packet_view& p,
                           int depth) noexcept {
  stun_message m;
  if (!parse_stun(part, m)) return;
  s.stun.observe(m, part.way, depth > 0);
  if (m.data_bytes > 0) datagram(s, part.part(m.data_offset, m.data_bytes), p, depth + 1);
}

void inspector::impl::datagram(inspection& s, const sample& part, const packet_view& p,
                               int depth) noexcept {
  if (depth > relay_depth_max || part.captured == 0) return;
  const bool zoom_port = [&] {
    const auto in = [](std::uint16_t port) { return port >= 8801 && port <= 8810; };
    return in(p.source_port) || in(p.destination_port);
  }();
  const vendor_frame frame = recognise_vendor(part, zoom_port);
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
      stun(s, part, p, depth);
      return;
    case wire_kind::turn_channel:
      if (s.stun.any() || s.relay_in_call) {
        count_up(s.stun.channel_data[part.way]);
        datagram(s, part.part(4, be16(part.data + 2)), p, depth + 1);
        return;
      }
      break;
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
  s.rhythm.observe(part);
}

/// STUN in TCP comes bare (TURN, RFC 8656 section 3.1) or with a length in front (RFC 4571,
/// ICE-TCP).
void inspector::impl::stream_segment(inspection& s, const sample& whole,
                                     const packet_view& p) noexcept {
  sample rest = whole;
  for (int i = 0; i < 8 && rest.captured >= 4; ++i) {
    const std::uint16_t first = be16(rest.data);
    stun_message m;
    std::uint32_t taken = 0;
    if (rest.captured >= 20 && be32(rest.data + 4) == 0x2112a442 && parse_stun(rest, m)) {
      datagram(s, rest.part(0, m.total), p, 0);
      taken = m.total;
    } else if (rest.data[0] >= 64 && rest.data[0] <= 79 && s.stun.any()) {
      taken = (be16(rest.data + 2) + 4u + 3u) & ~3u;  // padded over TCP
      datagram(s, rest.part(0, be16(rest.data + 2) + 4u), p, 0);
    } else if (first >= 12 && first + 2 <= rest.bytes &&
               (s.stun.any() || (rest.captured >= 22 && be32(rest.data + 6) == 0x2112a442))) {
      datagram(s, rest.part(2, first), p, 0);
      taken = first + 2u;
    }
    if (taken == 0 || taken >= rest.bytes) return;
    rest = rest.part(taken);
  }
}

void inspector::impl::text(inspection& s, const sample& part, const inspected_flow& f) noexcept {
  if (part.captured < 12 || part.data[0] < 'A' || part.data[0] > 'Z') return;
  const std::string_view view(reinterpret_cast<const char*>(part.data), part.captured);
  const std::string_view line = view.substr(0, view.find('\n'));
  if (line.find("RTSP/1.0") != std::string_view::npos ||
      line.find("RTSP/2.0") != std::string_view::npos) {
    s.rtsp = true;
    context.claim(s.pair_key, part.time).in_call = true;
    return;
  }
  sip_message m;
  if (!parse_sip(view, m)) return;
  count_up(s.sip_messages);
  flow_event event;
  dialog_notice notice;
  if (!context.follow(m, part.time, notice)) return;
  s.dialog = notice.dialog;
  s.emergency = notice.emergency;
  context.expect(notice, part.time);
  event.type = flow_event::kind::dialog;
  event.at = part.time;
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
  if (!s.tcp && !s.endpoint_in_call && !s.endpoint_told) {
    const endpoint_state* endpoint = context.find(s.endpoint_key, now);
    s.endpoint_in_call = endpoint != nullptr && endpoint->in_call;
  }
  if (!s.relay_in_call && s.stun.allocations > 0) {
    const endpoint_state* relay = context.find(s.relay_key, now);
    s.relay_in_call = relay != nullptr && relay->in_call;
  }
}

void inspector::impl::tell_context(inspection& s, time_point now) noexcept {
  const verdict& v = s.current;
  if (!v.voip || v.confidence_pct < acting_pct || !is_media(v.role) || s.tcp) return;
  if (!s.endpoint_told) context.claim(s.endpoint_key, now).in_call = true;
  s.endpoint_told = true;
  if (s.stun.allocations > 0) context.claim(s.relay_key, now).in_call = true;
}

bool inspector::impl::judged_innocent(inspection& s, const inspected_flow& f) const noexcept {
  if (s.current.voip || s.sip_messages > 0) return false;
  const std::uint32_t packets = s.packets[0] + s.packets[1];
  const bool named =
      !f.ndpi.guessed && names.kind(f.ndpi) == ndpi_kind::other && packets >= named_packets_max;
  const innocent_kind kind = s.innocent.verdict();
  // QUIC may share its port with media (seen in the field): left to run on.
  const bool form =
      kind != innocent_kind::none && kind != innocent_kind::quic && packets >= named_packets_max;
  if (named || form) {
    s.current.role = flow_role::other;
    s.current.app =
        named ? current_application(f.ndpi.app != 0 ? f.ndpi.app : f.ndpi.master) : s.current.app;
    s.current.confidence_pct = 95;
    s.current.reasons |= bit(named ? reason::not_telephony : reason::game_or_tunnel);
    return true;
  }
  return packets >= (s.tcp && !s.stun.any() ? tcp_packets_max : udp_packets_max);
}

bool inspector::impl::judged(const inspection& s, const inspected_flow&) const noexcept {
  const verdict& v = s.current;
  if (v.confidence_pct < acting_pct || s.sip_messages > 0) return false;
  if (!v.voip) return v.role == flow_role::other;
  if (v.role == flow_role::overlay) return s.inspected >= ndpi_packets_max;
  return is_media(v.role) && s.inspected - s.media_since >= media_settle_packets;
}

inspector::inspector(const config& settings, event_sink& events)
    : impl_(std::make_unique<impl>(settings, events)) {}
inspector::~inspector() = default;

inspection* inspector::acquire() noexcept {
  impl& i = *impl_;
  if (i.free_head != 0xffff'ffff) {
    inspection* s = i.pool + i.free_head;
    i.free_head = s->next_free;
    std::memset(static_cast<void*>(s), 0, sizeof *s);
    return s;
  }
  return i.used < i.capacity ? i.pool + i.used++ : nullptr;
}

void inspector::release(inspection* scratch) noexcept {
  if (scratch == nullptr) return;
  scratch->next_free = impl_->free_head;
  impl_->free_head = static_cast<std::uint32_t>(scratch - impl_->pool);
}

bool inspector::worth_inspecting(const packet_view& p) const noexcept {
  if (p.status != decode_status::ok) return false;
  if (p.protocol == proto_tcp) return true;
  if (p.protocol != proto_udp) return false;
  if (p.later_fragment) return true;
  const sample first{p.payload(), p.payload_captured, p.payload_bytes, forward, p.time};
  return !is_service(first, p.source_port, p.destination_port);
}

bool inspector::wants_ndpi(const inspection& s) const noexcept {
  return s.ndpi_packets < ndpi_packets_max && s.sip_messages == 0;
}

inspection_step inspector::observe(inspection& s, const inspected_flow& f, const packet_view& p,
                                   direction way, verdict& out, call_ties& ties) noexcept {
  impl& i = *impl_;
  if (!s.started) i.start(s, f, p);
  count_up(s.inspected);
  if (s.ndpi_packets < 255 && p.payload_bytes > 0) ++s.ndpi_packets;
  if (p.payload_bytes == 0 || p.payload_captured == 0 || p.later_fragment)
    return inspection_step::more;
  const sample part{p.payload(), p.payload_captured, p.payload_bytes, way, p.time};
  count_up(s.packets[way]);
  s.payload_bytes += p.payload_bytes;
  i.text(s, part, f);
  if (s.sip_messages == 0) {
    i.gateway(s, part, p);
    if (s.tcp) {
      i.stream_segment(s, part, p);
    } else {
      if (s.packets[0] + s.packets[1] <= 64)
        s.innocent.observe(part, p.source_port, p.destination_port);
      i.datagram(s, part, p, 0);
      i.skype(s, part, f);
      if (s.rhythm.due()) s.rhythm_pct = static_cast<std::uint8_t>(s.rhythm.confidence());
    }
  }
  i.look_up(s, f, p.time);
  const bool changed = upgrade(s.current, fuse(s, f.ndpi, i.names));
  if (s.media_since == 0 && s.current.voip && s.current.confidence_pct >= acting_pct &&
      is_media(s.current.role)) {
    s.media_since = s.inspected;
  }
  i.tell_context(s, p.time);
  const bool innocent = i.judged_innocent(s, f);
  const call_ties before = ties;
  ties.dialog = s.dialog;
  ties.ice_session = s.stun.ice_session;
  ties.ice = s.stun.ice();
  ties.relayed = s.stun.relay_used() || s.stun.allocations > 0;
  ties.emergency = s.emergency;
  out = s.current;
  if (innocent || i.judged(s, f)) return inspection_step::decided;
  const bool tied = ties.dialog != before.dialog || ties.ice_session != before.ice_session ||
                    ties.ice != before.ice || ties.relayed != before.relayed ||
                    ties.emergency != before.emergency;
  return changed || tied ? inspection_step::upgraded : inspection_step::more;
}

void inspector::conclude(inspection& s, const inspected_flow& f, verdict& out,
                         call_ties& ties) noexcept {
  upgrade(s.current, fuse(s, f.ndpi, impl_->names));
  const ndpi_kind kind = impl_->names.kind(f.ndpi);
  if (!s.current.voip && s.current.confidence_pct == 0 && kind == ndpi_kind::other &&
      !f.ndpi.guessed) {
    s.current.app = current_application(f.ndpi.app != 0 ? f.ndpi.app : f.ndpi.master);
    s.current.reasons |= bit(reason::not_telephony);
    s.current.confidence_pct = 90;
  }
  if (!s.current.voip && s.packets[0] + s.packets[1] < 8)
    s.current.reasons |= bit(reason::too_few_packets);
  out = s.current;
  ties.dialog = s.dialog;
  ties.ice_session = s.stun.ice_session;
}

void inspector::expect_media(const dialog_notice& notice) noexcept {
  // Its time is not told: the newest of this worker's packets would do, the table only ages by it.
  impl_->context.expect(notice, impl_->context.newest());
}

std::size_t inspector::memory_bytes() const noexcept {
  return std::size_t{impl_->capacity} * sizeof(inspection) + impl_->context.memory_bytes();
}

}  // namespace callweir::classify

#include "classify/inspector.hpp"

#include "base/applications.hpp"
#include "classify/detectors/demultiplex.hpp"
#include "classify/fusion.hpp"
#include "classify/inspector_impl.hpp"
#include "classify/reasons.hpp"

namespace callweir::classify {
namespace {

/// Sure of media for so long: what is seen is what it is.
constexpr std::uint16_t media_settle_packets = 20;
constexpr std::uint16_t tcp_packets_max = 48;     // TCP with payload that nothing names
constexpr std::uint16_t udp_packets_max = 1'500;  // half a minute of a talk's packets
/// What nDPI and no detector of ours names, and what runs by the form of QUIC alone.
constexpr std::uint16_t named_packets_max = 6;
/// What runs by the form of a game or a tunnel.
constexpr std::uint16_t form_packets_max = 12;

}  // namespace

inspection_step inspector::impl::judged_innocent(inspection& s,
                                                 const inspected_flow& f) const noexcept {
  if (s.current.voip || s.sip_messages > 0) return inspection_step::more;
  const std::uint32_t packets = s.packets[0] + s.packets[1];
  const bool named =
      !f.ndpi.guessed && names.kind(f.ndpi) == ndpi_kind::other && packets >= named_packets_max;
  const innocent_kind kind = s.innocent.verdict();
  // QUIC may share its port with media (RFC 9443): never for good.
  const bool quic = kind == innocent_kind::quic && packets >= named_packets_max && !s.stun.any() &&
                    s.rtp.plausible() == 0;
  const bool form =
      kind != innocent_kind::none && kind != innocent_kind::quic && packets >= form_packets_max;
  if (named || quic || form) {
    s.current.role = flow_role::other;
    if (named) {
      s.current.app = current_application(f.ndpi.app != 0 ? f.ndpi.app : f.ndpi.master);
    } else if (quic) {
      s.current.app = names.quic;
    }
    s.current.confidence_pct = 95;
    s.current.reasons |= bit(named || quic ? reason::not_telephony : reason::game_or_tunnel);
    return quic || (named && !s.tcp) ? inspection_step::settled : inspection_step::decided;
  }
  return packets >= (s.tcp && !s.stun.any() ? tcp_packets_max : udp_packets_max)
             ? inspection_step::decided
             : inspection_step::more;
}

/// Weighing all evidence costs as much as gathering it: at each of the first packets, then at every
/// fourth, and whenever signalling was read.
bool inspector::impl::is_due(const inspection& s) const noexcept {
  constexpr std::uint32_t each = 12;
  const std::uint32_t packets = s.packets[0] + s.packets[1];
  return packets <= each || (packets & 3) == 0 || s.sip_messages > 0 || s.gateway_messages > 0 ||
         s.tcp;
}

bool inspector::impl::judged(const inspection& s, const inspected_flow&) const noexcept {
  const verdict& v = s.current;
  if (v.confidence_pct < acting_pct || s.sip_messages > 0) return false;
  if (!v.voip) return v.role == flow_role::other;
  // A directory's flow to a friend is what the call to that friend will use.
  if (v.role == flow_role::overlay) return false;
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
  impl_->rhythms.take_back(*scratch);
  scratch->next_free = impl_->free_head;
  impl_->free_head = static_cast<std::uint32_t>(scratch - impl_->pool);
}

void inspector::prefetch(const inspection* scratch) noexcept {
  const auto* const at = reinterpret_cast<const char*>(scratch);
  for (std::size_t line = 0; line < sizeof *scratch; line += 64) __builtin_prefetch(at + line, 1);
}

bool inspector::worth_inspecting(const packet_view& p) const noexcept {
  if (p.status != decode_status::ok) return false;
  if (p.protocol == proto_tcp) return true;
  if (p.protocol != proto_udp) return false;
  if (p.later_fragment) return true;
  const sample first{p.payload(), p.payload_captured, p.payload_bytes, forward, p.time};
  return !is_service(first, p.source_port, p.destination_port);
}

bool inspector::may_be_call(const packet_view& p) noexcept {
  const sample part{p.payload(), p.payload_captured, p.payload_bytes, forward, p.time};
  if (part.captured < 8) return false;
  if (p.protocol == proto_tcp) {
    constexpr std::uint16_t sip_port = 5060;
    return p.source_port == sip_port || p.destination_port == sip_port ||
           (part.data[0] < 2 && part.captured >= 20 && be32(part.data + 4) == stun_cookie);
  }
  switch (demultiplex(part)) {
    case wire_kind::other:
      return part.data[0] >= 'A' && part.data[0] <= 'Z';  // SIP
    case wire_kind::stun:
    case wire_kind::dtls:
    case wire_kind::turn_channel:
    case wire_kind::multiplexed_turn:
    case wire_kind::rtp:
    case wire_kind::rtcp:
      return true;
  }
  return false;
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
  i.text(s, part, f, p);
  if (s.sip_messages == 0) {
    i.gateway(s, part, p);
    if (s.tcp) {
      i.stream_segment(s, part);
    } else {
      if (s.packets[0] + s.packets[1] <= 64)
        s.innocent.observe(part, p.source_port, p.destination_port);
      i.applications(s, part, p);
      i.datagram(s, part, 0);
      i.skype(s, part, f);
      if (s.rhythm != nullptr && s.rhythm->due())
        s.rhythm_pct = static_cast<std::uint8_t>(s.rhythm->confidence());
    }
  }
  i.look_up(s, f, p.time);
  const bool changed = i.is_due(s) && upgrade(s.current, fuse(s, f.ndpi, i.names));
  if (s.media_since == 0 && s.current.voip && s.current.confidence_pct >= acting_pct &&
      is_media(s.current.role)) {
    s.media_since = s.inspected;
  }
  i.tell_context(s, p.time);
  const inspection_step innocent = i.judged_innocent(s, f);
  const call_ties before = ties;
  ties.dialog = s.dialog;
  ties.ice_session = s.stun.ice_session;
  ties.ice = s.stun.ice();
  ties.relayed = s.stun.relay_used() || s.stun.allocations > 0;
  ties.emergency = s.emergency;
  out = s.current;
  if (innocent != inspection_step::more) return innocent;
  if (i.judged(s, f)) return inspection_step::decided;
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

codec inspector::announced_codec(const inspection& s) const noexcept {
  return s.announced_codec;
}

void inspector::expect_media(const dialog_notice& notice) noexcept {
  // Its time is not told: the newest of this worker's packets would do, the table only ages by it.
  impl_->context.expect(notice, impl_->context.newest());
}

void inspector::set_emergency_numbers(const std::vector<std::string>& numbers) noexcept {
  impl_->context.set_emergency_numbers(numbers);
}

std::uint64_t inspector::rhythms_refused() const noexcept {
  return impl_->rhythms.refused();
}

std::size_t inspector::memory_bytes() const noexcept {
  return std::size_t{impl_->capacity} * sizeof(inspection) + impl_->rhythms.bytes() +
         impl_->context.memory_bytes() + impl_->sip_streams.memory_bytes();
}

}  // namespace callweir::classify

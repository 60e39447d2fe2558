#include <algorithm>

#include "base/applications.hpp"
#include "classify/classifier_impl.hpp"
#include "classify/detectors/quic_initial.hpp"
#include "classify/detectors/stun.hpp"
#include "classify/reasons.hpp"

namespace callweir::classify {
namespace {

/// A flow named by its first packets that is still going on is looked at again, at 32 packets and
/// whenever their number has doubled: a call may begin with what looks like a question for a name,
/// and share its ports with QUIC (RFC 9443). One that was passed over for want of time or room gets
/// its chance whenever its number of packets has doubled: trying at each would cost what is short.
constexpr std::uint32_t second_look_packets = 32;
constexpr std::uint16_t second_look_length = 12;

bool is_due_again(const hot_flow& flow) noexcept {
  const std::uint32_t packets = flow.packets[0] + flow.packets[1];
  const std::uint32_t from = flow.has(flow_decided) ? second_look_packets : 2;
  return packets >= from && (packets & (packets - 1)) == 0;
}

/// What a second look must show, for its beginning was not seen.
constexpr std::uint64_t plain_evidence = bit(reason::rtp_sequence) | bit(reason::rtcp_reports) |
                                         bit(reason::ice_checks) | bit(reason::srtp_after_dtls) |
                                         bit(reason::sip_signalling);

/// The inspector ends its work itself; this ends it should a flow keep it undecided for ever.
/// Signalling is read to its end: a trunk may announce an emergency call at any time; so is an
/// overlay's flow, in which a call may begin.
constexpr std::uint16_t observed_max = 2000;
/// How many places the clock hand looks at to find the longest silent one.
constexpr int park_candidates = 8;
/// Each measured flow is asked for its finished second so often: one without packets has nobody
/// else to ask.
constexpr nanoseconds sample_round_time = std::chrono::seconds(1);

/// Names that are a claim of telephony: never taken over from nDPI where the inspector does not
/// agree.
bool claims_telephony(app_id app) noexcept {
  static const app_id claims[] = {app_skype,
                                  app_sip,
                                  app_rtp,
                                  find_application("TeamsCall").value_or(0),
                                  find_application("WhatsAppCall").value_or(0),
                                  find_application("SignalVoip").value_or(0),
                                  find_application("TelegramVoip").value_or(0),
                                  find_application("FacebookVoip").value_or(0),
                                  find_application("GoogleCall").value_or(0),
                                  find_application("ViberVoip").value_or(0),
                                  find_application("LineCall").value_or(0),
                                  find_application("KakaoTalk_Voice").value_or(0),
                                  find_application("SnapchatCall").value_or(0),
                                  find_application("SRTP").value_or(0)};
  return std::find(std::begin(claims), std::end(claims), app) != std::end(claims);
}

}  // namespace

void classifier::impl::look(flow_index flow, const packet_view& packet,
                            packet_flow& where) noexcept {
  hot_flow& hot = table.hot(flow);
  if (hot.has(flow_gated)) {
    const bool due = is_due_again(hot) && (inspection_time.plenty() || !hot.has(flow_decided));
    if (!due && !leaves_quic(flow, packet)) return;
    hot.clear(flow_gated);
    hot.clear(flow_decided);
  }
  // Nothing to be learnt from a bare acknowledgement, nor from the tail of a fragmented datagram.
  const bool says_something = packet.payload_captured > 0 && !packet.later_fragment;
  if (!hot.has(flow_decided) && !hot.has(flow_working)) {
    if (!says_something && (packet.protocol == proto_tcp || packet.later_fragment)) return;
    if (!begin_work(flow, packet)) return;
  }
  if (!hot.has(flow_working)) return;
  flow_work& work = works[table.warm(flow).work];
  if (work.scratch != nullptr && (says_something || packet.protocol != proto_tcp)) {
    if (inspection_time.left()) {
      const std::uint64_t began = __rdtsc();
      inspect(flow, work, packet, where.way);
      const std::uint64_t spent = __rdtsc() - began;
      inspection_time.spend(spent);
      counters.inspection_cycles.add(spent);
    } else {
      counters.inspections_shed.add();
    }
  }
  if (hot.has(flow_working) && work.media != flow_work::none) {
    if (monitors[work.media].due(packet.time)) [[unlikely]]
      send_samples(work, packet.time);
    const std::uint64_t refused = spares.refused();
    where.role = monitors[work.media].observe(packet, where.way, spares);
    if (spares.refused() != refused) [[unlikely]]
      counters.streams_shed.add();
    if (where.role == flow_role::signalling && work.scratch == nullptr && !work.ties.ice)
      note_late_ice(flow, work, packet, where.way);
  }
}

/// RFC 9443: in a flow of QUIC a first byte without the fixed bit is of STUN, DTLS, RTP or RTCP.
bool classifier::impl::leaves_quic(flow_index flow, const packet_view& packet) const noexcept {
  constexpr std::uint8_t fixed_bit = 0x40;
  if (packet.protocol != proto_udp || packet.later_fragment || packet.payload_captured == 0)
    return false;
  return (packet.payload()[0] & fixed_bit) == 0 && table.warm(flow).app == quic;
}

void classifier::impl::note_late_ice(flow_index flow, flow_work& work, const packet_view& packet,
                                     direction way) noexcept {
  stun_message message;
  const sample part{packet.payload(), packet.payload_captured, packet.payload_bytes, way,
                    packet.time};
  if (!parse_stun(part, message) || message.ice_session == 0) return;
  if (!message.priority && !message.controlling && !message.controlled) return;
  verdict what = verdict_of(flow);
  call_ties ties = work.ties;
  ties.ice = true;
  ties.ice_session = message.ice_session;
  if (what.app == app_rtp && what.p2p == tristate::open) {
    what.app = app_webrtc;
    what.p2p = tristate::yes;
    what.reasons |= bit(reason::ice_checks);
  }
  apply(flow, what, ties, packet.time, true);
}

bool classifier::impl::begin_work(flow_index flow, const packet_view& packet) noexcept {
  if (shed) {
    counters.inspections_shed.add();
    return false;
  }
  const hot_flow& hot = table.hot(flow);
  const bool gone_on = hot.packets[0] + hot.packets[1] >= second_look_packets;
  if (!gone_on && !detectors.worth_inspecting(packet)) {
    settle_unworthy(flow, packet);
    return false;
  }
  // While time or room is short, what cannot be a call at first sight waits.
  const bool urgent = inspector::may_be_call(packet);
  if (!inspection_time.plenty() && !(urgent && inspection_time.left())) {
    pass_over(flow, urgent);
    return false;
  }
  std::uint32_t taken = works.take();
  if (taken == bounded_pool<flow_work>::none && urgent && park_one()) taken = works.take();
  if (taken == bounded_pool<flow_work>::none) {
    pass_over(flow, urgent);
    return false;
  }
  inspection* scratch = detectors.acquire();
  if (scratch == nullptr && urgent && park_one()) scratch = detectors.acquire();
  if (scratch == nullptr) {
    works.give(taken);
    pass_over(flow, urgent);
    return false;
  }
  works_used = std::max(works_used, taken + 1);
  flow_work& work = works[taken];
  work = flow_work{};
  work.flow = flow;
  work.last_ns = packet.time.ns;
  work.scratch = scratch;
  work.again = gone_on && table.warm(flow).confidence_pct > 0 ? 1 : 0;
  work.ndpi_tried = work.again;  // it would see the middle only
  table.warm(flow).work = taken;
  table.hot(flow).set(flow_working);
  return true;
}

void classifier::impl::pass_over(flow_index flow, bool urgent) noexcept {
  counters.inspections_shed.add();
  if (!urgent) table.hot(flow).set(flow_gated);
}

/// Clear signalling goes last: a trunk may announce an emergency call in its next message. What
/// nobody answers is easily made up, and goes before it.
int classifier::impl::worth_of_place(flow_index flow) const noexcept {
  if (table.warm(flow).role != flow_role::signalling) return 0;
  const hot_flow& hot = table.hot(flow);
  return hot.packets[forward] > 0 && hot.packets[backward] > 0 ? 2 : 1;
}

bool classifier::impl::park_one() noexcept {
  const flow_work* chosen = nullptr;
  int least = 0;  // worth of the chosen one's place
  for (int looked = 0; looked < park_candidates * 4; ++looked) {
    park_at = park_at + 1 < works_used ? park_at + 1 : 0;
    if (!works.made(park_at)) continue;
    const flow_work& work = works[park_at];
    if (work.flow == no_flow || work.scratch == nullptr || work.media != flow_work::none) continue;
    if (chosen == nullptr || least > 0 || work.last_ns < chosen->last_ns) {
      const int worth = worth_of_place(work.flow);
      if (chosen == nullptr || worth < least ||
          (worth == least && work.last_ns < chosen->last_ns)) {
        chosen = &work;
        least = worth;
      }
    }
    if (looked >= park_candidates && least == 0) break;
  }
  if (chosen == nullptr) return false;
  const flow_index flow = chosen->flow;
  conclude(flow, works[table.warm(flow).work]);
  drop_work_if_done(flow);
  hot_flow& hot = table.hot(flow);
  if (!hot.has(flow_working)) {
    hot.clear(flow_decided);
    hot.set(flow_gated);
  }
  counters.inspections_parked.add();
  return true;
}

void classifier::impl::inspect(flow_index flow, flow_work& work, const packet_view& packet,
                               direction way) noexcept {
  counters.inspected.add();
  work.last_ns = packet.time.ns;
  if (work.observed < observed_max) work.observed = (work.observed + 1) & 0x3fff;
  if (ndpi && !work.opinion.done) ask_ndpi(work, packet);
  verdict what = verdict_of(flow);
  call_ties ties = work.ties;
  const flow_identity identity = identity_of(flow);
  const flow_totals totals = totals_of(flow);
  const inspected_flow view{identity, totals, work.opinion};
  const std::uint64_t refused = detectors.rhythms_refused();
  const auto step = detectors.observe(*work.scratch, view, packet, way, what, ties);
  if (detectors.rhythms_refused() != refused) [[unlikely]]
    counters.inspections_shed.add();
  name_by_ndpi(what, work.opinion);
  tell_verdict(flow, work, what, ties, packet.time);
  const bool nothing_new = work.again != 0 && !what.voip && work.observed >= second_look_length;
  if (step == inspection_step::settled || nothing_new) {
    end_inspection(flow, work, true);
    table.hot(flow).set(flow_gated);
  } else if (step == inspection_step::decided) {
    end_inspection(flow, work, true);
  } else if (work.observed >= observed_max && what.role != flow_role::signalling &&
             what.role != flow_role::overlay) {
    conclude(flow, work);
  }
  if (table.hot(flow).has(flow_decided)) drop_work_if_done(flow);
}

void classifier::impl::tell_verdict(flow_index flow, const flow_work& work, const verdict& what,
                                    const call_ties& ties, time_point at) noexcept {
  const bool enough =
      what.voip && what.confidence_pct >= decided_pct && (what.reasons & plain_evidence) != 0;
  if (work.again != 0 && !enough) return;
  apply(flow, what, ties, at, true);
}

void classifier::impl::ask_ndpi(flow_work& work, const packet_view& packet) noexcept {
  if (!detectors.wants_ndpi(*work.scratch)) {
    if (work.ndpi != ndpi_adapter::none) {
      ndpi->give_up(work.ndpi, work.opinion);
      end_ndpi(work);
    }
    return;
  }
  if (!inspection_time.plenty() || !ndpi_time.left()) {
    counters.ndpi_shed.add();
    return;
  }
  const sample part{packet.payload(), packet.payload_captured, packet.payload_bytes, forward,
                    packet.time};
  if (packet.protocol == proto_udp && is_quic_initial(part)) {
    const std::uint64_t opening = __rdtsc();
    const bool named = name_quic(work, packet, part);
    ndpi_time.spend(__rdtsc() - opening);
    if (named) return;
  }
  if (work.ndpi_tried == 0) {
    work.ndpi_tried = 1;
    work.ndpi = ndpi->acquire();
    if (work.ndpi == ndpi_adapter::none && leave_ndpi(packet.time)) work.ndpi = ndpi->acquire();
    if (work.ndpi == ndpi_adapter::none) counters.ndpi_shed.add();
  }
  if (work.ndpi == ndpi_adapter::none) return;
  counters.ndpi_packets.add();
  const std::uint64_t began = __rdtsc();
  ndpi->inspect(work.ndpi, packet, work.opinion);
  ndpi_time.spend(__rdtsc() - began);
  if (work.opinion.done) end_ndpi(work);
}

/// A hello that several packets carry, as it must be that brings a key against quantum computers,
/// is joined by nDPI unless its first packet has the name. False: this packet is nDPI's.
bool classifier::impl::name_quic(flow_work& work, const packet_view& packet,
                                 const sample& part) noexcept {
  const std::string_view host = initials.server_name(part);
  if (host.empty() && (initials.hello_goes_on() || work.ndpi != ndpi_adapter::none)) return false;
  ndpi->name_quic(host, packet, work.opinion);
  end_ndpi(work);
  return true;
}

/// Where every place with nDPI is taken, a flow that went silent undecided leaves its own; nDPI
/// says what it guesses so far. False: none of those looked at is silent.
bool classifier::impl::leave_ndpi(time_point now) noexcept {
  constexpr nanoseconds silent = std::chrono::seconds(2);
  for (int looked = 0; looked < park_candidates; ++looked) {
    ndpi_at = ndpi_at + 1 < works_used ? ndpi_at + 1 : 0;
    if (!works.made(ndpi_at)) continue;
    flow_work& other = works[ndpi_at];
    if (other.flow == no_flow || other.ndpi == ndpi_adapter::none) continue;
    if (now - time_point{other.last_ns} < silent) continue;
    ndpi->give_up(other.ndpi, other.opinion);
    end_ndpi(other);
    return true;
  }
  return false;
}

void classifier::impl::end_ndpi(flow_work& work) noexcept {
  if (work.ndpi == ndpi_adapter::none) return;
  ndpi->release(work.ndpi);
  work.ndpi = ndpi_adapter::none;
}

void classifier::impl::end_inspection(flow_index flow, flow_work& work, bool decided) noexcept {
  end_ndpi(work);
  if (work.scratch != nullptr) detectors.release(work.scratch);
  work.scratch = nullptr;
  if (decided) table.hot(flow).set(flow_decided);
}

void classifier::impl::conclude(flow_index flow, flow_work& work) noexcept {
  if (work.ndpi != ndpi_adapter::none && !work.opinion.done) ndpi->give_up(work.ndpi, work.opinion);
  verdict what = verdict_of(flow);
  call_ties ties = work.ties;
  const flow_identity identity = identity_of(flow);
  const flow_totals totals = totals_of(flow);
  const inspected_flow view{identity, totals, work.opinion};
  detectors.conclude(*work.scratch, view, what, ties);
  name_by_ndpi(what, work.opinion);
  tell_verdict(flow, work, what, ties, totals.last);
  end_inspection(flow, work, true);
}

void classifier::impl::drop_work_if_done(flow_index flow) noexcept {
  hot_flow& hot = table.hot(flow);
  if (!hot.has(flow_working)) return;
  const std::uint32_t at = table.warm(flow).work;
  flow_work& work = works[at];
  if (work.scratch != nullptr || work.media != flow_work::none) return;
  work.flow = no_flow;
  works.give(at);
  hot.clear(flow_working);
}

void classifier::impl::name_by_ndpi(verdict& what, const ndpi_opinion& opinion) const noexcept {
  what.ndpi_master = opinion.master;
  what.ndpi_app = opinion.app;
  if (what.voip || what.app != app_unknown || opinion.guessed) return;
  const app_id named =
      current_application(opinion.app != app_unknown ? opinion.app : opinion.master);
  if (named == app_unknown || claims_telephony(named)) return;
  what.app = named;
  what.reasons |= bit(reason::ndpi_content);
}

void classifier::impl::apply(flow_index flow, verdict what, const call_ties& ties, time_point at,
                             bool tell) noexcept {
  warm_flow& warm = table.warm(flow);
  const verdict before = verdict_of(flow);
  bool ties_changed = false;
  if (table.hot(flow).has(flow_working)) {
    flow_work& work = works[warm.work];
    ties_changed = work.ties.dialog != ties.dialog || work.ties.ice_session != ties.ice_session ||
                   work.ties.ice != ties.ice || work.ties.relayed != ties.relayed ||
                   work.ties.emergency != ties.emergency;
    work.ties = ties;
  }
  if (what == before && !ties_changed) return;
  warm.app = what.app;
  warm.ndpi_master = what.ndpi_master;
  warm.ndpi_app = what.ndpi_app;
  warm.role = what.role;
  warm.p2p = what.p2p;
  warm.voip = what.voip;
  warm.confidence_pct = what.confidence_pct;
  warm.reasons = what.reasons;
  if (what.confidence_pct < decided_pct) {
    warm.decided_packet = 0;
  } else if (warm.decided_packet == 0 || what.voip != before.voip || what.role != before.role) {
    note_decided(flow, at);
  }
  const bool matters = what.app != before.app || what.role != before.role ||
                       what.p2p != before.p2p || what.voip != before.voip ||
                       what.confidence_pct != before.confidence_pct;
  if (!matters && !ties_changed) return;
  mark_changed(table.hot(flow));
  counters.verdicts.add();
  if (table.hot(flow).has(flow_working)) {
    flow_work& work = works[warm.work];
    if (what.voip && is_media(what.role) && work.media == flow_work::none)
      begin_media(flow, work, at);
    if (!(what.voip && is_media(what.role)) && work.media != flow_work::none) end_media(flow, work);
  }
  // Innocent flows are told of once, when they end.
  if (!tell || !(what.voip || before.voip || ties_changed)) return;
  flow_event event = event_of(flow_event::kind::verdict, flow, at);
  event.ties = ties;
  send(event);
}

void classifier::impl::begin_media(flow_index flow, flow_work& work, time_point at) noexcept {
  const std::uint32_t taken = monitors.take();
  if (taken == bounded_pool<media_monitor>::none) {
    counters.media_shed.add();
    return;
  }
  work.media = taken;
  work.media_at = static_cast<std::uint32_t>(measured.size());
  measured.push_back(table.warm(flow).work);
  const codec announced =
      work.scratch != nullptr ? detectors.announced_codec(*work.scratch) : codec::unknown;
  monitors[taken].begin(verdict_of(flow), announced, at);
}

void classifier::impl::end_media(flow_index flow, flow_work& work) noexcept {
  // The last second counts though it is not whole.
  send_samples(work, time_point{table.hot(flow).last_ns} + std::chrono::seconds(1));
  monitors[work.media].end(spares);
  monitors.give(work.media);
  work.media = flow_work::none;
  const std::uint32_t moved = measured.back();
  measured[work.media_at] = moved;
  works[moved].media_at = work.media_at;
  measured.pop_back();
}

void classifier::impl::send_samples(flow_work& work, time_point now) noexcept {
  media_sample sample;
  constexpr int samples_most = 8;
  for (int i = 0; i < samples_most && monitors[work.media].sample(now, spares, sample); ++i) {
    flow_event event = event_of(flow_event::kind::media, work.flow, now);
    event.ties = work.ties;
    event.media = sample;
    send(event);
  }
}

void classifier::impl::sample_some(time_point now, std::uint32_t flows_max) noexcept {
  const auto all = static_cast<std::uint32_t>(measured.size());
  const std::int64_t passed =
      std::clamp<std::int64_t>(now.ns - sampled_ns, 0, sample_round_time.count());
  const auto due = static_cast<std::uint64_t>(passed) * all /
                   static_cast<std::uint64_t>(sample_round_time.count());
  if (due == 0 && now.ns >= sampled_ns) return;
  sampled_ns = now.ns;
  for (std::uint32_t left = static_cast<std::uint32_t>(std::min<std::uint64_t>(due, flows_max));
       left > 0 && !measured.empty(); --left) {
    measured_at = measured_at + 1 < measured.size() ? measured_at + 1 : 0;
    fetch_measured();
    flow_work& work = works[measured[measured_at]];
    if (monitors[work.media].due(now)) send_samples(work, now);
  }
}

/// Starts loading who is asked soon: silent flows are in no cache.
void classifier::impl::fetch_measured() noexcept {
  constexpr std::uint32_t soon = 4, later = 8;
  if (measured_at + later >= measured.size()) return;
  __builtin_prefetch(&works[measured[measured_at + later]]);
  const flow_work& next = works[measured[measured_at + soon]];
  monitors[next.media].prefetch();
  table.prefetch_to_tell(next.flow);
}

void classifier::impl::apply_endpoints(flow_index flow, time_point at) noexcept {
  const warm_flow& warm = table.warm(flow);
  if (warm.voip && warm.confidence_pct >= decided_pct) return;
  const flow_identity who = table.identity(flow);
  for (const pending_endpoint& e : endpoints) {
    if (e.protocol != who.protocol) continue;
    const bool ours = (e.port == who.source_port && e.address == who.source) ||
                      (e.port == who.destination_port && e.address == who.destination);
    if (!ours) continue;
    verdict what = e.what;
    what.ndpi_master = warm.ndpi_master;
    what.ndpi_app = warm.ndpi_app;
    const call_ties ties = table.hot(flow).has(flow_working) ? works[warm.work].ties : call_ties{};
    apply(flow, what, ties, at, true);
    return;
  }
}

}  // namespace callweir::classify

#include "classify/calls/call_entry.hpp"

#include <algorithm>
#include <cmath>

#include "base/applications.hpp"
#include "classify/classifier.hpp"

namespace callweir::classify {
namespace {

constexpr std::uint8_t likely_pct = 70;
constexpr std::uint32_t media_packets = 10;  // a second, both ways: more than probes of a path
constexpr std::uint32_t trickle_packets =
    3;  // a second, both ways: less is keep-alives of a dead path

/// How much an application's name says: a product more than how its media were set up, that more
/// than none.
int app_rank(const verdict& v) {
  switch (v.app) {
    case app_unknown:
      return 0;
    case app_unknown_call:
      return 1;
    case app_rtp:
      return 2;
    case app_sip:
    case app_webrtc:
      return v.confidence_pct >= likely_pct ? 3 : 1;
    default:
      return v.confidence_pct >= likely_pct ? 4 : 1;
  }
}

flow_role together(flow_role a, flow_role b) {
  if (!is_media(b)) return a;
  if (!is_media(a)) return b;
  return a == b ? a : flow_role::media;
}

/// Nearest frame length in use, or the interval itself where none is near.
double frame_of(double packets_per_s) {
  const double interval = 1000 / packets_per_s;
  for (const double frame : {10.0, 20.0, 30.0, 40.0, 60.0, 80.0, 100.0, 120.0}) {
    if (std::abs(interval - frame) < frame * 0.15) return frame;
  }
  return std::clamp(interval, 5.0, 400.0);
}

template <class T>
void swap_ways(both_ways<T>& value) {
  std::swap(value[forward], value[backward]);
}

}  // namespace

inside_endpoint inside_end(const flow_identity& flow) {
  const bool ours = flow.initiator == side::inside;
  return {ours ? flow.source : flow.destination, ours ? flow.source_port : flow.destination_port,
          flow.protocol};
}

ip_address outside_end(const flow_identity& flow) {
  return flow.initiator == side::inside ? flow.destination : flow.source;
}

call_member* call_entry::member(std::uint64_t flow) {
  for (call_member& m : members) {
    if (m.flow == flow) return &m;
  }
  return nullptr;
}

bool call_entry::any_live_media() const {
  return std::any_of(members.begin(), members.end(),
                     [](const call_member& m) { return m.live && is_media(m.what.role); });
}

bool call_entry::is_call() const {
  return media.any() || std::any_of(members.begin(), members.end(),
                                    [](const call_member& m) { return is_media(m.what.role); });
}

/// Directions and parties of the call are those of `first`.
void call_entry::anchor(const call_member& first) {
  parties = {first.source, first.destination};
  initiator = shown.initiator = first.initiator;
  for (call_member& m : members) {
    // By address; a party that moved is known by the side of the link it is on.
    m.reversed =
        m.source != parties[0] && (m.destination == parties[0] || m.initiator != initiator);
  }
}

void call_entry::add_parties(const call_member& of) {
  for (const ip_address& address : {of.source, of.destination}) {
    const bool known = std::find(parties.begin(), parties.end(), address) != parties.end();
    if (!known && parties.size() < parties_max) parties.push_back(address);
  }
}

bool call_entry::add_member(const flow_identity& flow, const verdict& what, const call_ties& ties) {
  if (members.size() >= members_max) return false;
  call_member m;
  m.flow = flow.id;
  m.what = what;
  m.source = flow.source;
  m.destination = flow.destination;
  m.initiator = flow.initiator;
  m.emergency = ties.emergency;
  relayed |= ties.relayed;
  members.push_back(m);
  shown.flows.push_back(flow.id);
  const bool first = is_media(what.role) && !has_media;
  has_media |= first;
  if (first || parties.empty()) {
    anchor(m);
  } else {
    call_member& added = members.back();
    added.reversed =
        m.source != parties[0] && (m.destination == parties[0] || m.initiator != initiator);
  }
  if (!is_media(what.role)) return true;
  const inside_endpoint end = inside_end(flow);
  const bool known = std::find(endpoints.begin(), endpoints.end(), end) != endpoints.end();
  if (!known && endpoints.size() < members_max) endpoints.push_back(end);
  return true;
}

void call_entry::sum_up() {
  verdict sum;
  sum.voip = true;
  const call_member* named = nullptr;
  bool emergency = dialog_emergency && dialog_answered && !dialog_ended;
  for (const call_member& m : members) {
    sum.confidence_pct = std::max(sum.confidence_pct, m.what.confidence_pct);
    sum.reasons |= m.what.reasons;
    sum.role = together(sum.role, m.what.role);
    emergency |= m.emergency && m.live && !(dialog != 0 && dialog_ended);
    const auto weight = [](const verdict& v) { return app_rank(v) * 1000 + v.confidence_pct; };
    if (named == nullptr || weight(m.what) > weight(named->what)) named = &m;
  }
  if (named != nullptr) {
    sum.app = named->what.app;
    sum.ndpi_master = named->what.ndpi_master;
    sum.ndpi_app = named->what.ndpi_app;
    sum.p2p = named->what.p2p;
    for (const call_member& m : members) {
      if (sum.p2p == tristate::open && (m.what.app == sum.app || is_media(m.what.role)))
        sum.p2p = m.what.p2p;
    }
  }
  // Media of a dialog in clear SIP belong to it, whatever they look like alone.
  if (dialog != 0 &&
      (sum.app == app_unknown || sum.app == app_unknown_call || sum.app == app_rtp)) {
    sum.app = app_sip;
    sum.p2p = tristate::no;
  }
  if (sum.app == app_unknown) sum.app = app_unknown_call;
  changed |= !(sum == shown.what) || emergency != shown.emergency;
  shown.what = sum;
  shown.emergency = emergency;
}

void call_entry::add_sample(call_member& from, const media_sample& sample, double length_s) {
  const std::int64_t second = sample.second.ns / 1'000'000'000;
  const std::uint32_t heard = sample.way[0].packets + sample.way[1].packets;
  if (heard >= media_packets && !from.heard) {
    // Relays are probed with what looks like media; the parties are those that media came by.
    const bool first =
        std::none_of(members.begin(), members.end(), [](const call_member& m) { return m.heard; });
    from.heard = true;
    if (!first) {
      add_parties(from);
    } else if (quality[forward].empty() && quality[backward].empty()) {
      anchor(from);
    } else {  // directions stay as they were measured
      parties = from.reversed ? std::vector{from.destination, from.source}
                              : std::vector{from.source, from.destination};
    }
  }
  for (const direction way : {forward, backward}) {
    const media_direction& seen = sample.way[way];
    if (sample.role == flow_role::video) continue;  // MOS is of voice
    quality[from.reversed ? reverse(way) : way].add(second, seen, shown.voice_codec, length_s);
  }
  if (heard > 0) media.set(static_cast<std::size_t>(sample.role));
  if (heard < trickle_packets) return;
  last_media = std::max(last_media, sample.second + std::chrono::seconds(1));
  if (sample.role == flow_role::video) return;
  if (sample.voice_codec != codec::unknown) shown.voice_codec = sample.voice_codec;
  double sum = 0;
  int ways = 0;
  for (const direction_quality& q : quality) {
    const double rate = q.busy_packets_per_s();
    if (rate < 2) continue;  // comfort noise only
    sum += frame_of(rate);
    ++ways;
  }
  if (ways > 0) shown.frame_ms = sum / ways;
}

call_record call_entry::record() const {
  call_record r;
  r.id = shown.id;
  r.app = shown.what.app;
  r.parties = parties;
  r.flows.reserve(shown.flows.size());
  for (const std::uint64_t flow : shown.flows) r.flows.push_back(flow_name(flow));
  std::bitset<flow_role_count> roles = media;
  if (roles.none()) {
    for (const call_member& m : members) {
      if (is_media(m.what.role)) roles.set(static_cast<std::size_t>(m.what.role));
    }
  }
  const auto has = [&](flow_role role) { return roles.test(static_cast<std::size_t>(role)); };
  if (has(flow_role::voice)) r.media.push_back(flow_role::voice);
  if (has(flow_role::video)) r.media.push_back(flow_role::video);
  if (r.media.empty() && has(flow_role::media)) r.media.push_back(flow_role::media);
  r.start = start;
  // Keep-alives after the talk do not make it longer; the last, partial second is in no sample.
  const time_point bound = media.none() ? last_seen : last_media + std::chrono::seconds(2);
  r.end = std::max(start, std::min(last_seen, bound));
  r.ended = shown.ended;
  r.p2p = shown.what.p2p;
  r.relayed = relayed;
  r.emergency = shown.emergency;
  r.confidence_pct = shown.what.confidence_pct;
  r.reasons = reason_texts(shown.what.reasons);
  double rate = 0;
  int ways = 0;
  for (const direction way : {forward, backward}) {
    const auto q = quality[way].newest(shown.voice_codec);
    if (!q) continue;
    rate += q->bitrate_kbps;
    ++ways;
    r.bitrate_kbps[way] = q->bitrate_kbps;
    if (q->loss_known) r.loss[way] = q->loss;
    r.jitter_ms[way] = q->jitter_ms;
    r.inflicted_loss[way] = q->inflicted_loss;
    r.added_delay_ms[way] = q->added_delay_ms;
    if (q->window_s >= window_s_least) r.mos[way] = q->mos;
    r.mos_before[way] = quality[way].mos_before(shown.voice_codec);
  }
  r.course = mos_track::course(quality[forward].track(shown.voice_codec),
                               quality[backward].track(shown.voice_codec));
  r.codec = codec_text(shown.voice_codec, ways > 0 ? rate / ways : 0);
  r.mos_scale = mos_scale_name(scale_of(quality_model(shown.voice_codec)));
  if (has_caller && parties.size() >= 2 &&
      caller == parties[1]) {  // the call's initiator is not the first media flow's
    std::swap(r.parties[0], r.parties[1]);
    for (auto* each : {&r.bitrate_kbps, &r.loss, &r.jitter_ms, &r.mos_before, &r.inflicted_loss,
                       &r.added_delay_ms, &r.mos}) {
      swap_ways(*each);
    }
    swap_ways(r.course.mos);
  }
  return r;
}

}  // namespace callweir::classify

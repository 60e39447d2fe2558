#include "classify/classifier.hpp"

#include <algorithm>
#include <limits>

#include "base/applications.hpp"
#include "classify/classifier_impl.hpp"
#include "classify/reasons.hpp"
#include "classify/service_names.hpp"

namespace callweir::classify {
namespace {

/// Every record is seen once in this time at most, whatever the traffic, and at least so many a
/// second: 1 % of a core. Records of one age lie together, so what a round finds it finds at once;
/// with a second for each round a table of 100,000 swung by 3 %.
constexpr nanoseconds sweep_round_most = std::chrono::seconds(1);
constexpr nanoseconds sweep_record_time = std::chrono::microseconds(1);
/// Recognised endpoints are compared with every flow, in rounds that are so far apart.
constexpr nanoseconds endpoints_every = std::chrono::milliseconds(900);
constexpr std::uint32_t sweep_a_burst_max = 1'024;  // bounds the pause when time has jumped
constexpr std::uint32_t close_a_burst_max = 64;     // a burst opens as many at most
constexpr std::uint32_t sweep_idle_max = 65'536;
constexpr std::uint32_t close_idle_max = 1'024;
constexpr std::uint32_t samples_a_burst = 64;
constexpr std::uint32_t call_slots = 32'768;  // the control thread's table is not larger
static_assert(call_slots < 1u << 16, "a flow's record has 16 bits for its call and none");

std::uint32_t share_of(std::uint32_t flows_max, std::uint32_t part, std::uint32_t least,
                       std::uint32_t most) {
  return std::clamp(flows_max / part, least, most);
}

// Bounds of the pools. A small table may well be all calls; 20,000 calls have two media flows each.
// Of inspections a million flows need all of them (32,768 find 70 % of the calls, 6,144 find 16 %);
// nDPI sees ten packets of a flow, and where it has no place left the other detectors go on.
// Captures may take all the time they need, and none has to give way.
std::uint32_t inspections_max(std::uint32_t flows_max) {
  return share_of(flows_max, 16, 1'024, 32'768);
}
/// Few flows are left for their rhythm to be judged.
std::uint32_t rhythms_max(const classifier_config& c) {
  return c.inspection_share_pct == 0 ? inspections_max(c.flows_max)
                                     : share_of(c.flows_max, 64, 1'024, 4'096);
}
std::uint32_t monitors_max(std::uint32_t flows_max) {
  return share_of(flows_max, 4, 1'024, 40'000);
}
std::uint32_t ndpi_flows_max(const classifier_config& c) {
  return share_of(c.flows_max, 16, 1'024, c.inspection_share_pct == 0 ? 16'384 : 2'048);
}
/// A call with voice and picture in one flow takes two: 5,000 such calls of a million flows.
std::uint32_t spares_max(std::uint32_t flows_max) {
  return monitors_max(flows_max) / 4;
}
std::uint32_t works_max_of(std::uint32_t flows_max) {
  return inspections_max(flows_max) + monitors_max(flows_max);
}

/// Whether an earlier packet of the burst belongs to the flow: it must not end within it.
bool holds(std::span<const packet_flow> so_far, flow_index flow) {
  return std::any_of(so_far.begin(), so_far.end(),
                     [flow](const packet_flow& each) { return each.flow == flow; });
}

flow_table::config table_config(const classifier_config& c) {
  return {c.flows_max, c.timeout_udp, c.timeout_tcp, c.timeout_unclassified, c.seed, c.touch};
}

inspector::config inspector_config(const classifier_config& c) {
  inspector::config out;
  out.emergency_numbers = c.emergency_numbers;
  out.inspections_max = inspections_max(c.flows_max);
  out.rhythms_max = rhythms_max(c);
  out.endpoints_max = c.inspection_share_pct == 0 ? share_of(c.flows_max, 16, 256, 65'536)
                                                  : share_of(c.flows_max, 32, 256, 32'768);
  out.expectations_max = share_of(c.flows_max, 64, 256, 16'384);
  out.seed = {c.seed[1], ~c.seed[0]};
  out.touch = c.touch;
  return out;
}

}  // namespace

classifier::impl::impl(const classifier_config& wanted, event_sink& sink)
    : config(wanted),
      events(sink),
      emergency_peers(&config.emergency_peers),
      table(table_config(wanted)),
      guard(wanted.flows_max, table.hash()),
      detectors(inspector_config(wanted), *this),
      inspection_time(wanted.inspection_share_pct),
      ndpi_time(wanted.ndpi_share_pct),
      works(works_max_of(wanted.flows_max), wanted.touch),
      monitors(monitors_max(wanted.flows_max), wanted.touch),
      spares(spares_max(wanted.flows_max), wanted.touch),
      call_verdicts(call_slots) {
  if (wanted.ndpi) {
    ndpi.emplace(ndpi_adapter::config{ndpi_flows_max(wanted), wanted.touch});
  }
  measured.reserve(monitors_max(wanted.flows_max));
  endpoints.reserve(endpoints_max);
}

void classifier::impl::process(std::span<const packet_view> packets, time_point now,
                               std::span<packet_flow> flows) noexcept {
  // Ageing comes first: a flow that this burst touches cannot end in it and leave a stale index
  // behind.
  sweep(now, sweep_a_burst_max, close_a_burst_max);
  inspection_time.pass();
  ndpi_time.pass();
  flow_table::burst b;
  table.prepare(packets, b);
  fetch_working(b, packets.size());
  std::uint64_t without = 0;
  for (std::size_t i = 0; i < packets.size(); ++i) {
    const packet_view& packet = packets[i];
    flows[i] = packet_flow{};
    if (packet.status != decode_status::ok) {
      ++without;
      continue;
    }
    flow_index flow = table.find(b, i);
    if (flow != no_flow && table.expired(table.hot(flow), packet.time) &&
        !holds(flows.first(i), flow)) [[unlikely]] {
      close(flow, counters.flows_closed);
      flow = no_flow;
    }
    if (flow == no_flow) {
      flow = open(b, i, packet, flows.first(i));
      if (flow == no_flow) continue;
      flows[i].opened = true;
    }
    hot_flow& hot = table.hot(flow);
    const direction way = b.swapped[i] == hot.has(flow_reversed) ? forward : backward;
    count(hot, flow, packet, way);
    flows[i].flow = flow;
    flows[i].way = way;
    flows[i].in_call = hot.has(flow_in_call);
    constexpr std::uint32_t needs_look = flow_working | flow_gated;
    if ((hot.context & (flow_decided | needs_look)) != flow_decided) look(flow, packet, flows[i]);
    if (hot.context >> flow_generation_shift != generation) [[unlikely]] {
      hot.context = (hot.context & ~generation_mask) | static_cast<std::uint32_t>(generation)
                                                           << flow_generation_shift;
      flows[i].fresh = true;
    }
    flows[i].action = hot.action;
  }
  counters.packets.add(packets.size());
  counters.without_flow.add(without);
  sample_some(now, samples_a_burst);
}

void classifier::impl::count(hot_flow& hot, flow_index flow, const packet_view& packet,
                             direction way) noexcept {
  hot.bytes[way] += packet.l3_bytes;
  if (++hot.packets[way] == 0) [[unlikely]]
    ++table.warm(flow).packets_wraps[way];
  hot.last_ns = std::max(hot.last_ns, packet.time.ns);
  if (packet.protocol != proto_tcp) return;
  constexpr std::uint8_t fin = 1, syn = 2, rst = 4;
  if ((packet.tcp_flags & (fin | rst)) != 0) hot.set(flow_closing);
  // The same ports once more: a connection that lives.
  if ((packet.tcp_flags & syn) != 0) hot.clear(flow_closing);
}

flow_index classifier::impl::open(const flow_table::burst& b, std::size_t i,
                                  const packet_view& packet,
                                  std::span<const packet_flow> so_far) noexcept {
  if (table.pressed()) [[unlikely]] {
    const auto answer = guard.ask(packet.source, packet.time);
    if (answer != flood_guard::answer::open) {
      (answer == flood_guard::answer::source_exceeds ? counters.untracked_source
                                                     : counters.untracked_worker)
          .add();
      return no_flow;
    }
  }
  auto place = table.find_place(b.hashes[i], {});
  if (place.what != flow_table::place::kind::room) [[unlikely]] {
    std::array<flow_index, flow_table::burst_max> pinned;
    for (std::size_t j = 0; j < so_far.size(); ++j) pinned[j] = so_far[j].flow;
    place = table.find_place(b.hashes[i], {pinned.data(), so_far.size()});
    if (place.what == flow_table::place::kind::evict) {
      close(place.victim, counters.flows_evicted);
      place = table.find_place(b.hashes[i], {});
    }
    if (place.what != flow_table::place::kind::room) {
      counters.untracked_full.add();
      return no_flow;
    }
  }
  const flow_index flow = table.open(b.keys[i], b.hashes[i], b.swapped[i], packet);
  table.warm(flow).count = ++flows_opened;
  mark_changed(table.hot(flow));
  counters.flows_opened.add();
  if (const app_id named = protocol_application(packet.protocol); named != app_unknown) {
    warm_flow& warm = table.warm(flow);
    warm.app = named;
    warm.role = flow_role::other;
    warm.confidence_pct = 99;
    warm.reasons = bit(reason::not_inspected);
    warm.decided_packet = 1;
    table.hot(flow).set(flow_decided);
  }
  return flow;
}

void classifier::impl::settle_unworthy(flow_index flow, const packet_view& first) noexcept {
  warm_flow& warm = table.warm(flow);
  hot_flow& hot = table.hot(flow);
  warm.app = service_application(first.protocol, first.source_port, first.destination_port);
  const bool named = warm.app != app_unknown;
  warm.reasons = bit(named ? reason::known_service_port : reason::not_inspected);
  warm.role = named ? flow_role::other : flow_role::unknown;
  warm.confidence_pct = named ? 95 : 80;
  if (named) {
    note_decided(flow, {hot.last_ns});
  }
  hot.set(flow_decided);
  hot.set(flow_gated);
}

void classifier::impl::close(flow_index flow, classifier_counters::count& counter) noexcept {
  hot_flow& hot = table.hot(flow);
  const time_point at{hot.last_ns};
  call_ties ties;
  if (hot.has(flow_working)) {
    flow_work& work = works[table.warm(flow).work];
    if (work.scratch != nullptr) conclude(flow, work);
    if (work.media != flow_work::none) end_media(flow, work);
    ties = work.ties;
    drop_work_if_done(flow);
  }
  counter.add();
  warm_flow& warm = table.warm(flow);
  if (warm.reasons == 0) {
    const bool passed_over = hot.has(flow_gated) && !hot.has(flow_decided);
    warm.reasons = bit(passed_over ? reason::inspection_shed : reason::too_few_packets);
  }
  if (config.closed_flows || warm.voip || hot.has(flow_in_call) || hot.action != 0) {
    flow_event event = event_of(flow_event::kind::closed, flow, at);
    event.ties = ties;
    send(event);
  }
  table.erase(flow);
}

/// Flows that opened one after the other lie beside each other and end together: closing is bounded
/// by itself, what is left waits for the next burst.
void classifier::impl::sweep(time_point now, std::uint32_t records_max,
                             std::uint32_t closed_max) noexcept {
  const auto all = static_cast<std::int64_t>(table.high_water());
  const std::int64_t round = classifier::sweep_round(table.high_water()).count();
  const std::int64_t passed = std::clamp<std::int64_t>(now.ns - swept_ns, 0, round);
  const std::int64_t due = passed * all / round;
  if (now.ns < swept_ns || passed == round) swept_ns = now.ns - passed;
  if (due == 0) return;
  std::array<flow_index, 32> expired;
  std::uint32_t found = 0, closed = 0;
  const auto records = static_cast<std::uint32_t>(std::min<std::int64_t>(due, records_max));
  const auto done = table.sweep(records, [&](flow_index flow) {
    if (table.expired(table.hot(flow), now)) {
      table.prefetch_to_close(flow);
      expired[found++] = flow;
      if (found == expired.size()) {
        close_all(expired);
        closed += found;
        found = 0;
      }
    } else {
      if (config.progress) tell_progress(flow, now);
      if (endpoints_round) [[unlikely]]
        apply_endpoints(flow, now);
    }
    return closed + found < closed_max;
  });
  close_all({expired.data(), found});
  swept_ns += std::int64_t{done.records} * round / all;
  if (done.round && (endpoints_round || !endpoints.empty())) next_endpoints_round(now);
}

void classifier::impl::next_endpoints_round(time_point now) noexcept {
  if (endpoints_round)
    std::erase_if(endpoints, [](pending_endpoint& e) { return --e.rounds_left == 0; });
  const std::int64_t passed = now.ns - endpoints_ns;
  endpoints_round = !endpoints.empty() && (passed < 0 || passed >= endpoints_every.count());
  if (endpoints_round) endpoints_ns = now.ns;
}

/// The sweep passes by each second. Only flows that have carried much and still do cost more than
/// the line that it has loaded anyway.
inline void classifier::impl::tell_progress(flow_index flow, time_point now) noexcept {
  const hot_flow& hot = table.hot(flow);
  const std::uint64_t mib = (hot.bytes[0] + hot.bytes[1]) >> 20;
  if (mib == 0 || now.ns - hot.last_ns > 2 * sweep_round_most.count()) [[likely]]
    return;
  warm_flow& warm = table.warm(flow);
  if (static_cast<std::uint8_t>(mib) == warm.told_mib) return;
  warm.told_mib = static_cast<std::uint8_t>(mib);
  send(event_of(flow_event::kind::progress, flow, now));
}

void classifier::impl::close_all(std::span<const flow_index> flows) noexcept {
  for (const flow_index flow : flows) close(flow, counters.flows_closed);
}

void classifier::impl::fetch_working(const flow_table::burst& b, std::size_t packets) noexcept {
  std::array<flow_index, flow_table::burst_max> working;
  std::array<direction, flow_table::burst_max> ways;
  std::size_t found = 0;
  for (std::size_t i = 0; i < packets; ++i) {
    const flow_index flow = b.guesses[i];
    if (flow == no_flow || !table.hot(flow).has(flow_working)) continue;
    table.prefetch_warm(flow);
    ways[found] = b.swapped[i] == table.hot(flow).has(flow_reversed) ? forward : backward;
    working[found++] = flow;
  }
  for (std::size_t i = 0; i < found; ++i)
    __builtin_prefetch(&works[table.warm(working[i]).work], 1);
  // A scratch is twenty lines: not for packets that will be passed over.
  const bool inspects = inspection_time.left();
  for (std::size_t i = 0; i < found; ++i) {
    const flow_work& work = works[table.warm(working[i]).work];
    if (work.scratch != nullptr && inspects) detectors.prefetch(work.scratch);
    if (work.media != flow_work::none) monitors[work.media].prefetch(ways[i]);
  }
}

flow_identity classifier::impl::identity_of(flow_index flow) const noexcept {
  flow_identity out = table.identity(flow);
  out.worker = config.worker;
  out.id = static_cast<std::uint64_t>(config.worker) << 48 | table.warm(flow).count;
  return out;
}

flow_totals classifier::impl::totals_of(flow_index flow) const noexcept {
  const hot_flow& hot = table.hot(flow);
  const warm_flow& warm = table.warm(flow);
  flow_totals out;
  out.first = {warm.first_ns};
  out.last = {std::max(hot.last_ns, warm.first_ns)};
  for (const direction way : {forward, backward}) {
    out.packets[way] = hot.packets[way] + (std::uint64_t{warm.packets_wraps[way]} << 32);
    out.bytes[way] = hot.bytes[way];
  }
  return out;
}

call_slot classifier::impl::call_of(const warm_flow& warm) noexcept {
  return warm.call == 0 ? no_call : static_cast<call_slot>(warm.call - 1);
}

void classifier::impl::note_decided(flow_index flow, time_point at) noexcept {
  const flow_totals totals = totals_of(flow);
  warm_flow& warm = table.warm(flow);
  warm.decided_packet = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(totals.packets[0] + totals.packets[1], 0xffff'ffff));
  warm.decided_us = static_cast<std::uint32_t>(
      std::clamp<std::int64_t>((at - totals.first).count() / 1000, 0, 0xffff'ffff));
}

verdict classifier::impl::verdict_of(flow_index flow) const noexcept {
  const warm_flow& warm = table.warm(flow);
  verdict out;
  out.app = warm.app;
  out.ndpi_master = warm.ndpi_master;
  out.ndpi_app = warm.ndpi_app;
  out.role = warm.role;
  out.p2p = warm.p2p;
  out.voip = warm.voip;
  out.confidence_pct = warm.confidence_pct;
  out.reasons = warm.reasons;
  return out;
}

flow_event classifier::impl::event_of(flow_event::kind kind, flow_index flow,
                                      time_point at) const noexcept {
  flow_event event;
  const warm_flow& warm = table.warm(flow);
  event.type = kind;
  event.at = at;
  event.flow = identity_of(flow);
  event.totals = totals_of(flow);
  event.what = verdict_of(flow);
  event.call = call_of(warm);
  event.action = table.hot(flow).action;
  event.decided_packet = warm.decided_packet;
  event.decided_after = std::chrono::microseconds(warm.decided_us);
  return event;
}

void classifier::impl::send(flow_event event) noexcept {
  const auto is_peer = [&](const ip_address& address) {
    return std::find(emergency_peers->begin(), emergency_peers->end(), address) !=
           emergency_peers->end();
  };
  if (is_peer(event.flow.source) || is_peer(event.flow.destination)) event.ties.emergency = true;
  if (!events.push(event)) counters.events_lost.add();
}

bool classifier::impl::push(const flow_event& event) noexcept {
  if (event.type == flow_event::kind::endpoint) {
    if (endpoints.size() < endpoints_max) {
      endpoints.push_back(
          {event.flow.source, event.flow.source_port, event.flow.protocol, event.what, 2});
    } else {
      counters.endpoints_missed.add();
    }
  }
  send(event);
  return true;
}

bool classifier::impl::is_current(flow_index flow, std::uint64_t id) const noexcept {
  return table.in_use(flow) && identity_of(flow).id == id;
}

void classifier::impl::mark_changed(hot_flow& hot) noexcept {
  hot.context |= static_cast<std::uint32_t>(generation_stale) << flow_generation_shift;
}

// The public face.

classifier::classifier(const classifier_config& config, event_sink& events)
    : impl_(std::make_unique<impl>(config, events)) {}
classifier::~classifier() = default;

void classifier::process(std::span<const packet_view> packets, time_point now,
                         std::span<packet_flow> flows) noexcept {
  impl_->process(packets, now, flows);
}

void classifier::idle(time_point now) noexcept {
  impl_->sweep(now, sweep_idle_max, close_idle_max);
  impl_->sample_some(now, std::numeric_limits<std::uint32_t>::max());
}

void classifier::finish() noexcept {
  const auto close = [this](flow_index flow) {
    impl_->close(flow, impl_->counters.flows_closed);
    return true;
  };
  // The first round may have begun in the middle.
  for (int rounds = 0; rounds < 2;) rounds += impl_->table.sweep(sweep_idle_max, close).round;
}

std::uint32_t classifier::action(flow_index flow) const noexcept {
  return impl_->table.in_use(flow) ? impl_->table.hot(flow).action : 0;
}

void classifier::set_action(flow_index flow, std::uint32_t handle) noexcept {
  if (impl_->table.in_use(flow)) impl_->table.hot(flow).action = handle;
}

flow_facts classifier::facts(flow_index flow) const noexcept {
  flow_facts out;
  if (!impl_->table.in_use(flow)) return out;
  const warm_flow& warm = impl_->table.warm(flow);
  out.flow = impl_->identity_of(flow);
  out.what = impl_->verdict_of(flow);
  out.emergency = warm.emergency;
  out.call = impl::call_of(warm);
  if (out.call != no_call) out.call_what = impl_->call_verdicts[out.call];
  return out;
}

void classifier::record_fate(const packet_flow& packet, bool dropped,
                             nanoseconds added_delay) noexcept {
  if (!impl_->table.in_use(packet.flow) || !impl_->table.hot(packet.flow).has(flow_working)) return;
  const flow_work& work = impl_->works[impl_->table.warm(packet.flow).work];
  if (work.media != flow_work::none) {
    impl_->monitors[work.media].fate(packet.way, packet.role, dropped, added_delay);
  }
}

void classifier::attach_call(flow_index flow, std::uint64_t id, call_slot call,
                             const verdict& call_what, bool emergency) noexcept {
  const bool attached = call < impl_->call_verdicts.size();
  if (attached) impl_->call_verdicts[call] = call_what;
  if (!impl_->is_current(flow, id)) return;
  warm_flow& warm = impl_->table.warm(flow);
  hot_flow& hot = impl_->table.hot(flow);
  warm.call = static_cast<std::uint16_t>(attached ? call + 1 : 0);
  warm.emergency = emergency;
  if (attached) {
    hot.set(flow_in_call);
  } else {
    hot.clear(flow_in_call);
  }
  // The record claims the higher confidence of flow and call: this packet is where it got there.
  if (warm.voip && warm.decided_packet == 0 && call_what.confidence_pct >= decided_pct) {
    impl_->note_decided(flow, {hot.last_ns});
  }
  impl_->mark_changed(hot);
}

void classifier::set_emergency(const std::vector<std::string>& numbers,
                               const std::vector<ip_address>& peers) noexcept {
  impl_->detectors.set_emergency_numbers(numbers);
  impl_->emergency_peers = &peers;
}

void classifier::expect_media(const dialog_notice& notice) noexcept {
  impl_->detectors.expect_media(notice);
}

void classifier::refresh_all() noexcept {
  if (++impl_->generation != generation_stale) return;
  // Once in 255 times every record is marked, so that an old flow cannot meet its own number again.
  impl_->generation = 0;
  for (flow_index i = 0; i < impl_->table.high_water(); ++i)
    impl_->mark_changed(impl_->table.hot(i));
}

void classifier::shed_inspection(bool shed) noexcept {
  impl_->shed = shed;
}

const classifier_counters& classifier::counters() const noexcept {
  return impl_->counters;
}

std::uint32_t classifier::flows_live() const noexcept {
  return impl_->table.size();
}

std::uint32_t classifier::flows_max() const noexcept {
  return impl_->config.flows_max;
}

std::size_t classifier::table_bytes() const noexcept {
  return impl_->table.memory_bytes();
}

nanoseconds classifier::sweep_round(std::uint32_t records) noexcept {
  return std::clamp(records * sweep_record_time, sweep_record_time, sweep_round_most);
}

std::size_t classifier::memory_bytes() const noexcept {
  return sizeof(impl) + impl_->table.memory_bytes() + impl_->works.bytes() +
         impl_->monitors.bytes() + impl_->measured.capacity() * sizeof(std::uint32_t) +
         impl_->spares.bytes() + impl_->detectors.memory_bytes() +
         (impl_->ndpi ? impl_->ndpi->memory_bytes() : 0) +
         impl_->call_verdicts.size() * sizeof(verdict);
}

}  // namespace callweir::classify

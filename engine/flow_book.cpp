#include "engine/flow_book.hpp"

#include <algorithm>

#include "classify/call_tracker.hpp"
#include "classify/classifier.hpp"

namespace callweir::engine {
namespace {

constexpr std::uint64_t sample_one_in = 1000;
constexpr std::uint32_t sweep_max = 64;  // slots looked at for an ended flow before the oldest goes
constexpr std::size_t actions_max = 16;  // lines listed for a call
constexpr std::size_t action_flows_max = 64;  // flows listed for a line
constexpr nanoseconds silent_together = std::chrono::seconds(5);

void take(known_flow& known, const classify::flow_event& event) {
  known.totals = event.totals;
  if (event.what.confidence_pct > 0) known.what = event.what;
  if (event.decided_packet > 0) {
    known.decided_packet = event.decided_packet;
    known.decided_after = event.decided_after;
  }
  known.emergency |= event.ties.emergency;
}

/// The line and deed that the flow met, as listed for its call; nullptr where they are not.
call_action* action_of(call_record& call, const known_flow& flow) {
  const auto found = std::find_if(call.actions.begin(), call.actions.end(), [&](const auto& a) {
    return a.policy == flow.policy && a.action == shaper::action_name(flow.action);
  });
  return found == call.actions.end() ? nullptr : &*found;
}

void add_flow(call_action& to, const known_flow& flow) {
  if (to.flows.size() < action_flows_max) to.flows.push_back(classify::flow_name(flow.flow.id));
  to.since = std::min(to.since, flow.bound);
}

void add_action(call_record& call, const known_flow& flow) {
  call_action* action = action_of(call, flow);
  if (action == nullptr) {
    if (call.actions.size() >= actions_max) return;
    call.actions.push_back({flow.policy, shaper::action_name(flow.action), {}, flow.bound});
    action = &call.actions.back();
  }
  add_flow(*action, flow);
}

}  // namespace

flow_book::flow_book(std::uint32_t flows_max, std::array<std::uint64_t, 2> seed,
                     std::vector<std::string> links)
    : flows_max_(std::max(flows_max, 1U)), seed_(seed), links_(std::move(links)) {}

bool flow_book::sampled(std::uint64_t flow_id) const {
  std::uint64_t h = (flow_id ^ seed_[0]) * 0x9e3779b97f4a7c15ULL;
  h = (h ^ (h >> 29) ^ seed_[1]) * 0xbf58476d1ce4e5b9ULL;
  return (h >> 32) % sample_one_in == 0;
}

std::uint32_t flow_book::slot_to_use() {
  if (slots_.size() < flows_max_) {
    slots_.emplace_back();
    return static_cast<std::uint32_t>(slots_.size() - 1);
  }
  std::uint32_t chosen = cursor_;
  for (std::uint32_t i = 0; i < std::min(sweep_max, flows_max_); ++i) {
    const std::uint32_t at = (cursor_ + i) % flows_max_;
    if (slots_[at].flow.ended) {
      chosen = at;
      break;
    }
  }
  cursor_ = (chosen + 1) % flows_max_;
  const std::uint64_t old = slots_[chosen].flow.flow.id;
  index_.erase(old);
  names_.erase(classify::flow_name(old));
  return chosen;
}

known_flow& flow_book::place(const classify::flow_identity& flow) {
  if (const auto found = index_.find(flow.id); found != index_.end()) {
    return slots_[found->second].flow;
  }
  const std::uint32_t at = slot_to_use();
  slots_[at] = {};
  slots_[at].used = true;
  slots_[at].order = ++placed_;
  slots_[at].flow.flow = flow;
  index_[flow.id] = at;
  names_[classify::flow_name(flow.id)] = flow.id;
  return slots_[at].flow;
}

void flow_book::on_endpoint(const classify::flow_event& event) {
  const std::int64_t second = event.at.ns / 1'000'000'000;
  if (second != endpoints_second_) endpoints_seen_ = 0;
  endpoints_second_ = second;
  if (++endpoints_seen_ > endpoints_a_second) {
    ++endpoints_missed_;
    return;
  }
  for (auto& one : slots_) {
    const auto& flow = one.flow.flow;
    const bool theirs =
        (flow.source == event.flow.source && flow.source_port == event.flow.source_port) ||
        (flow.destination == event.flow.source && flow.destination_port == event.flow.source_port);
    if (one.used && theirs && !one.flow.what.voip) one.flow.what = event.what;
  }
}

void flow_book::on_event(const classify::flow_event& event) {
  using kind = classify::flow_event::kind;
  if (event.type == kind::endpoint) {
    on_endpoint(event);
    return;
  }
  if (event.type == kind::dialog || event.type == kind::opened) return;
  const bool wanted = event.what.voip || index_.contains(event.flow.id) ||
                      (event.type == kind::closed && sampled(event.flow.id));
  if (!wanted) return;
  known_flow& known = place(event.flow);
  take(known, event);
  if (event.type == kind::closed) known.ended = true;
}

void flow_book::on_binding(const binding& told, const std::string& policy) {
  const bool noted = told.what.voip || told.action != shaper::action_kind::allow;
  if (!noted && !index_.contains(told.flow.id)) return;
  const bool fresh = !index_.contains(told.flow.id);
  known_flow& known = place(told.flow);
  if (fresh) {
    known.what = told.what;
    known.totals.first = known.totals.last = told.at;
  }
  if (known.policy != policy || known.action != told.action || known.bound.ns == 0) {
    known.bound = told.at;
  }
  known.policy = policy;
  known.action = told.action;
}

void flow_book::attach(std::uint64_t flow_id, classify::call_slot call_slot,
                       const std::string& call, bool emergency) {
  const auto found = index_.find(flow_id);
  if (found == index_.end()) return;
  known_flow& known = slots_[found->second].flow;
  known.slot = call_slot;
  known.call = call;
  known.emergency |= emergency;
}

const known_flow* flow_book::find(std::uint64_t flow_id) const {
  const auto found = index_.find(flow_id);
  return found == index_.end() ? nullptr : &slots_[found->second].flow;
}

const known_flow* flow_book::find(const std::string& name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? nullptr : find(found->second);
}

flow_record flow_book::record(const known_flow& flow) const {
  return make_record(flow, links_);
}

std::vector<const known_flow*> flow_book::newest(std::size_t most) const {
  std::vector<const slot*> all;
  all.reserve(slots_.size());
  for (const auto& one : slots_) {
    if (one.used) all.push_back(&one);
  }
  const std::size_t shown = std::min(most, all.size());
  std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(shown), all.end(),
                    [](const slot* a, const slot* b) { return a->order > b->order; });
  std::vector<const known_flow*> out;
  for (std::size_t i = 0; i < shown; ++i) out.push_back(&all[i]->flow);
  return out;
}

void flow_book::complete(call_record& call) const {
  std::vector<const known_flow*> flows;
  time_point last;
  bool any_lives = false;
  for (const auto& name : call.flows) {
    const known_flow* flow = find(name);
    if (flow == nullptr) continue;
    if (call.link.empty() && flow->flow.link < links_.size()) call.link = links_[flow->flow.link];
    if (flow->policy.empty()) continue;
    flows.push_back(flow);
    any_lives |= !flow->ended;
    last = std::max(last, flow->totals.last);
  }
  // An ended flow keeps the line that it met last. Of what is done to the call only those tell that
  // live or, where none does, that went silent last.
  const auto tells = [&](const known_flow& flow) {
    return any_lives ? !flow.ended : last - flow.totals.last <= silent_together;
  };
  for (const known_flow* flow : flows) {
    if (tells(*flow)) add_action(call, *flow);
  }
  for (const known_flow* flow : flows) {
    if (tells(*flow)) continue;
    if (call_action* action = action_of(call, *flow)) add_flow(*action, *flow);
  }
}

flow_record make_record(const known_flow& flow, const std::vector<std::string>& links) {
  flow_record out;
  out.id = classify::flow_name(flow.flow.id);
  if (flow.flow.link < links.size()) out.link = links[flow.flow.link];
  out.source = flow.flow.source;
  out.destination = flow.flow.destination;
  out.source_port = flow.flow.source_port;
  out.destination_port = flow.flow.destination_port;
  out.protocol = flow.flow.protocol;
  out.vlan.assign(flow.flow.vlan, flow.flow.vlan + std::min<std::size_t>(flow.flow.vlan_count, 2));
  out.tunnel = flow.flow.tunnel;
  out.what = flow.what;
  out.reasons = classify::reason_texts(flow.what.reasons);
  out.first = flow.totals.first;
  out.last = flow.totals.last;
  out.packets = flow.totals.packets;
  out.bytes = flow.totals.bytes;
  if (flow.decided_packet > 0) {
    out.decided_packet = flow.decided_packet;
    out.decided_s = to_seconds(flow.decided_after);
  }
  out.call = flow.call;
  out.policy = flow.policy;
  out.action = shaper::action_name(flow.action);
  return out;
}

}  // namespace callweir::engine

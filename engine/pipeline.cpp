#include "engine/pipeline.hpp"

namespace callweir::engine {
namespace {

constexpr int orders_a_burst = 32;  // bounds the time between two bursts

decision translate(const shaper::fate& fate) noexcept {
  decision out;
  out.reason = static_cast<std::uint8_t>(fate.reason);
  switch (fate.kind) {
    case shaper::fate_kind::drop:
      out.what = outcome::drop;
      break;
    case shaper::fate_kind::hold:
      out.what = outcome::hold;
      out.release = fate.release;
      break;
    case shaper::fate_kind::pass:
      out.what = fate.first_in_line ? outcome::forward_first : outcome::forward;
      break;
  }
  return out;
}

}  // namespace

// Live, the port says which side a frame came from: the decoder needs no networks.
pipeline::pipeline(const options& wanted, event_ring& events, worker_channel& channel)
    : decoder_({}, wanted.classify.seed),
      classifier_(wanted.classify, events),
      channel_(channel),
      calls_(wanted.calls_max) {}

void pipeline::process(std::span<packet_view> burst, time_point now,
                       std::span<decision> out) noexcept {
  take_orders();
  if (load_ == load_level::shed_accounting) {
    counters_.shed.add(burst.size());
    counters_.packets.add(burst.size());
    return;
  }
  decoder_.decode_burst(burst);
  std::array<classify::packet_flow, burst_max> flows;
  const std::span<classify::packet_flow> where(flows.data(), burst.size());
  classifier_.process(burst, now, where);
  if (policies_ != nullptr) [[likely]] {
    for (const classify::packet_flow& each : where) {
      if (shaper::acts(each.action)) policies_->set->prefetch(each.action);
    }
  }
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < burst.size(); ++i) {
    bytes += burst[i].l3_bytes;
    count(burst[i], where[i].in_call);
    if (where[i].flow == classify::no_flow) {
      if (burst[i].status == decode_status::ok) {
        counters_.untracked.add();
      } else {
        counters_.decoded[static_cast<std::size_t>(burst[i].status)].add();
      }
      continue;
    }
    if (where[i].fresh) bind(where[i].flow, now);
    decide(burst[i], where[i], now, out[i]);
  }
  counters_.packets.add(burst.size());
  counters_.bytes.add(bytes);
}

inline void pipeline::count(const packet_view& packet, bool in_call) noexcept {
  auto& link = counters_.links[packet.link % capture::links_max];
  const std::size_t kind = in_call ? 0 : 1;
  const auto from = static_cast<std::size_t>(packet.from);
  link.packets[kind][from].add();
  link.bytes[kind][from].add(packet.l3_bytes);
}

void pipeline::idle(time_point now) noexcept {
  take_orders();
  classifier_.idle(now);
}

void pipeline::set_load(load_level level) noexcept {
  load_ = level;
  classifier_.shed_inspection(level != load_level::normal);
}

void pipeline::take_orders() noexcept {
  const auto* wanted = channel_.wanted.load(std::memory_order_acquire);
  if (wanted != policies_) [[unlikely]] {
    policies_ = wanted;
    const auto& emergency = wanted->set->document().emergency;
    classifier_.set_emergency(emergency.numbers, emergency.peers);
    classifier_.refresh_all();
    channel_.adopted.store(wanted->generation, std::memory_order_release);
  }
  if (const auto asked = channel_.refresh.load(std::memory_order_relaxed); asked != refreshed_)
      [[unlikely]] {
    refreshed_ = asked;
    classifier_.refresh_all();
  }
  for (int i = 0; i < orders_a_burst; ++i) {
    const command* order = channel_.commands.front();
    if (order == nullptr) break;
    carry_out(*order);
    channel_.commands.drop();
  }
}

void pipeline::carry_out(const command& order) noexcept {
  switch (order.what) {
    case command::kind::attach_call:
      if (order.call < calls_.size()) calls_[order.call] = {order.call_key, order.call_initiator};
      classifier_.attach_call(order.flow, order.flow_id, order.call, order.call_what,
                              order.emergency);
      break;
    case command::kind::expect_media:
      classifier_.expect_media(order.dialog);
      break;
  }
}

void pipeline::bind(classify::flow_index flow, time_point now) noexcept {
  if (policies_ == nullptr) return;
  const classify::flow_facts facts = classifier_.facts(flow);
  const auto attributes =
      attributes_of(facts, facts.call < calls_.size() ? calls_[facts.call] : call_facts{});
  const std::uint32_t before = classifier_.action(flow);
  const shaper::action_handle handle = policies_->set->bind(attributes, now, before);
  classifier_.set_action(flow, handle);
  counters_.bindings.add();
  const auto kind = policies_->set->kind_of(handle);
  // Flows that are let pass and are no telephony stay out of the control thread's book.
  if (kind == shaper::action_kind::allow && before == 0 && !attributes.what.voip) return;
  binding told{now,
               facts.flow,
               attributes.what,
               facts.call,
               policies_->generation,
               policies_->set->line_of(handle),
               kind};
  if (!channel_.bindings.push(told)) {
    channel_.bindings_lost.store(channel_.bindings_lost.load(std::memory_order_relaxed) + 1,
                                 std::memory_order_relaxed);
  }
}

void pipeline::decide(const packet_view& packet, const classify::packet_flow& where, time_point now,
                      decision& out) noexcept {
  if (policies_ == nullptr) return;
  // Not `where.action`: an earlier packet of the burst may have bound the flow anew.
  const shaper::action_handle action = classifier_.action(where.flow);
  if (!shaper::acts(action)) return;
  shaper::policy_set& policies = *policies_->set;
  shaper::fate fate = policies.apply(action, packet, where.way, where.role, now);
  if (fate.stale) [[unlikely]] {
    bind(where.flow, now);
    fate = policies.apply(classifier_.action(where.flow), packet, where.way, where.role, now);
  }
  out = translate(fate);
  const auto reason = static_cast<std::size_t>(fate.reason);
  const bool dropped = fate.kind == shaper::fate_kind::drop;
  const bool held = fate.kind == shaper::fate_kind::hold;
  if (!dropped && !held) return;
  auto& link = counters_.links[packet.link % capture::links_max];
  (dropped ? counters_.dropped : counters_.held)[reason].add();
  (dropped ? link.dropped : link.delayed).add();
  classifier_.record_fate(where, dropped, held ? fate.release - now : nanoseconds{0});
}

}  // namespace callweir::engine

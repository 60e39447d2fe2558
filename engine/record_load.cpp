#include "engine/record_load.hpp"

#include <algorithm>

#include "engine/policy_text.hpp"

namespace callweir::engine {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

void subtract(std::array<both_ways<std::uint64_t>, 2>& from,
              const std::array<both_ways<std::uint64_t>, 2>& what) {
  for (std::size_t kind = 0; kind < 2; ++kind) {
    for (std::size_t way = 0; way < 2; ++way) from[kind][way] -= what[kind][way];
  }
}

/// A line that was made anew counts from zero again.
shaper::line_counters difference(const shaper::line_counters& now,
                                 const shaper::line_counters& before) {
  const bool anew = now.flows < before.flows || now.packets < before.packets ||
                    now.bytes < before.bytes || now.dropped < before.dropped ||
                    now.delayed < before.delayed;
  if (anew) return now;
  return {now.flows - before.flows, now.packets - before.packets, now.bytes - before.bytes,
          now.dropped - before.dropped, now.delayed - before.delayed};
}

}  // namespace

void second_teller::tick(const control_state& state, time_point now, const record_outlet& out) {
  if (!loads_) return;
  auto loads = loads_();
  const bool first = before_.size() != loads.size();
  for (std::size_t i = 0; !first && i < loads.size() && i < state.links.size(); ++i) {
    second_record record;
    record.at = {(now.ns - second_ns) / second_ns * second_ns};
    record.link = state.links[i];
    record.bytes = loads[i].bytes;
    record.packets = loads[i].packets;
    subtract(record.bytes, before_[i].bytes);
    subtract(record.packets, before_[i].packets);
    record.dropped = loads[i].dropped - before_[i].dropped;
    record.delayed = loads[i].delayed - before_[i].delayed;
    record.calls = static_cast<std::uint32_t>(state.tracker.active().size());
    record.degraded = static_cast<std::uint32_t>(state.degrade.size());
    out.durable(record);
    out.live(record);
  }
  before_ = std::move(loads);
}

void policy_teller::tell(control_state& state, bool idle_too, const record_outlet& out) {
  const auto& lines = state.policies.source().whole.policies.lines;
  std::vector<line> now;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const line_text text = text_of(lines[i]);
    const auto counted = state.policies.current().counters(i);
    const auto before = std::find_if(lines_.begin(), lines_.end(), [&](const line& each) {
      return each.name == text.name && each.action == text.action && each.mode == text.mode;
    });
    const auto fresh =
        difference(counted, before != lines_.end() ? before->before : shaper::line_counters{});
    now.push_back({text.name, text.action, text.mode, counted});
    const bool idle = fresh.flows + fresh.packets + fresh.dropped + fresh.delayed == 0;
    if (idle && !idle_too) continue;
    policy_record record;
    record.at = window_;
    record.position = static_cast<std::uint32_t>(i);
    record.name = text.name;
    record.match = text.match;
    record.action = text.action;
    record.mode = text.mode;
    record.flows = fresh.flows;
    record.packets = fresh.packets;
    record.bytes = fresh.bytes;
    record.dropped = fresh.dropped;
    record.delayed = fresh.delayed;
    out.durable(record);
  }
  lines_ = std::move(now);
}

void policy_teller::tick(control_state& state, time_point now, const record_outlet& out) {
  if (!state.policies.running()) return;
  const time_point current{now.ns / every.count() * every.count()};
  if (current == window_) return;
  if (window_.ns != 0) {
    const bool idle_too =
        generation_ != state.policies.generation() || now - idle_told_ >= idle_every;
    if (idle_too) idle_told_ = now;
    generation_ = state.policies.generation();
    tell(state, idle_too, out);
  }
  window_ = current;
}

void policy_teller::finish(control_state& state, const record_outlet& out) {
  if (state.policies.running() && window_.ns != 0) tell(state, false, out);
}

}  // namespace callweir::engine

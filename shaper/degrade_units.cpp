#include "shaper/degrade_units.hpp"

#include <algorithm>

namespace callweir::shaper {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;

// How fast the extra delay may change, in ns a second. Up: 40 ms a second is what jitter buffers
// follow by stretching. Down: 600 ms are gone within 4 s, and packets leave in order.
constexpr std::int64_t slew_up = 40'000'000;
constexpr std::int64_t slew_down = 150'000'000;
constexpr std::int64_t delay_max = 600'000'000;
constexpr std::int64_t slew_time_max = 1'000'000'000;  // a pause counts as a second at most
constexpr std::uint32_t cap_burst_bytes = 3'000;

}  // namespace

degrade_units::degrade_units(std::uint32_t calls_max) : size_(calls_max), units_(calls_max) {}

void degrade_units::wipe(unit& u) noexcept {
  for (auto& w : u.way) {
    w.loss.store(0, relaxed);
    w.burst_ns.store(0, relaxed);
    w.delay_target_ns.store(0, relaxed);
    w.cap_ticks_per_byte.store(0, relaxed);
    w.delay_ns.store(0, relaxed);
    w.arrived_ns.store(0, relaxed);
    w.released_ns.store(0, relaxed);
    w.bursts.reset();
    w.packets.store(0, relaxed);
    w.dropped.store(0, relaxed);
    w.delayed.store(0, relaxed);
    w.delay_sum_ns.store(0, relaxed);
  }
}

void degrade_units::adopt(std::uint32_t call, std::uint64_t call_key, side initiator) noexcept {
  if (call >= size_) return;
  unit& u = units_[call];
  std::uint64_t owner = u.owner.load(std::memory_order_acquire);
  if (owner == call_key) {
    u.initiator.store(static_cast<std::uint8_t>(initiator), relaxed);
    return;
  }
  if (!u.owner.compare_exchange_strong(owner, call_key, std::memory_order_acq_rel)) return;
  wipe(u);
  u.initiator.store(static_cast<std::uint8_t>(initiator), relaxed);
}

fate degrade_units::hold(one_way& w, std::int64_t target_ns, time_point now) noexcept {
  const std::int64_t elapsed =
      std::clamp<std::int64_t>(now.ns - w.arrived_ns.load(relaxed), 0, slew_time_max);
  w.arrived_ns.store(now.ns, relaxed);
  std::int64_t delay = w.delay_ns.load(relaxed);
  if (delay < target_ns) {
    delay = std::min(target_ns, delay + elapsed / 1'000 * slew_up / 1'000'000);
  } else {
    delay = std::max(target_ns, delay - elapsed / 1'000 * slew_down / 1'000'000);
  }
  w.delay_ns.store(delay, relaxed);
  // Never before the one that came earlier; a release far ahead is left from a clock that was set
  // back.
  std::int64_t release = now.ns + delay;
  const std::int64_t last = w.released_ns.load(relaxed);
  if (last > release && last - release <= delay_max) release = last;
  w.released_ns.store(release, relaxed);
  if (release <= now.ns) return {};
  w.delayed.fetch_add(1, relaxed);
  w.delay_sum_ns.fetch_add(release - now.ns, relaxed);
  return {.kind = fate_kind::hold,
          .reason = fate_reason::degrade_delay,
          .first_in_line = false,
          .release = {release}};
}

fate degrade_units::impair(std::uint32_t call, side from, std::uint32_t bytes, bool voice,
                           time_point now) noexcept {
  one_way& w = way_of(units_[call], from);
  w.packets.fetch_add(1, relaxed);
  const nanoseconds burst{w.burst_ns.load(relaxed)};
  if (w.bursts.lost(w.loss.load(relaxed), burst, voice, now)) {
    w.dropped.fetch_add(1, relaxed);
    return {.kind = fate_kind::drop, .reason = fate_reason::degrade_burst};
  }
  if (const auto cost = w.cap_ticks_per_byte.load(relaxed); cost != 0) {
    bucket_rate rate{cost, 0};
    rate.burst_ticks = rate.cost(cap_burst_bytes);
    if (!w.cap.take(rate, bytes, ticks(now))) {
      w.dropped.fetch_add(1, relaxed);
      return {.kind = fate_kind::drop, .reason = fate_reason::degrade_rate};
    }
  }
  return hold(w, w.delay_target_ns.load(relaxed), now);
}

fate degrade_units::drain(std::uint32_t call, side from, time_point now) noexcept {
  return hold(way_of(units_[call], from), 0, now);
}

bool degrade_units::draining(std::uint32_t call, std::uint64_t call_key,
                             time_point now) const noexcept {
  if (call >= size_) return false;
  const unit& u = units_[call];
  if (u.owner.load(std::memory_order_acquire) != call_key) return false;
  return std::any_of(std::begin(u.way), std::end(u.way), [&](const one_way& w) {
    return w.delay_ns.load(relaxed) > 0 || w.released_ns.load(relaxed) > now.ns;
  });
}

void degrade_units::set(std::uint32_t call, direction way, const impairment& what) noexcept {
  if (call >= size_) return;
  one_way& w = units_[call].way[way];
  w.loss.store(std::clamp(static_cast<float>(what.loss), 0.0F, burst_loss::share_max), relaxed);
  w.burst_ns.store(what.burst.count(), relaxed);
  w.delay_target_ns.store(std::clamp<std::int64_t>(what.delay.count(), 0, delay_max), relaxed);
  w.cap_ticks_per_byte.store(
      what.cap.bps == 0 ? 0 : bucket_rate::make(what.cap, cap_burst_bytes).ticks_per_byte, relaxed);
}

inflicted degrade_units::taken(std::uint32_t call, direction way) const noexcept {
  if (call >= size_) return {};
  const one_way& w = units_[call].way[way];
  return {.packets = w.packets.load(relaxed),
          .dropped = w.dropped.load(relaxed),
          .delayed = w.delayed.load(relaxed),
          .delay_ns_sum = w.delay_sum_ns.load(relaxed)};
}

void degrade_units::forget(std::uint32_t call) noexcept {
  if (call >= size_) return;
  wipe(units_[call]);
  units_[call].owner.store(0, std::memory_order_release);
}

}  // namespace callweir::shaper

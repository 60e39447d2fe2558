// What is done to each degraded call, one unit a call slot: targets that the control thread sets,
// and the state by which workers carry them out. Shared by a policy set and its successor, so that
// a call's treatment survives a change of policies.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/units.hpp"
#include "shaper/burst_loss.hpp"
#include "shaper/large_array.hpp"
#include "shaper/policy_set.hpp"
#include "shaper/token_bucket.hpp"

namespace callweir::shaper {

class degrade_units {
 public:
  explicit degrade_units(std::uint32_t calls_max);

  std::uint32_t size() const noexcept { return size_; }
  static std::size_t memory_bytes(std::uint32_t calls_max) noexcept {
    return large_array<unit>::bytes(calls_max);
  }

  // Workers.
  /// Makes the unit that of `call_key`; a slot used by another call before is wiped. `initiator` is
  /// that of the call's first media flow and tells the call's directions.
  void adopt(std::uint32_t call, std::uint64_t call_key, side initiator) noexcept;
  /// What happens to a media packet that came in by the port `from`.
  fate impair(std::uint32_t call, side from, std::uint32_t bytes, bool voice,
              time_point now) noexcept;
  /// The same when the call is degraded no more: what is held must leave before what comes now, so
  /// the delay melts away instead of ending at once. Nothing is dropped.
  fate drain(std::uint32_t call, side from, time_point now) noexcept;
  /// Something of this call may still be held.
  bool draining(std::uint32_t call, std::uint64_t call_key, time_point now) const noexcept;

  // Control thread.
  void set(std::uint32_t call, direction way, const impairment& what) noexcept;
  inflicted taken(std::uint32_t call, direction way) const noexcept;
  void forget(std::uint32_t call) noexcept;

 private:
  struct alignas(64) one_way {
    std::atomic<float> loss{0};
    std::atomic<std::int64_t> burst_ns{0}, delay_target_ns{0};
    std::atomic<std::uint64_t> cap_ticks_per_byte{0};  // 0: none
    std::atomic<std::int64_t> delay_ns{0};             // what the newest packet got
    std::atomic<std::int64_t> arrived_ns{0};           // when it came
    std::atomic<std::int64_t> released_ns{0};          // when it leaves: none may overtake it
    burst_loss bursts;
    token_bucket cap;
    std::atomic<std::uint64_t> packets{0}, dropped{0}, delayed{0};
    std::atomic<std::int64_t> delay_sum_ns{0};
  };
  struct unit {
    std::atomic<std::uint64_t> owner{0};
    std::atomic<std::uint8_t> initiator{0};
    one_way way[2];
  };

  static void wipe(unit& u) noexcept;
  one_way& way_of(unit& u, side from) const noexcept {
    return u.way[static_cast<std::uint8_t>(from) == u.initiator.load(std::memory_order_relaxed)
                     ? forward
                     : backward];
  }
  static fate hold(one_way& w, std::int64_t target_ns, time_point now) noexcept;

  std::uint32_t size_;
  large_array<unit> units_;
};

}  // namespace callweir::shaper

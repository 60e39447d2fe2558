// A pipeline fed with synthetic traffic on the traffic's own clock, as a worker would feed it: a
// burst taken, decided, given back, and timers every few milliseconds.
#pragma once

#include <atomic>

#include "bench/traffic/rig.hpp"
#include "bench/traffic/traffic_source.hpp"

namespace callweir::bench {

class driven_pipeline {
 public:
  /// All three outlive it; `pool` is what start_frames() gave.
  driven_pipeline(engine::pipeline& line, traffic_source& traffic, void* pool) noexcept
      : line_(line), traffic_(traffic), frames_(pool), clock_ns_(traffic.now().ns) {}

  /// One burst. The thread must be one of DPDK's.
  void burst() noexcept {
    const auto views = frames_.take();
    const auto at = traffic_.fill(views);
    engine::decision decisions[engine::burst_max] = {};
    line_.process(views, at, decisions);
    frames_.give_back();
    if (at - idle_at_ < idle_every) return;
    idle_at_ = at;
    line_.idle(at);
    set_clock(at);
  }
  void run_until(time_point until) noexcept {
    while (traffic_.now() < until) burst();
  }

  /// The traffic's clock, a few milliseconds late; any thread.
  time_point now() const noexcept { return {clock_ns_.load(std::memory_order_relaxed)}; }
  void set_clock(time_point at) noexcept { clock_ns_.store(at.ns, std::memory_order_relaxed); }

 private:
  static constexpr nanoseconds idle_every = std::chrono::milliseconds(5);
  engine::pipeline& line_;
  traffic_source& traffic_;
  frame_burst frames_;
  time_point idle_at_{};
  std::atomic<std::int64_t> clock_ns_;
};

}  // namespace callweir::bench

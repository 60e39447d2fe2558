// The burst loop: poll, one clock read, pipeline, carry the decisions out. One thread, nothing
// shared with other workers.
#pragma once

#include <array>
#include <atomic>
#include <vector>

#include "base/clock.hpp"
#include "engine/back_off.hpp"
#include "engine/counter.hpp"
#include "engine/lane.hpp"
#include "engine/load_ladder.hpp"
#include "engine/packet_pipeline.hpp"
#include "engine/shared_state.hpp"
#include "shaper/delay_line.hpp"

namespace callweir::engine {

/// Written by the worker's thread, read by anyone.
struct worker_counters {
  counter frames;        // taken in
  counter bypassed;      // forwarded untouched because of bypass
  counter held;          // put into the delay line
  counter hold_refused;  // should have been held, but the delay line was full: forwarded at once
  counter dropped;       // by decision of the pipeline, which counts reasons
  counter overload_changes;  // changes of the load level
};

struct worker_options {
  std::uint32_t held_frames = 8192;  // capacity of the delay line
  bool busy_poll = false;
  const std::atomic<std::uint32_t>* load_floor = nullptr;  // of who stands in front: a distributor
};

class worker {
 public:
  /// All memory is taken here. What is passed outlives the worker; `shared` may be read by the
  /// supervisor.
  worker(std::vector<lane> lanes, packet_pipeline& pipeline, worker_state& state,
         const std::atomic<std::uint32_t>& bypass, const std::atomic<bool>& gate,
         const worker_options& options);

  /// Waits for the gate, polls until stop() and then until the ports have been silent for 20 ms (at
  /// most 200 ms). Frames that are held leave before it returns. Registers the calling thread with
  /// DPDK.
  void run() noexcept;
  /// Any thread, signal handlers too.
  void stop() noexcept { stopping_.store(true, std::memory_order_relaxed); }

  /// One turn over all lanes; returns the frames that moved. run() is this in a loop; tests call it
  /// with their own clock.
  std::size_t turn(time_point now) noexcept;
  void flush_held(time_point now) noexcept;

  const worker_counters& counters() const noexcept { return counters_; }
  std::uint32_t held_now() const noexcept { return held_now_.load(std::memory_order_relaxed); }

 private:
  void carry_out(const lane& where, std::uint16_t lane_number, std::size_t n,
                 time_point now) noexcept;
  std::size_t let_due_go(time_point now) noexcept;
  void housekeeping(time_point now) noexcept;
  void drain() noexcept;

  std::vector<lane> lanes_;
  packet_pipeline& pipeline_;
  worker_state& state_;
  const std::atomic<std::uint32_t>& bypass_;
  const std::atomic<bool>& gate_;
  worker_options options_;
  shaper::delay_line held_;
  load_ladder ladder_;
  load_level level_ = load_level::normal;
  steady_clock clock_;
  time_point last_idle_{};
  bool bypassed_ = false;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint32_t> held_now_{0};
  worker_counters counters_;
  std::array<packet_view, burst_max> views_;
  std::array<decision, burst_max> decisions_;
};

}  // namespace callweir::engine

// A link in memory: two rings that a generator fills and an engine's worker empties as it would a
// port's, and what it sends out is compared with the time stamp that each frame carries and freed.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>

#include "base/units.hpp"
#include "bench/latency/latency_histogram.hpp"
#include "engine/lane.hpp"
#include "engine/pipeline.hpp"

struct rte_ring;

namespace callweir::bench {

/// Frames that a port's ring holds (docs/explanation/architecture.md).
constexpr std::uint32_t ring_frames = 2'048;

/// The stamp stands behind the packet as padding of the Ethernet frame: no decoder looks there.
constexpr std::uint32_t stamp_bytes = 8;

/// Breaks in a thread's own loop.
struct loop_breaks {
  std::uint64_t breaks = 0;        // longer than 50 us, with nothing of the thread's own in it
  std::uint64_t break_cycles = 0;  // in all
  std::uint64_t long_turns = 0;    // as long, but packets were inspected meanwhile

  loop_breaks& operator+=(const loop_breaks& more) noexcept {
    breaks += more.breaks;
    break_cycles += more.break_cycles;
    long_turns += more.long_turns;
    return *this;
  }
  loop_breaks operator-(const loop_breaks& before) const noexcept {
    return {breaks - before.breaks, break_cycles - before.break_cycles,
            long_turns - before.long_turns};
  }
};

/// Watches the worker's loop from the calls that it makes: tells breaks of the machine's from work
/// that takes long. Worker's thread; read what it has seen while the link is silent.
class loop_watch {
 public:
  /// `rest_cycles`: how long the worker may sleep after a turn that found nothing.
  loop_watch(const engine::pipeline& line, std::uint64_t break_cycles, std::uint64_t rest_cycles)
      : line_(line), break_cycles_(break_cycles), rest_cycles_(rest_cycles) {}

  /// At every sign of life.
  void tick(std::uint64_t now) noexcept;
  /// A lane was polled: `full` when more waits.
  void polled(std::size_t lane, bool found, bool full) noexcept;
  /// There was a break, and what piled up meanwhile has not all left yet.
  bool disturbed() const noexcept { return disturbed_[0] != 0 || disturbed_[1] != 0; }
  const loop_breaks& seen() const noexcept { return seen_; }

 private:
  const engine::pipeline& line_;
  std::uint64_t break_cycles_, rest_cycles_;
  std::uint64_t last_ = 0, inspected_ = 0;
  bool found_[2] = {false, false};
  unsigned disturbed_[2] = {0, 0};  // by lane: polls that must find it emptied
  loop_breaks seen_;
};

/// One direction's way in. The generator puts, the worker receives.
class link_source final : public engine::frame_source {
 public:
  /// Throws std::runtime_error. DPDK must run.
  link_source(const char* name, side from, loop_watch& watch);
  ~link_source() override;
  link_source(const link_source&) = delete;
  link_source& operator=(const link_source&) = delete;

  /// Generator's thread; returns how many found room, from the first on.
  std::size_t put(std::span<void* const> frames) noexcept;
  std::uint32_t waiting() const noexcept;
  std::size_t receive(std::span<packet_view> out) noexcept override;

 private:
  rte_ring* ring_;
  side from_;
  loop_watch& watch_;
};

/// Latencies of all frames, and of those that no break of the worker's held up.
struct latency_record {
  latency_histogram all, undisturbed;
};

/// The way out of both directions.
class link_sink final : public engine::frame_sink {
 public:
  explicit link_sink(loop_watch& watch) : watch_(watch) {}
  void send(std::span<void* const> frames, bool first, time_point now) noexcept override;
  void pump(time_point) noexcept override {}
  void flush(time_point) noexcept override {}

  /// From now on what is sent is recorded here, or nowhere. Any thread, while the link is silent.
  void record_into(latency_record* into) noexcept { into_.store(into); }

 private:
  loop_watch& watch_;
  std::atomic<latency_record*> into_{nullptr};
};

}  // namespace callweir::bench

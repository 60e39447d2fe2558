#include "engine/worker.hpp"

#include <algorithm>

#include "capture/eal.hpp"
#include "capture/port.hpp"

namespace callweir::engine {
namespace {
constexpr nanoseconds idle_every = std::chrono::milliseconds(5);
constexpr nanoseconds silence = std::chrono::milliseconds(20);
constexpr nanoseconds drain_at_most = std::chrono::milliseconds(200);
}  // namespace

worker::worker(std::vector<lane> lanes, packet_pipeline& pipeline, worker_state& state,
               const std::atomic<std::uint32_t>& bypass, const std::atomic<bool>& gate,
               const worker_options& options)
    : lanes_(std::move(lanes)),
      pipeline_(pipeline),
      state_(state),
      bypass_(bypass),
      gate_(gate),
      options_(options),
      held_(options.held_frames) {
  state_.load.store(0, std::memory_order_relaxed);  // an engine that died may have left its level
}

void worker::carry_out(const lane& where, std::uint16_t lane_number, std::size_t n,
                       time_point now) noexcept {
  void* first[burst_max];
  void* plain[burst_max];
  std::size_t firsts = 0, plains = 0;
  for (std::size_t i = 0; i < n; ++i) {
    void* frame = views_[i].handle;
    switch (decisions_[i].what) {
      case outcome::forward:
        plain[plains++] = frame;
        break;
      case outcome::forward_first:
        first[firsts++] = frame;
        break;
      case outcome::hold:
        if (held_.hold({frame, lane_number}, decisions_[i].release, now)) {
          counters_.held.add();
        } else {
          counters_.hold_refused.add();
          plain[plains++] = frame;
        }
        break;
      case outcome::drop:
        capture::release(frame);
        counters_.dropped.add();
        break;
    }
  }
  if (firsts > 0) where.out->send({first, firsts}, true, now);
  if (plains > 0) where.out->send({plain, plains}, false, now);
}

std::size_t worker::let_due_go(time_point now) noexcept {
  shaper::delay_line::held due[burst_max];
  std::size_t moved = 0;
  // Bounded: what is not let go in this turn goes in the next.
  for (int round = 0; round < 16 && held_.size() > 0; ++round) {
    const auto n = held_.due(now, due);
    for (std::size_t i = 0; i < n; ++i)
      lanes_[due[i].port].out->send({&due[i].frame, 1}, false, now);
    moved += n;
    if (n < burst_max) break;
  }
  return moved;
}

void worker::flush_held(time_point now) noexcept {
  shaper::delay_line::held all[burst_max];
  while (held_.size() > 0) {
    const auto n = held_.flush(all);
    if (n == 0) break;
    for (std::size_t i = 0; i < n; ++i)
      lanes_[all[i].port].out->send({&all[i].frame, 1}, false, now);
  }
  for (const auto& each : lanes_) each.out->flush(now);
}

void worker::housekeeping(time_point now) noexcept {
  ladder_.judge(now);
  const auto floor =
      options_.load_floor == nullptr
          ? load_level::normal
          : static_cast<load_level>(options_.load_floor->load(std::memory_order_relaxed));
  if (const auto level = std::max(ladder_.level(), floor); level != level_) {
    level_ = level;
    counters_.overload_changes.add();
    pipeline_.set_load(level);
    state_.load.store(static_cast<std::uint32_t>(level), std::memory_order_relaxed);
  }
  if (now - last_idle_ < idle_every) return;
  last_idle_ = now;
  pipeline_.idle(now);
  held_now_.store(held_.size(), std::memory_order_relaxed);
}

std::size_t worker::turn(time_point now) noexcept {
  const bool bypass = bypass_.load(std::memory_order_relaxed) != 0;
  if (bypass && !bypassed_) flush_held(now);
  bypassed_ = bypass;
  std::size_t moved = 0;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    const auto& where = lanes_[i];
    const auto n = where.in->receive(views_);
    ladder_.polled(i, n == burst_max);
    if (n > 0) {
      for (std::size_t k = 0; k < n; ++k) views_[k].time = now;
      for (std::size_t k = 0; k < n; ++k) decisions_[k] = {};
      if (bypass)
        counters_.bypassed.add(n);
      else
        pipeline_.process({views_.data(), n}, now, {decisions_.data(), n});
      counters_.frames.add(n);
      carry_out(where, static_cast<std::uint16_t>(i), n, now);
      moved += n;
    }
  }
  moved += let_due_go(now);
  for (const auto& each : lanes_) bypass ? each.out->flush(now) : each.out->pump(now);
  housekeeping(now);
  return moved;
}

void worker::run() noexcept {
  capture::register_eal_thread();
  back_off::prepare_thread();
  back_off::await(gate_);
  if (stopping_.load(std::memory_order_relaxed)) return;  // the ports did not start
  back_off rest(options_.busy_poll);
  while (!stopping_.load(std::memory_order_relaxed)) {
    state_.heartbeat_ns.store(steady_clock::monotonic_ns(), std::memory_order_relaxed);
    if (turn(clock_.now()) > 0)
      rest.worked();
    else
      rest.rest();
  }
  drain();
  state_.heartbeat_ns.store(0);
  capture::unregister_eal_thread();
}

void worker::drain() noexcept {
  const auto begin = clock_.now();
  auto last_frame = begin;
  back_off rest(false);
  flush_held(begin);
  for (auto now = begin; now - last_frame < silence && now - begin < drain_at_most;
       now = clock_.now()) {
    state_.heartbeat_ns.store(steady_clock::monotonic_ns(), std::memory_order_relaxed);
    if (turn(now) > 0)
      last_frame = now;
    else
      rest.rest();
  }
  flush_held(clock_.now());
}

}  // namespace callweir::engine

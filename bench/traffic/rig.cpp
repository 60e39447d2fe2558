#include "bench/traffic/rig.hpp"

#include <pthread.h>
#include <rte_mbuf.h>
#include <sched.h>
#include <x86intrin.h>

#include <stdexcept>

#include "capture/eal.hpp"
#include "capture/frame_pool.hpp"

namespace callweir::bench {

std::span<packet_view> frame_burst::take() noexcept {
  rte_mbuf* frames[engine::burst_max];
  if (rte_pktmbuf_alloc_bulk(static_cast<rte_mempool*>(pool_), frames, engine::burst_max) != 0)
    return {};
  for (std::size_t i = 0; i < engine::burst_max; ++i) {
    views_[i].handle = frames[i];
    views_[i].frame = rte_pktmbuf_mtod(frames[i], const std::uint8_t*);
  }
  return views_;
}

void frame_burst::give_back() noexcept {
  rte_mbuf* frames[engine::burst_max];
  for (std::size_t i = 0; i < engine::burst_max; ++i)
    frames[i] = static_cast<rte_mbuf*>(views_[i].handle);
  rte_pktmbuf_free_bulk(frames, engine::burst_max);
}

void* start_frames(std::uint32_t frames) {
  static void* pool = nullptr;
  if (pool != nullptr) return pool;
  if (const auto started = capture::start_eal({}); !started)
    throw std::runtime_error(started.error().text());
  auto made = capture::frame_pool::make(frames, true, false);
  if (!made) throw std::runtime_error(made.error().text());
  static capture::frame_pool kept = std::move(*made);
  pool = kept.get();
  return pool;
}

void name_thread(const char* name) {
  pthread_setname_np(pthread_self(), name);
}

bool tie_to_core(unsigned core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  const bool tied = pthread_setaffinity_np(pthread_self(), sizeof set, &set) == 0;
  return capture::register_eal_thread() && tied;
}

appliance::appliance(const appliance_options& options, unsigned workers,
                     std::function<time_point()> now)
    : now_(std::move(now)) {
  std::vector<engine::worker_queues> queues;
  for (unsigned i = 0; i < workers; ++i) {
    auto made = std::make_unique<part>();
    auto classify = options.classify;
    classify.worker = static_cast<std::uint16_t>(i);
    made->line = std::make_unique<engine::pipeline>(engine::pipeline::options{classify, 20'000},
                                                    made->events, made->channel);
    queues.push_back({&made->events, &made->channel});
    parts_.push_back(std::move(made));
  }
  engine::control_options control;
  control.tap = options.tap;
  control_ = std::make_unique<engine::control_thread>(control, std::move(queues));
  auto read = engine::read_configuration(options.policies, "bench");
  if (!read) throw std::runtime_error(read.error().front().text());
  const auto begun = control_->begin({std::move(*read), options.policies, "bench"}, now_());
  if (!begun) throw std::runtime_error(begun.error().text());
  thread_ = std::thread([this] {
    name_thread("control");
    while (!stopping_.load(std::memory_order_relaxed)) {
      if (control_->step(now_())) continue;
      idle_rounds_.fetch_add(1, std::memory_order_relaxed);
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
  });
}

appliance::~appliance() {
  stopping_.store(true);
  thread_.join();
}

void appliance::settle() {
  const auto before = idle_rounds_.load();
  while (idle_rounds_.load() < before + 3)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

double tsc_hz() {
  const auto began = steady_clock::monotonic_ns();
  const auto first = __rdtsc();
  while (steady_clock::monotonic_ns() - began < 50'000'000) {
  }
  const auto last = __rdtsc();
  return static_cast<double>(last - first) * 1e9 /
         static_cast<double>(steady_clock::monotonic_ns() - began);
}

}  // namespace callweir::bench

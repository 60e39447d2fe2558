#include "bench/scaling/worker_pair.hpp"

#include <x86intrin.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <memory>
#include <thread>

#include "bench/traffic/driven_pipeline.hpp"

namespace callweir::bench {
namespace {

constexpr std::uint32_t flows = 1'000, new_per_s = 1'000;
constexpr std::uint32_t turn_bursts = 2'048;
constexpr const char* policies =
    "policies:\n"
    "- { name: softphones, match: { voip: true }, action: { degrade: { mos: 1.8 } },"
    " mode: observe }\n"
    "- { name: rest, match: {}, action: allow }\n";

struct lone_worker {
  lone_worker(engine::pipeline& line, const traffic_plan& plan, const frame_shapes& shapes,
              void* pool, time_point begin)
      : traffic(plan, shapes, begin), drive(line, traffic, pool) {}

  double turn() {
    const std::uint64_t first = __rdtsc();
    for (std::uint32_t i = 0; i < turn_bursts; ++i) drive.burst();
    return static_cast<double>(__rdtsc() - first) / (double{turn_bursts} * engine::burst_max);
  }

  traffic_source traffic;
  driven_pipeline drive;
};

}  // namespace

std::vector<worker_row> measure_workers(double seconds) {
  const double hz = tsc_hz();
  const unsigned most = std::clamp(std::thread::hardware_concurrency(), 1U, 2U);
  void* const pool = start_frames(16'384);
  const frame_shapes shapes;
  const auto plan = plan_traffic(flows, new_per_s, classify::classifier::sweep_round(flows) / 2);
  appliance_options wanted;
  wanted.policies = policies;
  wanted.classify.flows_max = 4 * flows + 1'024;
  wanted.classify.seed = {0x5eed'0001, 0x5eed'0002};
  wanted.classify.timeout_udp = wanted.classify.timeout_tcp = wanted.classify.timeout_unclassified =
      plan.time_out;
  const time_point begin = steady_clock().now();
  std::atomic<lone_worker*> first{nullptr};
  appliance whole(wanted, most, [&] {
    const auto* one = first.load();
    return one == nullptr ? begin : one->drive.now();
  });
  std::vector<std::unique_ptr<lone_worker>> workers;
  for (unsigned i = 0; i < most; ++i)
    workers.push_back(std::make_unique<lone_worker>(whole.worker(i), plan, shapes, pool, begin));
  first = workers.front().get();

  std::vector<std::vector<double>> alone(most), together(most);
  std::barrier turn(static_cast<std::ptrdiff_t>(most));
  std::atomic<bool> over{false};
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < most; ++i) {
    threads.emplace_back([&, i] {
      name_thread("worker");
      tie_to_core(std::thread::hardware_concurrency() - 1 - i);
      workers[i]->drive.run_until(begin + std::chrono::milliseconds(1'700));
      const auto end = __rdtsc() + static_cast<std::uint64_t>(seconds * hz);
      while (!over.load()) {
        turn.arrive_and_wait();
        if (i == 0) alone[0].push_back(workers[0]->turn());
        turn.arrive_and_wait();
        together[i].push_back(workers[i]->turn());
        if (i == 0 && __rdtsc() > end && together[0].size() >= 5) over.store(true);
        turn.arrive_and_wait();
      }
    });
  }
  for (auto& each : threads) each.join();
  std::vector<worker_row> rows{{1, alone[0]}};
  if (most > 1) {
    rows.push_back({2, together[0]});
    rows[1].tsc.insert(rows[1].tsc.end(), together[1].begin(), together[1].end());
  }
  return rows;
}

}  // namespace callweir::bench

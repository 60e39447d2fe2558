// What a benchmark of the data path runs on: DPDK with frames of the product's own pool, threads
// tied to a core, and a whole pipeline with its control thread, as an engine has them.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "engine/control_thread.hpp"
#include "engine/pipeline.hpp"

namespace callweir::bench {

/// A burst of frames from the pool.
class frame_burst {
 public:
  /// The calling thread must be one of DPDK's (see frame_pool_handle).
  explicit frame_burst(void* pool) noexcept : pool_(pool) {}
  std::span<packet_view> take() noexcept;
  void give_back() noexcept;

 private:
  void* pool_;
  std::array<packet_view, engine::burst_max> views_;
};

/// Starts DPDK once; throws std::runtime_error. Returns the pool that frame_burst wants.
void* start_frames(std::uint32_t frames);
/// Ties the calling thread to a core and makes it one of DPDK's. False where the machine has not so
/// many.
bool tie_to_core(unsigned core);
/// As profilers show it.
void name_thread(const char* name);

struct appliance_options {
  classify::classifier_config classify;
  std::string policies;  // "policies:" of a configuration
  std::function<void(const classify::flow_event&)> tap;
};

/// One pipeline per worker, with the control thread's work done on a thread of its own, on the
/// clock that `now` tells.
class appliance {
 public:
  appliance(const appliance_options& options, unsigned workers, std::function<time_point()> now);
  ~appliance();

  engine::pipeline& worker(unsigned i) { return *parts_[i]->line; }
  std::uint64_t events_lost() const { return control_->lost(); }
  /// Waits until nothing more comes from the workers.
  void settle();

 private:
  struct part {
    engine::event_ring events;
    engine::worker_channel channel;
    std::unique_ptr<engine::pipeline> line;
  };
  std::function<time_point()> now_;
  std::vector<std::unique_ptr<part>> parts_;
  std::unique_ptr<engine::control_thread> control_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> idle_rounds_{0};
  std::thread thread_;
};

/// The nominal frequency of the time-stamp counter, measured against the clock: cycles a second.
double tsc_hz();

}  // namespace callweir::bench

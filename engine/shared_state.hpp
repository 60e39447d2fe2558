// What supervisor and engine know of each other: one mapping of a memfd that both hold. Every field
// is a lock-free atomic written by the side that is named, so that either may die at any
// instruction.
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstdint>

#include "base/result.hpp"
#include "capture/link_config.hpp"

namespace callweir::engine {

enum class appliance_state : std::uint32_t { starting, inspecting, bypass, pass_through, stopping };
/// "starting", "inspecting", "bypass", "pass-through", "stopping".
const char* appliance_state_name(appliance_state state);

/// Bits of shared_state::alarms.
enum alarm : std::uint32_t {
  alarm_engine_crashed = 1,   // restarted at least once in the last ten minutes
  alarm_engine_hung = 2,      // a worker's heartbeat was late
  alarm_without_ndpi = 4,     // running without nDPI after repeated crashes
  alarm_pass_through = 8,     // gave up restarting for now: traffic is not inspected
  alarm_port_down = 16,       // a port has no carrier
  alarm_dashboard_down = 32,  // the dashboard process keeps dying
  alarm_overload = 64         // inspection or accounting is being shed
};
/// A sentence for one bit.
const char* alarm_text(alarm bit);
/// "engine_crashed", "pass_through", …: the name in status and metrics.
const char* alarm_name(alarm bit);
constexpr int alarm_count = 7;

struct alignas(64) worker_state {
  std::atomic<std::int64_t> heartbeat_ns{0};  // CLOCK_MONOTONIC; 0: not running. Worker writes
  std::atomic<std::uint32_t> load{0};         // load_level. Worker writes
};

struct alignas(64) link_state {
  std::atomic<std::uint32_t> up[2]{};  // carrier by side. Engine writes
  std::atomic<std::uint32_t>
      held_down[2]{};  // taken down by us because the other side has no carrier. Engine writes
};

struct shared_state {
  static constexpr std::uint32_t magic_value = 0x43574c32;
  std::uint32_t magic = magic_value;
  // Written by the supervisor.
  std::atomic<std::int32_t> supervisor_pid{0}, engine_pid{0}, dashboard_pid{0};
  std::atomic<std::uint32_t> restarts{0};  // engine restarts since the supervisor began
  std::atomic<std::uint32_t> alarms{0};  // bits of `alarm`; either side sets, either clears its own
  std::atomic<std::uint32_t> pass_through{0};  // 1: the supervisor runs no engine
  std::atomic<std::uint32_t> stalls{0};  // times that a late heartbeat gave frames to the kernel
  // 1: frames go to the kernel's pass-through because a heartbeat was late. The supervisor sets it,
  // the engine clears it when it has taken them again.
  std::atomic<std::uint32_t> withheld{0};
  // Wall clock, nanoseconds since the epoch, 0: never. When frames were withheld last.
  std::atomic<std::int64_t> withheld_since_ns{0};
  // The same, of when inspection ended with the engine before; the next one tells it and clears it.
  std::atomic<std::int64_t> absent_since_ns{0};
  // Written by the engine.
  std::atomic<std::uint32_t> ready{0};  // 1: every worker forwards. Cleared by the supervisor
  std::atomic<std::uint32_t> bypass{
      0};  // 1: forward everything untouched; survives a restart of the engine
  std::atomic<std::uint32_t> workers{0};
  worker_state worker[capture::workers_max];
  link_state link[capture::links_max];
  /// Robust and process-shared; the engine's main thread holds it for its life. The kernel passes
  /// it on with EOWNERDEAD at the very beginning of the process's end, long before its memory is
  /// gone and its sockets close: so the supervisor takes the packets back at once.
  pthread_mutex_t alive;

  appliance_state state() const noexcept;
};

/// Engine's main thread, once: from here on the supervisor hears of its death at once.
void hold_sign_of_life(shared_state& shared);
/// Supervisor, any thread: waits until the engine that holds it dies. False when `give_up` was set
/// before (it is looked at every 100 ms).
bool await_death(shared_state& shared, const std::atomic<bool>& give_up);
/// Supervisor, before it starts an engine.
void renew_sign_of_life(shared_state& shared);

/// A mapping of the shared state. Supervisor: create(), then hands fd() on; engine: open(fd). It
/// stays mapped until the process ends: the kernel reads the sign of life from it at the very last.
class shared_mapping {
 public:
  static result<shared_mapping> create();
  static result<shared_mapping> open(int fd);
  ~shared_mapping();
  shared_mapping(shared_mapping&& from) noexcept;
  shared_mapping& operator=(shared_mapping&&) = delete;

  shared_state* operator->() const noexcept { return state_; }
  shared_state& operator*() const noexcept { return *state_; }
  int fd() const noexcept { return fd_; }

 private:
  shared_mapping() = default;
  shared_state* state_ = nullptr;
  int fd_ = -1;
};

}  // namespace callweir::engine

// The memory that an engine takes at most, by part: measured on the parts themselves where they can
// say it, counted from their bounds where not.
#include <algorithm>
#include <thread>

#include "capture/port.hpp"
#include "classify/call_tracker.hpp"
#include "engine/commands.hpp"
#include "engine/configuration_use.hpp"
#include "engine/event_ring.hpp"
#include "engine/flow_book.hpp"

namespace callweir::engine {
namespace {

class no_sink final : public classify::event_sink {
 public:
  bool push(const classify::flow_event&) noexcept override { return true; }
};

/// Bytes of a call with its flows' names and twenty seconds of samples, of a host with its peers'
/// sketch: upper bounds, for the tables grow with what there is.
constexpr std::uint64_t call_bytes = 8'192;
constexpr std::uint64_t host_bytes = 1'024;

}  // namespace

std::vector<memory_part> memory_plan(const configuration& from, unsigned workers) {
  if (workers == 0) workers = from.engine.workers;
  if (workers == 0) workers = std::max(1U, std::thread::hardware_concurrency() - 1);
  no_sink nowhere;
  auto settings = classifier_settings(from, workers);
  settings.touch = false;
  const classify::classifier one(settings, nowhere);
  const classify::call_tracker_config tracker;
  const std::uint64_t rings = sizeof(classify::flow_event) * event_ring::capacity_default +
                              sizeof(command) * worker_channel::commands_default +
                              sizeof(binding) * worker_channel::bindings_default;
  capture::port_options ports;
  ports.workers = workers;
  return {
      {"frames", capture::frame_memory_bytes(std::max<std::size_t>(from.links.size(), 1), ports)},
      {"flow tables, inspection and nDPI, of " + std::to_string(workers) + " workers",
       workers * static_cast<std::uint64_t>(one.memory_bytes())},
      {"rings between workers and the control thread", workers * rings},
      {"book of recent flows", std::uint64_t{65'536} * (sizeof(known_flow) + 192)},
      {"policies, buckets and degraded calls", 2 * shaper::policy_set::memory_bytes(calls_max)},
      {"calls", std::uint64_t{tracker.calls_max} * call_bytes},
      {"hosts", std::uint64_t{tracker.hosts_max} * host_bytes},
  };
}

}  // namespace callweir::engine

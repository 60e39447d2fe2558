// All links of a live engine: ports, workers, distributor, link state. What `callweir run`'s engine
// process starts when its pipelines are ready.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "capture/port.hpp"
#include "engine/packet_pipeline.hpp"
#include "engine/shared_state.hpp"

namespace callweir::engine {

struct live_options {
  std::vector<capture::link_config> links;
  unsigned workers = 1;              // see workers_for()
  std::uint32_t held_frames = 8192;  // delay line of each worker
  bool hugepages = true;
  bool busy_poll = false;
};

/// `wanted` workers, 0 for automatic: as many as queues that spread both directions of a flow to
/// one worker, but one processor stays free; one where a distributor would be needed, for handing a
/// frame over costs as much as inspecting it.
unsigned workers_for(unsigned wanted, const std::vector<capture::link_config>& links);

/// Frames that may wait inside the engine at once: in delay lines, before links with a rate, and
/// between a distributor and its workers. The frame pool has them on top of what the devices' rings
/// own, so that no queue of ours keeps frames from coming in.
std::uint32_t waiting_frames_max(const std::vector<capture::link_config>& links, unsigned workers,
                                 std::uint32_t held_frames);

/// So many frames of a kind, by name.
struct named_count {
  const char* name;
  std::uint64_t count;
};

class live_links {
 public:
  /// Opens the ports and takes all memory; frames stay with the kernel. Call on the engine's main
  /// thread, which holds the sign of life. `pipelines`: one a worker, touched and ready. Error:
  /// exit 2, naming the port.
  static result<std::unique_ptr<live_links>> open(const live_options& options, shared_state& shared,
                                                  std::vector<packet_pipeline*> pipelines);
  /// Stops if running.
  ~live_links();
  live_links(const live_links&) = delete;
  live_links& operator=(const live_links&) = delete;

  /// Starts the workers, takes the frames from the kernel, sets shared_state::ready. Error: exit 2,
  /// naming the port.
  result<void> start();
  /// Gives the kernel's pass-through the frames, forwards what is in rings and delay lines, ends
  /// the threads. Loses nothing. At most 300 ms.
  void stop();

  /// Any thread, at any time. Frames that came in and did not leave: drop_reason_table.
  std::vector<named_count> drops() const;
  /// Frames that left otherwise than decided: `bypassed`, `distributor_uninspected` (their worker's
  /// ring was full, or the distributor could not keep up), `hold_refused` (the delay line was full:
  /// sent at once).
  std::vector<named_count> exceptions() const;
  struct port_figures {
    std::uint64_t received, received_bytes, sent, sent_bytes;
    bool up, held_down;
  };
  port_figures figures(std::size_t link, side which) const;
  const std::vector<capture::link_config>& links() const;
  /// Frames that are being delayed.
  std::uint32_t held_now() const;
  const char* memory_kind() const;

 private:
  live_links();
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace callweir::engine

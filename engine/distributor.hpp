// Spreads the frames of devices with one queue over several workers, by a symmetric keyed hash of
// the outermost IP addresses: both directions of a flow, and its fragments, meet in one worker. It
// alone polls the ports and sends.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "base/clock.hpp"
#include "base/keyed_hash.hpp"
#include "capture/port.hpp"
#include "engine/counter.hpp"
#include "engine/lane.hpp"
#include "engine/load_ladder.hpp"
#include "engine/shared_state.hpp"
#include "engine/spsc_ring.hpp"

namespace callweir::engine {

/// Which of `workers` a frame belongs to; frames without readable addresses go to the first.
unsigned worker_of(const std::uint8_t* frame, std::uint32_t captured, const keyed_hash& hash,
                   unsigned workers) noexcept;

/// A ring that refuses, once it was full, until its consumer has emptied it: what goes around it
/// overtakes what is in it once an overload, not frame by frame. One producer, one consumer.
class frame_ring {
 public:
  explicit frame_ring(std::uint32_t frames) : ring_(frames) {}
  /// Producer.
  bool push(void* frame) noexcept {
    if (refusing_ && ring_.used() > 0) return false;
    refusing_ = !ring_.push(frame);
    return !refusing_;
  }
  /// Consumer: the oldest frame, nullptr when there is none. It is out of the ring with drop().
  void* front() noexcept {
    void* const* oldest = ring_.front();
    return oldest != nullptr ? *oldest : nullptr;
  }
  void drop() noexcept { ring_.drop(); }

 private:
  spsc_ring<void*> ring_;
  bool refusing_ = false;  // producer's
};

/// One worker's end of the distributor: what it polls and where it sends.
class distributed_lane final : public frame_source, public frame_sink {
 public:
  /// `frames`: of the ring to the worker; `held`: that the worker may let go at once on top.
  distributed_lane(std::uint32_t frames, std::uint32_t held);
  // Worker's side.
  std::size_t receive(std::span<packet_view> out) noexcept override;
  void send(std::span<void* const> frames, bool first, time_point now) noexcept override;
  void pump(time_point) noexcept override {}
  void flush(time_point) noexcept override {}
  /// Any thread: drop_reason::distributor_full.
  std::uint64_t dropped() const noexcept { return dropped_.get(); }

 private:
  friend class distributor;
  frame_ring in_;
  spsc_ring<void*> out_, out_first_;
  counter dropped_;
};

/// A queue of a port.
struct distributor_input {
  frame_source* from;
  std::uint16_t link;
  side which;
};

struct distributor_options {
  unsigned workers = 2;
  std::uint32_t held_frames = 8192;  // of each worker's delay line
  bool busy_poll = false;
};

/// Under overload, when its own polls all come back full: its workers shed inspection first; then
/// frames go from port to port without a worker, and the flows' accounts miss them. Forwarding goes
/// on.
class distributor {
 public:
  static constexpr std::uint32_t ring_frames = 2048;
  /// Frames that may wait between the distributor and a worker, both ways, but for what the worker
  /// held.
  static constexpr std::uint32_t waiting_max = 5 * ring_frames;
  /// `in`: every queue of every port. `out(link, side)` is the way out of a port, indexed 2 * link
  /// + side. state.load is the floor of the workers' load levels.
  distributor(std::vector<distributor_input> in, std::vector<frame_sink*> out, worker_state& state,
              const std::atomic<std::uint32_t>& bypass, const std::atomic<bool>& gate,
              const distributor_options& options);

  distributed_lane& worker_end(unsigned worker) { return *ends_[worker]; }
  /// Polls until stop(), which is to be called after the workers have drained.
  void run() noexcept;
  void stop() noexcept { stopping_.store(true, std::memory_order_relaxed); }
  std::size_t turn(time_point now) noexcept;

  /// Frames forwarded without inspection because their worker's ring was full, or because of
  /// overload. Any thread.
  std::uint64_t uninspected() const noexcept { return uninspected_.get(); }
  /// Steps of the load ladder. Any thread.
  std::uint64_t overload_changes() const noexcept { return overload_changes_.get(); }

 private:
  void spread(const distributor_input& from, std::span<packet_view> views, time_point now) noexcept;
  void pass_straight(const distributor_input& from, std::span<packet_view> views,
                     time_point now) noexcept;
  std::size_t collect(spsc_ring<void*>& ring, bool first, time_point now) noexcept;

  std::vector<distributor_input> in_;
  std::vector<frame_sink*> out_;
  std::vector<std::unique_ptr<distributed_lane>> ends_;
  worker_state& state_;
  const std::atomic<std::uint32_t>& bypass_;
  const std::atomic<bool>& gate_;
  bool busy_poll_;
  load_ladder ladder_;
  keyed_hash hash_;
  steady_clock clock_;
  std::atomic<bool> stopping_{false};
  counter uninspected_, overload_changes_;
};

}  // namespace callweir::engine

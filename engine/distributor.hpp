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
  explicit distributed_lane(std::uint32_t frames);
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

class distributor {
 public:
  static constexpr std::uint32_t ring_frames = 2048;
  /// `in`: every queue of every port. `out(link, side)` is the way out of a port, indexed 2 * link
  /// + side.
  distributor(std::vector<capture::port*> in, std::vector<frame_sink*> out, unsigned workers,
              worker_state& state, const std::atomic<std::uint32_t>& bypass,
              const std::atomic<bool>& gate, bool busy_poll);

  distributed_lane& worker_end(unsigned worker) { return *ends_[worker]; }
  /// Polls until stop(), which is to be called after the workers have drained.
  void run() noexcept;
  void stop() noexcept { stopping_.store(true, std::memory_order_relaxed); }
  std::size_t turn(time_point now) noexcept;

  /// Frames forwarded without inspection because their worker's ring was full. Any thread.
  std::uint64_t uninspected() const noexcept { return uninspected_.get(); }

 private:
  void spread(capture::port& from, std::span<packet_view> views, time_point now) noexcept;
  std::size_t collect(spsc_ring<void*>& ring, bool first, time_point now) noexcept;

  std::vector<capture::port*> in_;
  std::vector<frame_sink*> out_;
  std::vector<std::unique_ptr<distributed_lane>> ends_;
  worker_state& state_;
  const std::atomic<std::uint32_t>& bypass_;
  const std::atomic<bool>& gate_;
  bool busy_poll_;
  keyed_hash hash_;
  steady_clock clock_;
  std::atomic<bool> stopping_{false};
  counter uninspected_;
};

}  // namespace callweir::engine

// The way out of one port. Without a configured rate frames leave at once; with one they wait in
// two bounded queues, prioritised frames in the first.
#pragma once

#include <optional>

#include "capture/port.hpp"
#include "engine/counter.hpp"
#include "engine/lane.hpp"
#include "engine/spsc_ring.hpp"

namespace callweir::engine {

/// Nanosecond-clocked token bucket over L3 bytes of the link; one thread.
class link_bucket {
 public:
  /// Burst: the larger of 2 MTU and 2 ms at the rate.
  explicit link_bucket(bit_rate rate) noexcept;
  void refill(time_point now) noexcept;
  /// May go below zero by one frame, so that a frame of any size gets out in the end.
  bool take(std::uint32_t l3_bytes) noexcept;

 private:
  double bytes_per_ns_;
  double burst_;
  double tokens_;
  time_point last_{};
};

class egress final : public frame_sink {
 public:
  /// Frames that may wait in both queues: 50 ms at the rate each, rounded up to a power of two, 64
  /// to 4,096; none without a rate.
  static std::uint32_t waiting_max(std::optional<bit_rate> rate) noexcept;
  /// `rate`: this worker's share of the link's.
  egress(capture::port& out, std::optional<bit_rate> rate);
  ~egress() override;
  egress(const egress&) = delete;
  egress& operator=(const egress&) = delete;

  void send(std::span<void* const> frames, bool first, time_point now) noexcept override;
  void pump(time_point now) noexcept override;
  void flush(time_point now) noexcept override;

  /// Frames that found their queue full (drop_reason::link_queue_full). Any thread.
  std::uint64_t dropped() const noexcept { return dropped_.get(); }

 private:
  bool drain(spsc_ring<void*>& queue) noexcept;
  capture::port& out_;
  std::optional<link_bucket> bucket_;
  spsc_ring<void*> first_, rest_;
  counter dropped_;
};

}  // namespace callweir::engine

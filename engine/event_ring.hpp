// The way of flow events from a worker to the control thread. When the control thread cannot
// follow, events are lost and counted, packets are not: ends of flows that are no telephony go
// first.
#pragma once

#include <atomic>

#include "classify/flow_event.hpp"
#include "engine/spsc_ring.hpp"

namespace callweir::engine {

class event_ring final : public classify::event_sink {
 public:
  static constexpr std::uint32_t capacity_default = 16'384;
  explicit event_ring(std::uint32_t capacity = capacity_default) : ring_(capacity) {}

  /// Worker. A quarter of the ring is kept for what matters: verdicts, media, signalling and the
  /// ends of telephony flows.
  bool push(const classify::flow_event& event) noexcept override;

  /// Control thread.
  const classify::flow_event* front() noexcept { return ring_.front(); }
  void drop() noexcept { ring_.drop(); }

  /// Any thread: events that found no room.
  std::uint64_t lost() const noexcept { return lost_.load(std::memory_order_relaxed); }

 private:
  spsc_ring<classify::flow_event> ring_;
  std::atomic<std::uint64_t> lost_{0};
};

}  // namespace callweir::engine

// The way of flow events from a worker to the control thread: two queues, so that the ends of a
// flood's flows never take the room of what is told of calls; read in the order in which they were
// told. When the control thread cannot follow, events are lost and counted, packets are not.
#pragma once

#include "classify/flow_event.hpp"
#include "engine/counter.hpp"
#include "engine/spsc_ring.hpp"

namespace callweir::engine {

class event_ring final : public classify::event_sink {
  struct numbered {
    std::uint64_t number = 0;
    classify::flow_event event;
  };

 public:
  /// Of each queue. 16,384 events of calls are a second of 8,000 calls: verdicts, media, ends.
  static constexpr std::uint32_t capacity_default = 16'384;
  static constexpr std::uint32_t plain_share = 2;  // the other queue has half as many places
  explicit event_ring(std::uint32_t capacity = capacity_default)
      : calls_(capacity), plain_(capacity / plain_share) {}

  /// Worker. False when the event's own queue is full: it is lost.
  bool push(const classify::flow_event& event) noexcept override;

  /// Control thread: the oldest event, nullptr when there is none. Valid until drop().
  const classify::flow_event* front() noexcept;
  void drop() noexcept { oldest_->drop(); }

  /// Any thread: events that found no room, and how many of them were of calls.
  std::uint64_t lost() const noexcept { return lost_calls() + lost_plain_.get(); }
  std::uint64_t lost_calls() const noexcept { return lost_calls_.get(); }
  static constexpr std::size_t memory_bytes(std::uint32_t capacity = capacity_default) noexcept {
    return sizeof(numbered) * (capacity + capacity / plain_share);
  }

 private:
  spsc_ring<numbered>
      calls_;  // verdicts, media, signalling, ends of telephony and of acted on flows
  spsc_ring<numbered> plain_;                          // all else
  alignas(64) spsc_ring<numbered>* oldest_ = &calls_;  // control thread's
  alignas(64) std::uint64_t number_ = 0;               // worker's
  counter lost_calls_, lost_plain_;
};

}  // namespace callweir::engine

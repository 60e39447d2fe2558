// A departure-time wheel that holds frames. One worker's, single thread, bounded; frames of one
// flow leave in the order they came as long as their release times do not fall. (Carousel, SIGCOMM
// 2017.)
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/units.hpp"

namespace callweir::shaper {

class delay_line {
 public:
  struct held {
    void* frame;         // opaque handle
    std::uint16_t port;  // where it leaves
  };
  /// All memory at once: `capacity` frames, horizon of slot_count x slot nanoseconds.
  explicit delay_line(std::uint32_t capacity, nanoseconds horizon = std::chrono::milliseconds(1200),
                      nanoseconds slot = std::chrono::microseconds(500));

  /// False when full or beyond the horizon: the caller forwards or drops, and counts.
  bool hold(held frame, time_point release, time_point now) noexcept;
  /// Frames whose time has come, never early and at most one slot late, at most out.size(); returns
  /// how many. Costs a step for each slot that passed.
  std::size_t due(time_point now, std::span<held> out) noexcept;
  /// Everything, regardless of time (shutdown, bypass), in the order of release; call until it
  /// returns 0.
  std::size_t flush(std::span<held> out) noexcept;
  std::uint32_t size() const noexcept { return size_; }
  std::uint32_t capacity() const noexcept { return static_cast<std::uint32_t>(nodes_.size()); }
  std::size_t memory_bytes() const noexcept {
    return nodes_.size() * sizeof(node) + slots_.size() * sizeof(slot_list);
  }

 private:
  static constexpr std::uint32_t none = 0xffff'ffff;
  struct node {
    held frame;
    std::uint32_t next;
  };
  struct slot_list {
    std::uint32_t head, tail;
  };
  slot_list& slot_at(std::int64_t number) noexcept {
    return slots_[static_cast<std::size_t>(number) & (slots_.size() - 1)];
  }
  /// Moves frames of one slot to `out`; true when the slot is empty.
  bool empty_into(slot_list& slot, std::span<held> out, std::size_t& count) noexcept;

  std::vector<node> nodes_;
  std::vector<slot_list> slots_;  // a power of two
  std::int64_t slot_ns_;
  std::int64_t cursor_ = 0;  // slot number up to which everything left
  std::uint32_t free_ = none;
  std::uint32_t size_ = 0;
};

}  // namespace callweir::shaper

#include "shaper/delay_line.hpp"

#include <algorithm>
#include <bit>

namespace callweir::shaper {

delay_line::delay_line(std::uint32_t capacity, nanoseconds horizon, nanoseconds slot)
    : nodes_(capacity), slot_ns_(std::max<std::int64_t>(1, slot.count())) {
  const auto wanted =
      static_cast<std::uint64_t>(std::max<std::int64_t>(1, horizon.count()) / slot_ns_);
  slots_.assign(std::bit_ceil(wanted + 2), {none, none});
  for (std::uint32_t i = 0; i < capacity; ++i) nodes_[i] = {{}, i + 1 < capacity ? i + 1 : none};
  free_ = capacity > 0 ? 0 : none;
}

bool delay_line::hold(held frame, time_point release, time_point now) noexcept {
  if (size_ == 0) cursor_ = now.ns / slot_ns_;  // nothing is held: a jump of the clock is harmless
  const std::int64_t number = std::max((release.ns + slot_ns_ - 1) / slot_ns_, cursor_ + 1);
  if (free_ == none || number - cursor_ >= static_cast<std::int64_t>(slots_.size())) return false;
  const std::uint32_t index = free_;
  free_ = nodes_[index].next;
  nodes_[index] = {frame, none};
  slot_list& slot = slot_at(number);
  if (slot.head == none) {
    slot.head = index;
  } else {
    nodes_[slot.tail].next = index;
  }
  slot.tail = index;
  ++size_;
  return true;
}

bool delay_line::empty_into(slot_list& slot, std::span<held> out, std::size_t& count) noexcept {
  while (slot.head != none) {
    if (count == out.size()) return false;
    const std::uint32_t index = slot.head;
    out[count++] = nodes_[index].frame;
    slot.head = nodes_[index].next;
    nodes_[index].next = free_;
    free_ = index;
    --size_;
  }
  slot.tail = none;
  return true;
}

std::size_t delay_line::due(time_point now, std::span<held> out) noexcept {
  const std::int64_t target = now.ns / slot_ns_;
  std::size_t count = 0;
  while (size_ > 0 && cursor_ < target) {  // held frames lie within one turn of the wheel
    if (!empty_into(slot_at(cursor_ + 1), out, count)) return count;
    ++cursor_;
  }
  if (size_ == 0) cursor_ = std::max(cursor_, target);
  return count;
}

std::size_t delay_line::flush(std::span<held> out) noexcept {
  std::size_t count = 0;
  while (size_ > 0) {
    if (!empty_into(slot_at(cursor_ + 1), out, count)) return count;
    ++cursor_;
  }
  return count;
}

}  // namespace callweir::shaper

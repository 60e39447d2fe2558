// Buckets of all limit lines, found by a keyed hash of (line, what it is per). Bounded, one
// allocation, claimed and reclaimed by compare-and-swap: workers share it without a lock.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "base/units.hpp"
#include "shaper/token_bucket.hpp"

namespace callweir::shaper {

class bucket_table {
 public:
  static constexpr std::uint32_t none = 0xffff'ffff;

  /// `capacity` is rounded up to a power of two, 1,024 at least.
  explicit bucket_table(std::uint32_t capacity);

  /// The bucket of `key`, taken into use full when it has none. Reclaims one that nobody used for
  /// ten seconds; `none`, and counted, when there is no such: the caller lets the packet pass.
  std::uint32_t acquire(std::uint64_t key, time_point now) noexcept;
  /// False when `index` was reclaimed for another key since.
  bool holds(std::uint32_t index, std::uint64_t key) const noexcept {
    return slots_[index & mask_].key.load(std::memory_order_relaxed) == key;
  }
  bool take(std::uint32_t index, direction way, const bucket_rate& rate, std::uint32_t bytes,
            time_point now) noexcept;

  std::uint32_t capacity() const noexcept { return mask_ + 1; }
  /// Times that no bucket was free.
  std::uint64_t refused() const noexcept { return refused_.load(std::memory_order_relaxed); }
  static std::size_t memory_bytes(std::uint32_t capacity) noexcept {
    return std::size_t{capacity} * sizeof(slot);
  }

 private:
  struct alignas(32) slot {
    std::atomic<std::uint64_t> key{0};  // 0: free
    token_bucket way[2];
    std::atomic<std::uint32_t> used_s{0};  // last use, seconds
  };
  static std::uint32_t seconds(time_point now) noexcept {
    return static_cast<std::uint32_t>(now.ns / 1'000'000'000);
  }

  std::uint32_t mask_;
  std::unique_ptr<slot[]> slots_;
  std::atomic<std::uint64_t> refused_{0};
};

}  // namespace callweir::shaper

// A bounded queue between two threads: one pushes, one pops. No lock, no allocation after the
// constructor. Each side keeps a copy of the other's position, so that the shared line is read only
// when it seems full or empty.
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>
#include <type_traits>
#include <vector>

namespace callweir::engine {

template <class T>
class spsc_ring {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  /// `capacity` is rounded up to a power of two.
  explicit spsc_ring(std::uint32_t capacity)
      : slots_(std::bit_ceil(capacity < 2 ? 2U : capacity)), mask_(slots_.size() - 1) {}

  /// Producer. False when full.
  bool push(const T& item) noexcept {
    T* const into = room();
    if (into == nullptr) return false;
    *into = item;
    publish();
    return true;
  }
  /// Producer: where the next item is to be written, nullptr when full. It is in the ring with
  /// publish().
  T* room() noexcept {
    const std::uint64_t at = tail_.load(std::memory_order_relaxed);
    if (at - head_seen_ > mask_) {
      head_seen_ = head_.load(std::memory_order_acquire);
      if (at - head_seen_ > mask_) return nullptr;
    }
    return &slots_[at & mask_];
  }
  void publish() noexcept {
    tail_.store(tail_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }
  /// Producer: how full it is at most.
  std::uint64_t used() noexcept {
    head_seen_ = head_.load(std::memory_order_acquire);
    return tail_.load(std::memory_order_relaxed) - head_seen_;
  }
  /// Consumer: the oldest item, nullptr when there is none. Valid until drop().
  const T* front() noexcept {
    const std::uint64_t at = head_.load(std::memory_order_relaxed);
    if (at == tail_seen_) {
      tail_seen_ = tail_.load(std::memory_order_acquire);
      if (at == tail_seen_) return nullptr;
    }
    return &slots_[at & mask_];
  }
  void drop() noexcept {
    head_.store(head_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }
  std::size_t capacity() const noexcept { return slots_.size(); }

 private:
  std::vector<T> slots_;
  std::uint64_t mask_;
  alignas(64) std::atomic<std::uint64_t> tail_{0};
  std::uint64_t head_seen_ = 0;  // producer's
  alignas(64) std::atomic<std::uint64_t> head_{0};
  std::uint64_t tail_seen_ = 0;  // consumer's
};

}  // namespace callweir::engine

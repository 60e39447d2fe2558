// Memory taken once, at start: reserved whole, zeroed by the kernel, and touched either at once
// (inline: no page fault later) or as it is used (captures: a small one starts in no time).
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/arena.hpp"

namespace callweir::classify {

/// So many zero bytes, aligned to a page.
class lazy_bytes {
 public:
  /// Throws std::bad_alloc. `touch`: every page is made present now, on the largest pages there
  /// are: objects that are found at random cost a walk through page tables each on small ones.
  lazy_bytes(std::size_t count, bool touch) : count_(count) {
    if (count == 0) return;
    if (touch) {
      auto made = arena::make(count);
      if (!made) throw std::bad_alloc();
      resident_ = std::move(*made);
      data_ = resident_.data();
      return;
    }
    void* const at = mmap(nullptr, count, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) throw std::bad_alloc();
    data_ = at;
  }
  ~lazy_bytes() {
    if (data_ != nullptr && resident_.data() == nullptr) munmap(data_, count_);
  }
  lazy_bytes(const lazy_bytes&) = delete;
  lazy_bytes& operator=(const lazy_bytes&) = delete;

  void* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return count_; }

 private:
  arena resident_;
  void* data_ = nullptr;
  std::size_t count_;
};

/// A fixed array of zero bytes seen as T. T must be usable when all its bytes are zero.
template <class T>
class lazy_array {
  static_assert(std::is_trivially_destructible_v<T>);

 public:
  /// Throws std::bad_alloc.
  lazy_array(std::size_t count, bool touch)
      : memory_(count * sizeof(T), touch), data_(static_cast<T*>(memory_.data())), count_(count) {}

  T& operator[](std::size_t i) noexcept { return data_[i]; }
  const T& operator[](std::size_t i) const noexcept { return data_[i]; }
  T* data() noexcept { return data_; }
  std::size_t size() const noexcept { return count_; }
  std::size_t bytes() const noexcept { return memory_.size(); }

 private:
  lazy_bytes memory_;
  T* data_;
  std::size_t count_;
};

/// A bounded pool of T by index. Objects are made when first taken and kept for the next taker.
template <class T>
class bounded_pool {
  union slot {
    slot() {}
    ~slot() {}
    T object;
  };

 public:
  bounded_pool(std::uint32_t count, bool touch)
      : memory_(count * sizeof(slot), touch), count_(count) {
    free_.reserve(count);
    if (touch) {
      for (std::uint32_t i = 0; i < count; ++i) new (at(i)) T();
      made_ = count;
      for (std::uint32_t i = count; i > 0; --i) free_.push_back(i - 1);
    }
  }
  ~bounded_pool() {
    for (std::uint32_t i = 0; i < made_; ++i) at(i)->~T();
  }
  bounded_pool(const bounded_pool&) = delete;
  bounded_pool& operator=(const bounded_pool&) = delete;

  static constexpr std::uint32_t none = 0xffff'ffff;

  /// `none` when all are taken. The object is as its last holder left it.
  std::uint32_t take() noexcept {
    if (!free_.empty()) {
      const std::uint32_t i = free_.back();
      free_.pop_back();
      return i;
    }
    if (made_ == count_) return none;
    new (at(made_)) T();
    return made_++;
  }
  void give(std::uint32_t i) noexcept { free_.push_back(i); }

  /// True once place `i` has an object, taken or given back.
  bool made(std::uint32_t i) const noexcept { return i < made_; }
  T& operator[](std::uint32_t i) noexcept { return *at(i); }
  const T& operator[](std::uint32_t i) const noexcept { return *at(i); }
  std::uint32_t in_use() const noexcept { return made_ - static_cast<std::uint32_t>(free_.size()); }
  std::size_t bytes() const noexcept { return memory_.size() + count_ * sizeof(std::uint32_t); }

 private:
  T* at(std::uint32_t i) const noexcept {
    auto* const first = static_cast<std::byte*>(memory_.data());
    return std::launder(reinterpret_cast<T*>(first + i * sizeof(slot)));
  }
  lazy_bytes memory_;
  std::uint32_t count_;
  std::uint32_t made_ = 0;
  std::vector<std::uint32_t> free_;
};

}  // namespace callweir::classify

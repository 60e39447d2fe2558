// A fixed array of objects on the largest pages there are: what is found at random, a packet at a
// time, costs a walk through the page tables on small ones. Small arrays lie where others do.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>

#include "base/arena.hpp"

namespace callweir::shaper {

template <class T>
class large_array {
  static_assert(std::is_trivially_destructible_v<T>);

 public:
  /// All objects are made now. Throws std::bad_alloc.
  explicit large_array(std::size_t count) {
    if (count * sizeof(T) >= page_bytes) {
      // The reserved pages are the tables' and the frames', which are taken once.
      auto made = arena::make(count * sizeof(T), arena::mode::transparent);
      if (!made) throw std::bad_alloc();
      large_ = std::move(*made);
      data_ = large_.take<T>(count);
      std::uninitialized_value_construct_n(data_, count);
    } else {
      small_ = std::make_unique<T[]>(count);
      data_ = small_.get();
    }
  }

  T& operator[](std::size_t i) noexcept { return data_[i]; }
  const T& operator[](std::size_t i) const noexcept { return data_[i]; }

  /// What an array of so many takes.
  static constexpr std::size_t bytes(std::size_t count) noexcept {
    const std::size_t all = count * sizeof(T);
    return all < page_bytes ? all : (all + page_bytes - 1) / page_bytes * page_bytes;
  }

 private:
  static constexpr std::size_t page_bytes = std::size_t{2} << 20;
  arena large_;
  std::unique_ptr<T[]> small_;
  T* data_ = nullptr;
};

}  // namespace callweir::shaper

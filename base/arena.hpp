// Memory for large tables and frame pools: taken and touched at start, on the largest pages there
// are. Why it matters: a process that is killed keeps its sockets until its memory is torn down,
// and 2 GB of 4 KiB pages take 108 to 140 ms, of huge pages a few.
#pragma once

#include <cstddef>
#include <utility>

#include "base/result.hpp"

namespace callweir {

class arena {
 public:
  enum class mode {
    automatic,    // reserved huge pages, else transparent ones, else 4 KiB
    transparent,  // leaves the reserved ones alone
    small         // 4 KiB, for measuring what the others are worth
  };
  enum class pages { reserved, transparent, small };

  arena() = default;
  /// Zeroed and resident, `bytes` rounded up to 2 MiB. Fails only when the kernel has no memory.
  static result<arena> make(std::size_t bytes, mode wanted = mode::automatic);
  ~arena();
  arena(arena&& from) noexcept { swap(from); }
  arena& operator=(arena&& from) noexcept {
    swap(from);
    return *this;
  }

  void* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  /// What was got. `transparent` says that the kernel was asked, not that it complied.
  pages kind() const noexcept { return kind_; }

  /// The next `count` objects of zeroed memory, aligned to `alignment` (power of two); nullptr when
  /// full.
  template <class T>
  T* take(std::size_t count, std::size_t alignment = alignof(T)) noexcept {
    const std::size_t begin = (used_ + alignment - 1) & ~(alignment - 1);
    if (begin > size_ || count > (size_ - begin) / sizeof(T)) return nullptr;
    used_ = begin + count * sizeof(T);
    return reinterpret_cast<T*>(static_cast<std::byte*>(data_) + begin);
  }

 private:
  void swap(arena& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(used_, other.used_);
    std::swap(kind_, other.kind_);
  }
  void* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t used_ = 0;
  pages kind_ = pages::small;
};

/// "reserved", "transparent", "4 KiB".
const char* arena_pages_name(arena::pages kind);

}  // namespace callweir

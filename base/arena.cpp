#include "base/arena.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

namespace callweir {
namespace {

constexpr std::size_t huge_page = std::size_t{2} << 20;

/// Anonymous memory that begins on a huge page's boundary, so that transparent pages fit from the
/// first byte.
void* map_aligned(std::size_t bytes) {
  void* raw = mmap(nullptr, bytes + huge_page, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (raw == MAP_FAILED) return nullptr;
  auto* first = static_cast<std::byte*>(raw);
  const std::size_t skip =
      (huge_page - reinterpret_cast<std::uintptr_t>(raw) % huge_page) % huge_page;
  if (skip != 0) munmap(first, skip);
  munmap(first + skip + bytes, huge_page - skip);
  return first + skip;
}

bool touch(void* data, std::size_t bytes) {
#ifdef MADV_POPULATE_WRITE
  if (madvise(data, bytes, MADV_POPULATE_WRITE) == 0) return true;
  if (errno == ENOMEM || errno == EFAULT) return false;
#endif
  auto* p = static_cast<volatile std::byte*>(data);
  for (std::size_t at = 0; at < bytes; at += 4096) p[at] = std::byte{0};
  return true;
}

}  // namespace

result<arena> arena::make(std::size_t bytes, mode wanted) {
  arena made;
  made.size_ = (bytes + huge_page - 1) / huge_page * huge_page;
  if (made.size_ < bytes || made.size_ == 0)
    return fail("cannot take " + std::to_string(bytes) + " bytes of memory");
  if (wanted == mode::automatic) {
    void* data = mmap(nullptr, made.size_, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE, -1, 0);
    if (data != MAP_FAILED) {
      made.data_ = data;
      made.kind_ = pages::reserved;
      return made;
    }
  }
  made.data_ = map_aligned(made.size_);
  if (made.data_ == nullptr)
    return fail("cannot take " + std::to_string(bytes >> 20) +
                " MB of memory: " + std::strerror(errno));
  if (wanted != mode::small && madvise(made.data_, made.size_, MADV_HUGEPAGE) == 0)
    made.kind_ = pages::transparent;
  if (wanted == mode::small) madvise(made.data_, made.size_, MADV_NOHUGEPAGE);
  if (!touch(made.data_, made.size_))
    return fail("the machine has no " + std::to_string(bytes >> 20) + " MB of memory free", "",
                "lower engine.flows or add memory");
  return made;
}

arena::~arena() {
  if (data_ != nullptr) munmap(data_, size_);
}

const char* arena_pages_name(arena::pages kind) {
  switch (kind) {
    case arena::pages::reserved:
      return "reserved";
    case arena::pages::transparent:
      return "transparent";
    case arena::pages::small:
      return "4 KiB";
  }
  return "";
}

}  // namespace callweir

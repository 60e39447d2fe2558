// Replaces the global allocator of this test program by one that counts.
#pragma once

#include <cstddef>

namespace callweir::shaper {

/// Allocations of the calling thread so far.
std::size_t thread_allocations() noexcept;

}  // namespace callweir::shaper

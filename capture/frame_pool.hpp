// Internal to capture: the pool that all ports take their frames from. The only header that knows
// DPDK.
#pragma once

#include <rte_mbuf.h>

#include "base/arena.hpp"
#include "base/result.hpp"

namespace callweir::capture {

/// An element is one 4 KiB page: never crosses one, whatever pages lie below, and takes an MTU of
/// 3500.
constexpr std::uint32_t frame_element_bytes = 4096;
/// Data a kernel port's frame may have at most: element less headers, our headroom and the kernel's
/// 256.
constexpr std::uint32_t frame_data_max = 3520;

class frame_pool {
 public:
  /// `dma`: the pool is for cards as well and comes from DPDK's own memory.
  static result<frame_pool> make(std::uint32_t frames, bool hugepages, bool dma);
  rte_mempool* get() const { return pool_; }
  const char* memory_kind() const { return kind_; }

 private:
  rte_mempool* pool_ = nullptr;
  const char* kind_ = "DPDK";
  arena memory_;
};

}  // namespace callweir::capture

#include "capture/frame_pool.hpp"

#include <rte_errno.h>
#include <rte_mbuf_pool_ops.h>
#include <rte_mempool.h>

namespace callweir::capture {
namespace {

constexpr unsigned cache_frames = 256;
constexpr std::uint32_t element_header = RTE_CACHE_LINE_SIZE;  // rte_mempool_objhdr, aligned
static_assert(sizeof(rte_mempool_objhdr) <= element_header);

result<void> failed(const char* what) {
  return fail(std::string("frame pool: ") + what + ": " + rte_strerror(rte_errno));
}

}  // namespace

result<frame_pool> frame_pool::make(std::uint32_t frames, bool hugepages, bool dma) {
  frame_pool made;
  if (dma) {
    made.pool_ = rte_pktmbuf_pool_create("frames", frames, cache_frames, 0,
                                         RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
    if (made.pool_ == nullptr) return tl::unexpected(failed("cannot be made").error());
    return made;
  }
  auto memory = arena::make(std::size_t{frames} * frame_element_bytes,
                            hugepages ? arena::mode::automatic : arena::mode::small);
  if (!memory) return tl::unexpected(memory.error());
  made.memory_ = std::move(*memory);
  made.kind_ = arena_pages_name(made.memory_.kind());

  constexpr std::uint32_t object = frame_element_bytes - element_header;
  made.pool_ = rte_mempool_create_empty("frames", frames, object, cache_frames,
                                        sizeof(rte_pktmbuf_pool_private), SOCKET_ID_ANY,
                                        RTE_MEMPOOL_F_NO_SPREAD);
  if (made.pool_ == nullptr) return tl::unexpected(failed("cannot be made").error());
  if (rte_mempool_set_ops_byname(made.pool_, rte_mbuf_best_mempool_ops(), nullptr) != 0)
    return tl::unexpected(failed("has no ring").error());
  rte_pktmbuf_pool_private about{};
  about.mbuf_data_room_size = static_cast<std::uint16_t>(object - sizeof(rte_mbuf));
  rte_pktmbuf_pool_init(made.pool_, &about);
  auto* base = static_cast<char*>(made.memory_.data());
  const int populated = rte_mempool_populate_iova(
      made.pool_, base, reinterpret_cast<rte_iova_t>(base), made.memory_.size(), nullptr, nullptr);
  if (populated != static_cast<int>(frames))
    return tl::unexpected(failed("does not fit its memory").error());
  rte_mempool_obj_iter(made.pool_, rte_pktmbuf_init, nullptr);
  return made;
}

}  // namespace callweir::capture

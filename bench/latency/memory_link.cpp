#include "bench/latency/memory_link.hpp"

#include <rte_mbuf.h>
#include <rte_ring.h>
#include <x86intrin.h>

#include <cstring>
#include <stdexcept>

namespace callweir::bench {
namespace {
/// What looking into one packet takes at most, nDPI included, but for a handshake of QUIC's.
constexpr std::uint64_t inspection_cycles_most = 30'000;
/// What nDPI takes to open such a handshake, 40 to 200 us, in breaks of 50 us: own work.
constexpr std::uint64_t opening_breaks_most = 4;
}  // namespace

void loop_watch::tick(std::uint64_t now) noexcept {
  const std::uint64_t inspected = line_.classifier().counters().inspected.get();
  const std::uint64_t allowed = found_[0] || found_[1] ? break_cycles_ : rest_cycles_;
  if (last_ != 0 && now - last_ > allowed) [[unlikely]] {
    const std::uint64_t looked_into = inspected - inspected_;
    const std::uint64_t own = looked_into == 0 ? 0
                                               : looked_into * inspection_cycles_most +
                                                     opening_breaks_most * break_cycles_;
    if (now - last_ <= allowed + own) {
      ++seen_.long_turns;
    } else {
      ++seen_.breaks;
      seen_.break_cycles += now - last_;
      // What the poll that empties a lane brings has still waited: only the next one has not.
      disturbed_[0] = disturbed_[1] = 2;
    }
  }
  last_ = now;
  inspected_ = inspected;
}

void loop_watch::polled(std::size_t lane, bool found, bool full) noexcept {
  found_[lane] = found;
  if (!full && disturbed_[lane] > 0) --disturbed_[lane];
}

link_source::link_source(const char* name, side from, loop_watch& watch)
    : ring_(rte_ring_create(name, ring_frames, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ)),
      from_(from),
      watch_(watch) {
  if (ring_ == nullptr) throw std::runtime_error("DPDK has no memory for a ring");
}

link_source::~link_source() {
  void* frame = nullptr;
  while (rte_ring_sc_dequeue(ring_, &frame) == 0) rte_pktmbuf_free(static_cast<rte_mbuf*>(frame));
  rte_ring_free(ring_);
}

std::size_t link_source::put(std::span<void* const> frames) noexcept {
  return rte_ring_sp_enqueue_burst(ring_, frames.data(), static_cast<unsigned>(frames.size()),
                                   nullptr);
}

std::uint32_t link_source::waiting() const noexcept {
  return rte_ring_count(ring_);
}

std::size_t link_source::receive(std::span<packet_view> out) noexcept {
  watch_.tick(__rdtsc());
  void* frames[engine::burst_max];
  const auto wanted = static_cast<unsigned>(std::min(out.size(), engine::burst_max));
  const unsigned got = rte_ring_sc_dequeue_burst(ring_, frames, wanted, nullptr);
  for (unsigned i = 0; i < got; ++i) {
    auto* const m = static_cast<rte_mbuf*>(frames[i]);
    rte_prefetch0(rte_pktmbuf_mtod(m, void*));
    packet_view& view = out[i];
    view.frame = rte_pktmbuf_mtod(m, const std::uint8_t*);
    view.captured = m->data_len;
    view.wire = m->pkt_len;
    view.handle = m;
    view.link = 0;
    view.from = from_;
  }
  watch_.polled(static_cast<std::size_t>(from_), got > 0, got == wanted);
  return got;
}

void link_sink::send(std::span<void* const> frames, bool, time_point) noexcept {
  const std::uint64_t now = __rdtsc();
  watch_.tick(now);
  const bool undisturbed = !watch_.disturbed();
  rte_mbuf* burst[engine::burst_max];
  auto* const into = into_.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < frames.size(); ++i) {
    burst[i] = static_cast<rte_mbuf*>(frames[i]);
    std::uint64_t stamp;
    std::memcpy(&stamp,
                rte_pktmbuf_mtod(burst[i], const std::uint8_t*) + burst[i]->data_len - stamp_bytes,
                sizeof stamp);
    if (into == nullptr) continue;
    const std::uint64_t took = now > stamp ? now - stamp : 0;
    into->all.add(took);
    if (undisturbed) into->undisturbed.add(took);
  }
  rte_pktmbuf_free_bulk(burst, static_cast<unsigned>(frames.size()));
}

}  // namespace callweir::bench

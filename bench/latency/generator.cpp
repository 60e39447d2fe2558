#include "bench/latency/generator.hpp"

#include <rte_mbuf.h>
#include <x86intrin.h>

#include <cstring>

namespace callweir::bench {
namespace {

void stamp(rte_mbuf* m, const packet_view& view, std::uint64_t now) noexcept {
  m->data_len = static_cast<std::uint16_t>(view.captured + stamp_bytes);
  m->pkt_len = m->data_len;
  std::memcpy(rte_pktmbuf_mtod(m, std::uint8_t*) + view.captured, &now, sizeof now);
}

}  // namespace

generator::generator(traffic_source& traffic, void* pool, link_source& inside, link_source& outside,
                     double hz) noexcept
    : traffic_(traffic),
      pool_(pool),
      inside_(inside),
      outside_(outside),
      hz_(hz),
      break_cycles_(static_cast<std::uint64_t>(hz * 50e-6)) {}

std::uint64_t generator::emit(std::size_t n) noexcept {
  rte_mbuf* frames[burst_most];
  if (rte_pktmbuf_alloc_bulk(static_cast<rte_mempool*>(pool_), frames, static_cast<unsigned>(n)) !=
      0)
    return n;
  packet_view views[burst_most];
  for (std::size_t i = 0; i < n; ++i) views[i].frame = rte_pktmbuf_mtod(frames[i], std::uint8_t*);
  traffic_.fill({views, n});
  void* ways[2][burst_most];
  std::size_t counts[2] = {0, 0};
  const std::uint64_t now = __rdtsc();
  for (std::size_t i = 0; i < n; ++i) {
    stamp(frames[i], views[i], now);
    const auto way = static_cast<std::size_t>(views[i].from);
    ways[way][counts[way]++] = frames[i];
  }
  std::uint64_t refused = 0;
  for (const std::size_t way : {0, 1}) {
    auto& ring = way == 0 ? inside_ : outside_;
    for (std::size_t i = ring.put({ways[way], counts[way]}); i < counts[way]; ++i, ++refused)
      rte_pktmbuf_free(static_cast<rte_mbuf*>(ways[way][i]));
  }
  return refused;
}

sent_frames generator::send(double per_s, double seconds) noexcept {
  traffic_.set_pace(per_s);
  sent_frames out;
  const double interval = hz_ / per_s;
  const std::uint64_t begin = __rdtsc();
  const std::uint64_t end = begin + static_cast<std::uint64_t>(seconds * hz_);
  double due = static_cast<double>(begin);
  std::uint64_t now = begin;
  for (std::uint64_t last = begin; now < end; last = now) {
    now = __rdtsc();
    if (now - last > break_cycles_) {
      ++out.seen.breaks;
      out.seen.break_cycles += now - last;
      due = static_cast<double>(now);
    }
    const double late = static_cast<double>(now) - due;
    if (late < 0) {
      _mm_pause();
      continue;
    }
    const auto n =
        static_cast<std::size_t>(std::min(late / interval + 1, static_cast<double>(burst_most)));
    due += static_cast<double>(n) * interval;
    out.refused += emit(n);
    out.frames += n;
  }
  out.seconds = static_cast<double>(now - begin) / hz_;
  return out;
}

sent_frames generator::flood(double seconds) noexcept {
  sent_frames out;
  const std::uint64_t begin = __rdtsc();
  const std::uint64_t end = begin + static_cast<std::uint64_t>(seconds * hz_);
  while (__rdtsc() < end) {
    if (std::max(inside_.waiting(), outside_.waiting()) + burst_most >= ring_frames) continue;
    out.refused += emit(burst_most);
    out.frames += burst_most;
  }
  out.seconds = static_cast<double>(__rdtsc() - begin) / hz_;
  return out;
}

}  // namespace callweir::bench

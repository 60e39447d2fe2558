#include "capture/port.hpp"

#include <rte_ethdev.h>
#include <rte_mbuf.h>

namespace callweir::capture {
namespace {

constexpr std::size_t burst_max = 64;

rte_mbuf* as_mbuf(void* frame) {
  return static_cast<rte_mbuf*>(frame);
}

void point_at(rte_mbuf* m, packet_view& view) noexcept {
  view.frame = rte_pktmbuf_mtod(m, const std::uint8_t*);
  view.captured = m->data_len;
  view.wire = m->pkt_len;
  view.handle = m;
}

/// Single writer: no need of an atomic addition.
void add(std::atomic<std::uint64_t>& counter, std::uint64_t n) noexcept {
  counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
}

}  // namespace

std::size_t port::receive(std::span<packet_view> out) noexcept {
  rte_mbuf* frames[burst_max];
  const auto wanted = static_cast<std::uint16_t>(std::min(out.size(), burst_max));
  const std::size_t got = rte_eth_rx_burst(device_, queue_, frames, wanted);
  if (got == 0) return 0;
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < got; ++i) {
    rte_mbuf* m = frames[i];
    rte_prefetch0(rte_pktmbuf_mtod(m, void*));
    auto& view = out[i];
    point_at(m, view);
    view.link = link_;
    view.from = from_;
    bytes += m->pkt_len;
  }
  add(counters_.received, got);
  add(counters_.received_bytes, bytes);
  return got;
}

std::size_t port::transmit(std::span<void* const> frames) noexcept {
  std::size_t done = 0;
  std::uint64_t bytes = 0;
  for (std::size_t at = 0; at < frames.size(); at += burst_max) {
    rte_mbuf* burst[burst_max];
    const std::size_t n = std::min(frames.size() - at, burst_max);
    std::uint32_t lengths[burst_max];
    for (std::size_t i = 0; i < n; ++i) {
      burst[i] = as_mbuf(frames[at + i]);
      lengths[i] = burst[i]->pkt_len;
    }
    std::size_t sent = rte_eth_tx_burst(device_, queue_, burst, static_cast<std::uint16_t>(n));
    // Once more: the first call has reclaimed what the device had finished with.
    if (sent < n)
      sent += rte_eth_tx_burst(device_, queue_, burst + sent, static_cast<std::uint16_t>(n - sent));
    for (std::size_t i = 0; i < sent; ++i) bytes += lengths[i];
    if (sent < n) {
      rte_pktmbuf_free_bulk(burst + sent, static_cast<unsigned>(n - sent));
      add(counters_.refused, n - sent);
    }
    done += sent;
  }
  add(counters_.sent, done);
  add(counters_.sent_bytes, bytes);
  return done;
}

void release(void* frame) noexcept {
  rte_pktmbuf_free(as_mbuf(frame));
}

void set_origin(void* frame, frame_origin origin) noexcept {
  as_mbuf(frame)->hash.usr =
      static_cast<std::uint32_t>(origin.link) << 1 | static_cast<std::uint32_t>(origin.from);
}

frame_origin origin_of(const void* frame) noexcept {
  const auto mark = static_cast<const rte_mbuf*>(frame)->hash.usr;
  return {static_cast<std::uint16_t>(mark >> 1), static_cast<side>(mark & 1)};
}

void describe(void* frame, packet_view& view) noexcept {
  point_at(as_mbuf(frame), view);
  const auto origin = origin_of(frame);
  view.link = origin.link;
  view.from = origin.from;
}

std::uint32_t frame_bytes(const void* frame) noexcept {
  return static_cast<const rte_mbuf*>(frame)->pkt_len;
}

}  // namespace callweir::capture

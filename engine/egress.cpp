#include "engine/egress.hpp"

#include <algorithm>
#include <bit>

namespace callweir::engine {
namespace {

constexpr std::uint32_t ethernet_bytes = 14;
constexpr std::size_t burst = 64;

std::uint32_t queue_frames(std::optional<bit_rate> rate) {
  if (!rate) return 2;
  const double frames = static_cast<double>(rate->bps) / 8 * 0.050 / 1000;  // 1,000 bytes a frame
  return std::bit_ceil(static_cast<std::uint32_t>(std::clamp(frames, 64.0, 4096.0)));
}

std::uint32_t l3_bytes(const void* frame) noexcept {
  const auto bytes = capture::frame_bytes(frame);
  return bytes > ethernet_bytes ? bytes - ethernet_bytes : 1;
}

}  // namespace

std::uint32_t egress::waiting_max(std::optional<bit_rate> rate) noexcept {
  return rate ? 2 * queue_frames(rate) : 0;
}

link_bucket::link_bucket(bit_rate rate) noexcept
    : bytes_per_ns_(static_cast<double>(rate.bps) / 8e9),
      burst_(std::max(3000.0, bytes_per_ns_ * 2e6)),
      tokens_(burst_) {}

void link_bucket::refill(time_point now) noexcept {
  if (now <= last_) return;
  const auto passed = static_cast<double>((now - last_).count());
  tokens_ = std::min(burst_, tokens_ + passed * bytes_per_ns_);
  last_ = now;
}

bool link_bucket::take(std::uint32_t l3) noexcept {
  if (tokens_ <= 0) return false;
  tokens_ -= l3;
  return true;
}

egress::egress(capture::port& out, std::optional<bit_rate> rate)
    : out_(out), first_(queue_frames(rate)), rest_(queue_frames(rate)) {
  if (rate) bucket_.emplace(*rate);
}

egress::~egress() {
  for (auto* queue : {&first_, &rest_})
    for (; queue->front() != nullptr; queue->drop()) capture::release(*queue->front());
}

void egress::send(std::span<void* const> frames, bool first, time_point now) noexcept {
  if (!bucket_) {
    out_.transmit(frames);
    return;
  }
  auto& queue = first ? first_ : rest_;
  for (void* frame : frames) {
    if (queue.push(frame)) continue;
    capture::release(frame);
    dropped_.add();
  }
  pump(now);
}

bool egress::drain(spsc_ring<void*>& queue) noexcept {
  void* batch[burst];
  std::size_t n = 0;
  bool open = true;
  while (queue.front() != nullptr) {
    open = bucket_->take(l3_bytes(*queue.front()));
    if (!open) break;
    batch[n++] = *queue.front();
    queue.drop();
    if (n == burst) {
      out_.transmit({batch, n});
      n = 0;
    }
  }
  if (n > 0) out_.transmit({batch, n});
  return open;
}

void egress::pump(time_point now) noexcept {
  if (!bucket_) return;
  bucket_->refill(now);
  if (drain(first_)) drain(rest_);
}

void egress::flush(time_point) noexcept {
  if (!bucket_) return;
  for (auto* queue : {&first_, &rest_}) {
    std::size_t n = 1;
    while (n > 0) {
      void* batch[burst];
      for (n = 0; n < burst && queue->front() != nullptr; queue->drop())
        batch[n++] = *queue->front();
      if (n > 0) out_.transmit({batch, n});
    }
  }
}

}  // namespace callweir::engine

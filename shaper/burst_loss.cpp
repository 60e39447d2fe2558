#include "shaper/burst_loss.hpp"

#include <algorithm>

namespace callweir::shaper {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;
constexpr std::int64_t silence_ns = 1'000'000'000;  // after it another packet may drive

/// -1 to 1, by a hash of the burst's number: the rhythm of bursts is not to be guessed by an
/// application.
float jitter(std::uint32_t n) noexcept {
  std::uint32_t x = n * 0x9e37'79b9U;
  x ^= x >> 16;
  x *= 0x85eb'ca6bU;
  x ^= x >> 13;
  return static_cast<float>(x & 0xffffU) / 32'767.5F - 1;
}

}  // namespace

void burst_loss::reset() noexcept {
  until_.store(0, relaxed);
  driven_.store(0, relaxed);
  debt_.store(0, relaxed);
  interval_ns_.store(20e6F, relaxed);
}

void burst_loss::begin_burst(std::int64_t length_ns, std::int64_t now) noexcept {
  constexpr float length_jitter = 0.1F;
  const auto n = bursts_.load(relaxed) + 1;
  bursts_.store(n, relaxed);
  const auto length =
      static_cast<std::int64_t>(static_cast<float>(length_ns) * (1 + length_jitter * jitter(n)));
  until_.store(now + std::clamp(length, burst_min_ns, burst_max_ns), relaxed);
}

bool burst_loss::lost(float share, nanoseconds burst, bool drives, time_point at) noexcept {
  const std::int64_t now = at.ns;
  const std::int64_t until = until_.load(relaxed);
  // A clock that was set back must not make a burst that lasts.
  const bool in_burst = now < until && until - now <= burst_max_ns;
  const std::int64_t last = driven_.load(relaxed);
  if (!drives && now - last < silence_ns) return in_burst && share > 0;
  driven_.store(now, relaxed);
  if (!(share > 0)) {
    debt_.store(0, relaxed);
    return false;
  }
  share = std::min(share, share_max);
  const std::int64_t length = std::clamp(burst.count(), burst_min_ns, burst_max_ns);
  float interval = interval_ns_.load(relaxed);
  if (const std::int64_t gap = now - last; gap > 0 && gap < 200'000'000) {
    interval += (static_cast<float>(gap) - interval) / 16;
    interval_ns_.store(interval, relaxed);
  }
  const float packets = std::max(1.0F, static_cast<float>(length) / std::max(interval, 1e6F));
  float debt = debt_.load(relaxed) + share;
  if (in_burst) {
    debt_.store(debt - 1, relaxed);
    return true;
  }
  // Half a burst owed before it and half overpaid after it keeps the share centred. What cannot be
  // inflicted (the pause between bursts is in the way) is not owed for ever.
  debt = std::min(debt, packets);
  const float due = packets * 0.5F * (1 + 0.2F * jitter(bursts_.load(relaxed)));
  if (debt < due || now - until < good_min_ns) {
    debt_.store(debt, relaxed);
    return false;
  }
  begin_burst(length, now);
  debt_.store(debt - 1, relaxed);
  return true;
}

}  // namespace callweir::shaper

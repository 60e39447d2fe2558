// A token bucket in one atomic word, shared by workers without a lock: the generic cell rate
// algorithm (ITU-T I.371 annex A) keeps the theoretical arrival time of the next packet, the moment
// when the bucket will be full again. Data path.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "base/units.hpp"

namespace callweir::shaper {

/// Time in 1/64 ns, modulo 2^64 (nine years): fine enough for one byte at 100 Gbit/s. Only
/// differences count.
constexpr int tick_bits = 6;
constexpr std::uint64_t ticks(time_point t) noexcept {
  return static_cast<std::uint64_t>(t.ns) << tick_bits;
}

/// A rate and a burst, made ready for the data path.
struct bucket_rate {
  std::uint64_t ticks_per_byte =
      0;  // in 2^-16 ticks, so that rounding stays below 1e-5 up to 100 Gbit/s
  std::uint64_t burst_ticks = 0;  // time that the whole burst takes at the rate

  static constexpr int fraction_bits = 16;
  static constexpr std::uint64_t packet_bytes_max = 65'535;

  /// `rate` is 1 kbit/s to 400 Gbit/s; a burst that would take over a year counts as a year.
  static constexpr bucket_rate make(bit_rate rate, std::uint64_t burst_bytes) noexcept {
    constexpr unsigned __int128 byte_second = static_cast<unsigned __int128>(8'000'000'000)
                                              << (tick_bits + fraction_bits);
    constexpr std::uint64_t year = std::uint64_t{31'536'000'000'000'000} << tick_bits;
    const std::uint64_t bps = std::max<std::uint64_t>(rate.bps, 1'000);
    bucket_rate out;
    out.ticks_per_byte = static_cast<std::uint64_t>((byte_second + bps / 2) / bps);
    const auto burst =
        (static_cast<unsigned __int128>(out.ticks_per_byte) * burst_bytes) >> fraction_bits;
    out.burst_ticks = burst > year ? year : static_cast<std::uint64_t>(burst);
    return out;
  }
  constexpr std::uint64_t cost(std::uint32_t bytes) const noexcept {
    return (ticks_per_byte * std::min<std::uint64_t>(bytes, packet_bytes_max)) >> fraction_bits;
  }
};

class token_bucket {
 public:
  /// Full, as seen at `now`. A bucket must be filled once before it is used.
  void fill(std::uint64_t now) noexcept { arrival_.store(now, std::memory_order_relaxed); }

  /// Takes `bytes` at `now` (ticks); false, and nothing taken, when there are not enough. A packet
  /// larger than the burst passes a full bucket and leaves it in debt. Any thread.
  bool take(const bucket_rate& rate, std::uint32_t bytes, std::uint64_t now) noexcept {
    constexpr int tries_max = 64;
    const std::uint64_t cost = rate.cost(bytes);
    const std::uint64_t needed = std::min(cost, rate.burst_ticks);
    std::uint64_t seen = arrival_.load(std::memory_order_relaxed);
    for (int i = 0; i < tries_max; ++i) {
      const std::uint64_t ahead = debt(rate, seen, now);
      if (ahead + needed > rate.burst_ticks) return false;
      if (arrival_.compare_exchange_weak(seen, now + ahead + cost, std::memory_order_relaxed)) {
        return true;
      }
    }
    return true;  // so many others took at once: rather one packet too many than a loop without end
  }

  /// Nothing taken that has not come back: the bucket holds no state worth keeping.
  bool full(const bucket_rate& rate, std::uint64_t now) const noexcept {
    return debt(rate, arrival_.load(std::memory_order_relaxed), now) == 0;
  }

 private:
  /// Ticks until full. Further ahead than any packet can have pushed it means that the clock was
  /// set back: the bucket starts anew.
  static std::uint64_t debt(const bucket_rate& rate, std::uint64_t arrival,
                            std::uint64_t now) noexcept {
    const auto ahead = static_cast<std::int64_t>(arrival - now);
    if (ahead <= 0) return 0;
    const auto most = rate.burst_ticks + rate.cost(bucket_rate::packet_bytes_max);
    return static_cast<std::uint64_t>(ahead) > most ? 0 : static_cast<std::uint64_t>(ahead);
  }

  std::atomic<std::uint64_t> arrival_{0};
};

}  // namespace callweir::shaper

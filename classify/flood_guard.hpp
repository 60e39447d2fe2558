// Bounds how fast strangers may open flows once the table fills: a token bucket for the worker and
// one for each source network, hashed. What is above is forwarded untracked. Single thread, fixed
// size.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/ip_address.hpp"
#include "base/keyed_hash.hpp"
#include "base/units.hpp"

namespace callweir::classify {

class flood_guard {
 public:
  enum class answer : std::uint8_t { open, source_exceeds, worker_exceeds };

  /// A worker may open a quarter of its table a second, a source network a sixteenth, each with a
  /// burst of a tenth of a second's: what opens at once is done at once, and known flows wait in
  /// the card's ring meanwhile. Asked only while the table is more than half full, so that ordinary
  /// peaks never meet it.
  flood_guard(std::uint32_t flows_max, const keyed_hash& hash)
      : hash_(hash),
        worker_rate_(std::max(flows_max / 4, 1u)),
        source_rate_(std::max(flows_max / 16, 1u)),
        worker_{burst_of(worker_rate_), 0} {
    sources_.fill({burst_of(source_rate_), 0});
  }

  answer ask(const ip_address& source, time_point now) noexcept {
    bucket& own = sources_[network_of(source)];
    refill(own, source_rate_, now);
    if (own.tokens == 0) return answer::source_exceeds;
    refill(worker_, worker_rate_, now);
    if (worker_.tokens == 0) return answer::worker_exceeds;
    --own.tokens;
    --worker_.tokens;
    return answer::open;
  }

 private:
  static constexpr std::size_t sources_max = 4096;  // networks that share a bucket share its fate
  struct bucket {
    std::uint32_t tokens;
    std::int64_t at_ms;
  };

  /// /24 of IPv4, /48 of IPv6: what one party usually holds.
  std::size_t network_of(const ip_address& source) const noexcept {
    const std::uint64_t net = source.is_v4() ? source.low >> 8 : source.high >> 16;
    return hash_.bucket(net, source.is_v4(), 0, 0) % sources_max;
  }
  static constexpr std::uint32_t burst_of(std::uint32_t rate) noexcept {
    return std::max(rate / 10, 1u);
  }
  static void refill(bucket& b, std::uint32_t rate, time_point now) noexcept {
    const std::int64_t ms = now.ns / 1'000'000;
    const std::int64_t passed = ms - b.at_ms;
    if (passed == 0) return;
    // Time that went back (captures) fills nothing and starts afresh.
    const std::uint64_t gained =
        passed < 0 ? 0
                   : static_cast<std::uint64_t>(std::min<std::int64_t>(passed, 1000)) * rate / 1000;
    if (gained == 0 && passed > 0) return;  // wait until it is worth a token
    b.tokens =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(burst_of(rate), b.tokens + gained));
    b.at_ms = ms;
  }

  keyed_hash hash_;
  std::uint32_t worker_rate_, source_rate_;
  bucket worker_;
  std::array<bucket, sources_max> sources_;
};

}  // namespace callweir::classify

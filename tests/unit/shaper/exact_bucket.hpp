// The naive model of a token bucket.
#pragma once

#include <algorithm>
#include <cstdint>

namespace callweir::shaper {

/// The textbook bucket in whole numbers: a unit is what flows in during a nanosecond at 1 bit/s, a
/// byte takes 8e9 of them.
class exact_bucket {
 public:
  using amount = __int128;
  static constexpr amount byte = 8'000'000'000;

  exact_bucket(std::uint64_t bps, std::uint64_t burst_bytes, std::int64_t now)
      : bps_(static_cast<amount>(bps)),
        burst_(byte * static_cast<amount>(burst_bytes)),
        tokens_(burst_),
        last_(now) {}

  void advance(std::int64_t now) {
    tokens_ = std::min(burst_, tokens_ + (now - last_) * bps_);
    last_ = now;
  }
  void take(std::uint32_t bytes) { tokens_ -= byte * static_cast<amount>(bytes); }
  /// Tokens beyond what a packet needs: one larger than the burst needs a full bucket.
  amount spare(std::uint32_t bytes) const {
    return tokens_ - std::min(burst_, byte * static_cast<amount>(bytes));
  }
  amount missing() const { return burst_ - tokens_; }

 private:
  amount bps_, burst_, tokens_;
  std::int64_t last_;
};

}  // namespace callweir::shaper

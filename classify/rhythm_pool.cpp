#include "classify/rhythm_pool.hpp"

#include <algorithm>

namespace callweir::classify {
namespace {

constexpr std::uint32_t none = 0xffff'ffff;
/// Longer than any pause between a codec's packets, comfort noise included (RFC 3389 leaves the
/// interval open; senders use up to 1 s).
constexpr nanoseconds silent = std::chrono::seconds(2);
constexpr std::uint32_t candidates = 8;

}  // namespace

voice_rhythm* rhythm_pool::use(inspection& s, time_point now) noexcept {
  if (s.rhythm == nullptr) {
    std::uint32_t taken = pool_.take();
    if (taken == bounded_pool<lent>::none) taken = from_a_silent_flow(now);
    if (taken == none) {
      ++refused_;
      return nullptr;
    }
    pool_[taken] = lent{{}, &s, 0};
    s.rhythm = &pool_[taken].rhythm;
    s.rhythm_at = taken;
  }
  pool_[s.rhythm_at].last_ns = now.ns;
  return s.rhythm;
}

void rhythm_pool::take_back(inspection& s) noexcept {
  if (s.rhythm == nullptr) return;
  s.rhythm = nullptr;
  pool_[s.rhythm_at].holder = nullptr;
  pool_.give(s.rhythm_at);
}

/// All are lent. The longest silent of a few; what its flow was found to be stays.
std::uint32_t rhythm_pool::from_a_silent_flow(time_point now) noexcept {
  std::uint32_t chosen = none;
  for (std::uint32_t i = 0; i < std::min(candidates, count_); ++i) {
    hand_ = hand_ + 1 < count_ ? hand_ + 1 : 0;
    if (chosen == none || pool_[hand_].last_ns < pool_[chosen].last_ns) chosen = hand_;
  }
  if (chosen == none || now - time_point{pool_[chosen].last_ns} < silent) return none;
  inspection& before = *pool_[chosen].holder;
  before.rhythm = nullptr;
  before.rhythm_pct = 0;
  return chosen;
}

}  // namespace callweir::classify

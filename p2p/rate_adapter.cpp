#include "p2p/rate_adapter.hpp"

#include <algorithm>
#include <cmath>

namespace callweir::p2p {
namespace {

constexpr double smoothing_s = 4;    // one burst of 200 ms must not pass for a bad link
constexpr double loss_low = 0.02;    // GCC: below it the rate rises
constexpr double loss_high = 0.10;   // GCC: above it the rate falls
constexpr double rise_per_s = 1.08;  // GCC: 8 % a second
constexpr double redundancy_on =
    0.12;  // a second copy pays only when in-band FEC no longer suffices
constexpr double redundancy_off = 0.06;

/// Frame length by rate, with 1 kbit/s of hysteresis: headers weigh more the lower the rate.
int frame_ticks_for(double rate_bps, int now) {
  const auto below = [&](double edge, int longer) {
    return rate_bps < edge + (now >= longer ? 1'000 : 0);
  };
  if (below(14'000, 3)) return 3;
  return below(18'000, 2) ? 2 : 1;
}

}  // namespace

void rate_adapter::on_report(const reception_report& report, std::uint32_t sent, time_point now) {
  if (report.received > report.expected || report.expected > sent) return;
  const reception_report before = previous_.value_or(reception_report{});
  if (report.expected <= before.expected || report.received < before.received) return;
  const double expected = report.expected - before.expected;
  // Duplicates and late arrivals can make the received difference the larger one.
  const double received = std::min(expected, double(report.received - before.received));
  const double elapsed_s = std::clamp(to_seconds(now - last_), 0.0, 10.0);
  const double weight = 1 - std::exp(-elapsed_s / smoothing_s);
  loss_ += weight * (1 - received / expected - loss_);
  previous_ = report;
  last_ = now;
  choose(elapsed_s);
}

void rate_adapter::choose(double elapsed_s) {
  if (loss_ < loss_low) rate_bps_ *= std::pow(rise_per_s, elapsed_s);
  if (loss_ > loss_high) rate_bps_ *= std::pow(1 - 0.5 * loss_, elapsed_s);
  rate_bps_ = std::clamp<double>(rate_bps_, rate_bps_min, rate_bps_max);
  settings_.rate_bps = static_cast<int>(rate_bps_ / 500) * 500;
  settings_.frame_ticks = frame_ticks_for(rate_bps_, settings_.frame_ticks);
  if (loss_ > redundancy_on) settings_.redundancy = 2;
  if (loss_ < redundancy_off) settings_.redundancy = 1;
  settings_.loss_pct = static_cast<int>(std::lround(100 * std::min(loss_, 0.25)));
}

}  // namespace callweir::p2p

#include "bench/traffic/traffic_plan.hpp"

#include <algorithm>

namespace callweir::bench {
namespace {

/// Packets a second of the published table, by new flows a second.
double published_packets_a_flow(std::uint32_t new_per_s) {
  if (new_per_s <= 1'000) return 5'600;
  if (new_per_s <= 10'000) return 550;
  if (new_per_s <= 100'000) return 38;
  return 1.2;
}

constexpr std::uint32_t voice_packets_least = 40;
constexpr double voice_packets_per_s = 100;

/// 45 % TLS, 15 % QUIC, 20 % DNS and 20 % voice where there is room for it; else voice gets the
/// packets that the others leave.
void choose_kinds(traffic_plan& plan) {
  const bool roomy = plan.packets_a_flow >= 10;
  const std::uint32_t voice =
      roomy ? kind_round / 5
            : std::max(1U, static_cast<std::uint32_t>((plan.packets_a_flow - 1) /
                                                      (voice_packets_least - 1) * kind_round));
  std::uint32_t left[flow_kinds] = {kind_round * 45 / 100, kind_round * 15 / 100,
                                    kind_round * 20 / 100, voice};
  left[0] = kind_round - left[1] - left[2] - left[3];
  // Spread evenly: always the kind that is furthest behind its share.
  const std::uint32_t all[flow_kinds] = {left[0], left[1], left[2], left[3]};
  for (std::uint32_t i = 0; i < kind_round; ++i) {
    std::size_t best = 0;
    double behind = -1e9;
    for (std::size_t k = 0; k < flow_kinds; ++k) {
      const double given = all[k] - left[k];
      const double due = static_cast<double>(all[k]) * (i + 1) / kind_round - given;
      if (left[k] > 0 && due > behind) {
        behind = due;
        best = k;
      }
    }
    plan.kinds[i] = static_cast<flow_kind>(best);
    --left[best];
  }
}

}  // namespace

double traffic_plan::share(flow_kind kind) const noexcept {
  return static_cast<double>(std::count(kinds.begin(), kinds.end(), kind)) / kind_round;
}

traffic_plan plan_traffic(std::uint32_t flows, std::uint32_t new_per_s, nanoseconds sweep_lag) {
  traffic_plan plan{};
  plan.flows = flows;
  plan.new_per_s = new_per_s;
  plan.packets_a_flow = published_packets_a_flow(new_per_s);
  choose_kinds(plan);
  const double life = static_cast<double>(flows) / new_per_s;  // seconds
  const bool roomy = plan.packets_a_flow >= 10;
  plan.dns_answers = roomy;
  plan.voice_packets =
      roomy ? static_cast<std::uint32_t>(
                  std::clamp(1.6 * plan.packets_a_flow, 40.0, voice_packets_per_s * life / 2))
            : static_cast<std::uint32_t>((plan.packets_a_flow - 1) / plan.share(flow_kind::voice)) +
                  1;
  const double bulk_life = roomy ? life / 2 : 0;
  const double bulk_share = plan.share(flow_kind::tls) + plan.share(flow_kind::quic);
  const double voice_life = plan.voice_packets / voice_packets_per_s;
  const double lag = static_cast<double>(sweep_lag.count()) / 1e9;
  const double time_out = std::max(
      life - bulk_share * bulk_life - plan.share(flow_kind::voice) * voice_life - lag, life / 20);
  plan.bulk_life = nanoseconds(static_cast<std::int64_t>(bulk_life * 1e9));
  plan.time_out = nanoseconds(static_cast<std::int64_t>(time_out * 1e9));
  return plan;
}

}  // namespace callweir::bench

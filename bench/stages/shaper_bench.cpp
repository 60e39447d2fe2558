// Cost of the shaper's per-packet steps, hot.
#include <benchmark/benchmark.h>

#include <array>

#include "engine/configuration.hpp"
#include "shaper/burst_loss.hpp"
#include "shaper/delay_line.hpp"
#include "shaper/policy_set.hpp"
#include "shaper/token_bucket.hpp"

namespace callweir::shaper {
namespace {

constexpr time_point start{1'790'000'000'000'000'000};

void shaper_token_bucket(benchmark::State& state) {
  const auto rate = bucket_rate::make({1'000'000'000}, 30'000);
  token_bucket bucket;
  std::uint64_t now = ticks(start);
  bucket.fill(now);
  for (auto _ : state) {
    now += 200'000;
    benchmark::DoNotOptimize(bucket.take(rate, 500, now));
  }
}
BENCHMARK(shaper_token_bucket);

void shaper_burst_loss(benchmark::State& state) {
  burst_loss loss;
  std::int64_t now = start.ns;
  for (auto _ : state) {
    now += 20'000'000;
    benchmark::DoNotOptimize(loss.lost(0.08F, std::chrono::milliseconds(200), true, {now}));
  }
}
BENCHMARK(shaper_burst_loss);

void shaper_delay_line(benchmark::State& state) {
  delay_line line(65'536);
  std::array<delay_line::held, 64> out;
  time_point now = start;
  for (auto _ : state) {
    now = now + std::chrono::microseconds(10);
    line.hold({nullptr, 0}, now + std::chrono::milliseconds(250), now);
    benchmark::DoNotOptimize(line.due(now, out));
  }
}
BENCHMARK(shaper_delay_line);

/// A set of twenty lines that do not match and one that does.
std::shared_ptr<policy_set> set_with(const std::string& action) {
  std::string text = "groups: { g: [10.9.0.0/16] }\npolicies:\n";
  for (int i = 0; i < 20; ++i) {
    text +=
        "- { name: n" + std::to_string(i) + ", match: { group: g, voip: true }, action: block }\n";
  }
  text += "- { name: last, match: {}, action: " + action + " }\n";
  const auto read = engine::read_configuration(text, "bench.yaml");
  auto set = policy_set::compile(read.value().policies, {}, 20'000, nullptr).value();
  set->update_schedules(start);
  return set;
}

flow_attributes flow() {
  flow_attributes f;
  f.source = ip_address::v4(0x0a000001);
  f.destination = ip_address::v4(0xc0000201);
  f.what = {.role = flow_role::voice, .p2p = tristate::yes, .voip = true, .confidence_pct = 97};
  f.in_call = true;
  f.call = 1;
  f.call_key = 1;
  f.flow_id = 1;
  return f;
}

void shaper_bind(benchmark::State& state) {
  const auto set = set_with("allow");
  const auto f = flow();
  for (auto _ : state) benchmark::DoNotOptimize(set->bind(f, start));
}
BENCHMARK(shaper_bind);

void apply(benchmark::State& state, const std::string& action) {
  const auto set = set_with(action);
  const auto handle = set->bind(flow(), start);
  set->set_impairment(1, forward,
                      {.loss = 0.08,
                       .burst = std::chrono::milliseconds(200),
                       .delay = std::chrono::milliseconds(100),
                       .cap = {}});
  packet_view packet;
  packet.l3_bytes = 200;
  time_point now = start;
  for (auto _ : state) {
    now = now + std::chrono::microseconds(100);
    benchmark::DoNotOptimize(set->apply(handle, packet, forward, flow_role::voice, now));
  }
}
void shaper_apply_block(benchmark::State& state) {
  apply(state, "block");
}
void shaper_apply_limit(benchmark::State& state) {
  apply(state, "{ limit: { rate: 8Mbit } }");
}
void shaper_apply_degrade(benchmark::State& state) {
  apply(state, "{ degrade: { mos: 1.8 } }");
}
BENCHMARK(shaper_apply_block);
BENCHMARK(shaper_apply_limit);
BENCHMARK(shaper_apply_degrade);

}  // namespace
}  // namespace callweir::shaper

#include "shaper/token_bucket.hpp"

#include <gtest/gtest.h>

#include <random>

#include "shaper/bucket_table.hpp"
#include "shaper/policy.hpp"

namespace callweir::shaper {
namespace {

constexpr std::int64_t start_ns =
    1'790'000'000'000'000'000;  // a date of our days: ticks have wrapped

/// Offers twice the rate in packets of one size for `seconds`, returns passed bytes per wanted
/// byte.
double passed_share(bit_rate rate, std::uint32_t bytes, double seconds) {
  constexpr std::uint32_t burst = 3'000;  // default bursts of fast rates outlast the test
  const auto made = bucket_rate::make(rate, burst);
  token_bucket bucket;
  bucket.fill(ticks({start_ns}));
  double passed = 0;
  const double gap_ns = bytes * 8e9 / static_cast<double>(rate.bps) / 2;
  const auto packets = static_cast<std::int64_t>(seconds * 1e9 / gap_ns);
  double now = 0;
  for (std::int64_t i = 0; i < packets; ++i, now += gap_ns) {
    if (bucket.take(made, bytes, ticks({start_ns + static_cast<std::int64_t>(now)})))
      passed += bytes;
  }
  return (passed - burst) / (static_cast<double>(rate.bps) / 8 * now * 1e-9);
}

TEST(token_bucket, holds_the_rate_within_one_percent) {
  double worst = 0;
  for (const std::uint64_t bps :
       {8'000ULL, 20'000ULL, 64'000ULL, 256'000ULL, 1'000'000ULL, 10'000'000ULL, 100'000'000ULL,
        1'000'000'000ULL, 100'000'000'000ULL}) {
    for (const std::uint32_t bytes : {40U, 200U, 777U, 1'500U}) {
      // Long enough for 20,000 packets, so that the last one does not count.
      const double seconds = 20'000.0 * bytes * 8 / static_cast<double>(bps);
      const double share = passed_share({bps}, bytes, seconds);
      EXPECT_NEAR(share, 1, 0.01) << bps << " bit/s, " << bytes << " bytes";
      worst = std::max(worst, std::abs(share - 1));
    }
  }
  RecordProperty("worst_error", std::to_string(worst));
  std::printf("worst error from 8 kbit/s to 100 Gbit/s: %.5f %%\n", worst * 100);
}

// Against the textbook bucket in floating point: never more than rate x time + burst in any stretch
// from the start, and under saturation at least 99 % of it.
TEST(token_bucket, never_exceeds_and_hardly_misses_the_model) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 200; ++round) {
    const bit_rate rate{std::uint64_t{1'000} << random() % 20};
    const std::uint32_t burst = 1'500 + static_cast<std::uint32_t>(random() % 60'000);
    const auto made = bucket_rate::make(rate, burst);
    token_bucket bucket;
    bucket.fill(ticks({start_ns}));
    double tokens = burst, passed = 0, model_passed = 0;
    std::int64_t now = start_ns;
    const double byte_ns = 8e9 / static_cast<double>(rate.bps);
    for (int i = 0; i < 2'000; ++i) {
      const auto gap = static_cast<std::int64_t>(byte_ns * static_cast<double>(random() % 1'400));
      now += gap;
      tokens = std::min<double>(burst, tokens + static_cast<double>(gap) / byte_ns);
      const auto bytes = 20 + static_cast<std::uint32_t>(random() % 1'480);
      if (tokens >= bytes) {
        tokens -= bytes;
        model_passed += bytes;
      }
      if (bucket.take(made, bytes, ticks({now}))) passed += bytes;
      const double most = burst + static_cast<double>(now - start_ns) / byte_ns;
      ASSERT_LE(passed, most * (1 + 1e-5) + 1);
    }
    EXPECT_GE(passed, model_passed * 0.99);
    EXPECT_LE(passed, model_passed * 1.01);
  }
}

TEST(token_bucket, a_packet_larger_than_the_burst_passes_a_full_bucket) {
  const auto rate = bucket_rate::make({8'000'000}, 1'500);
  token_bucket bucket;
  bucket.fill(0);
  EXPECT_TRUE(bucket.take(rate, 9'000, 0));
  EXPECT_FALSE(bucket.take(rate, 40, ticks({7'500'000}))) << "9 ms of debt at 1 byte a us";
  EXPECT_TRUE(bucket.take(rate, 40, ticks({7'540'000})));
}

TEST(token_bucket, recovers_when_the_clock_is_set_back) {
  const auto rate = bucket_rate::make({8'000}, 3'000);
  token_bucket bucket;
  bucket.fill(ticks({start_ns}));
  EXPECT_TRUE(bucket.take(rate, 1'000, ticks({start_ns})));
  EXPECT_TRUE(bucket.take(rate, 1'000, ticks({start_ns - 3'600'000'000'000})));
}

TEST(bucket_table, a_full_table_refuses_and_counts) {
  bucket_table table(1'024);
  const time_point now{start_ns};
  std::uint32_t got = 0;
  for (std::uint64_t key = 1; key <= 5'000; ++key)
    got += table.acquire(key * 0x9e3779b97f4a7c15ULL, now) != bucket_table::none;
  EXPECT_LE(got, 1'024u);
  EXPECT_EQ(got + table.refused(), 5'000u);
  // Ten seconds of silence later every bucket can be had again, and the old key does not hold it
  // any more.
  const auto first = table.acquire(0x9e3779b97f4a7c15ULL, now);
  const auto later = now + std::chrono::seconds(12);
  EXPECT_TRUE(table.holds(first, 0x9e3779b97f4a7c15ULL));
  for (std::uint64_t key = 10'000; key <= 14'000; ++key)
    table.acquire(key * 0x9e3779b97f4a7c15ULL, later);
  EXPECT_FALSE(table.holds(first, 0x9e3779b97f4a7c15ULL));
}

}  // namespace
}  // namespace callweir::shaper

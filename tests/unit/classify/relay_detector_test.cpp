// Media in a relay's framing whose beginning was not seen, as after a restart of the appliance.
#include <gtest/gtest.h>

#include "base/applications.hpp"
#include "tests/unit/classify/inspect_flow.hpp"

namespace callweir::test {
namespace {

using bytes = std::vector<std::uint8_t>;

bytes length_of(std::size_t n) {
  return {static_cast<std::uint8_t>(n >> 8), static_cast<std::uint8_t>(n)};
}
bytes channel(const bytes& inner) {
  bytes b{0x40, 0x01};
  for (const std::uint8_t x : length_of(inner.size())) b.push_back(x);
  return b;
}
bytes multiplexed(const bytes& inner) {
  bytes b{0xff, 0x10};
  for (const std::uint8_t x : length_of(inner.size() + 8)) b.push_back(x);
  b.insert(b.end(), {1, 2, 3, 4, 5, 6, 7, 8});
  return b;
}

traffic some_rtp(std::uint64_t seed) {
  random_source random(seed);
  return rtp_talk(random, 111, 20, 48'000, 60, 2, 2);
}

TEST(relay_detector, reads_channels_that_were_bound_before) {
  inspection_bench bench;
  const inspected got = bench.run(framed(some_rtp(1), channel));
  EXPECT_GE(got.what.confidence_pct, 90);
  EXPECT_EQ(got.what.role, flow_role::voice);
  EXPECT_EQ(got.what.p2p, tristate::yes);
  EXPECT_TRUE(got.ties.relayed);
}

TEST(relay_detector, reads_multiplexed_turn) {
  inspection_bench bench;
  const inspected got = bench.run(framed(some_rtp(2), multiplexed));
  EXPECT_GE(got.what.confidence_pct, 90);
  EXPECT_TRUE(got.ties.relayed);
}

TEST(relay_detector, reads_channels_in_a_tcp_stream) {
  inspection_bench bench;
  flow_ends ends;
  ends.protocol = proto_tcp;
  const inspected got = bench.run(framed(some_rtp(3), channel, 4), ends);
  EXPECT_GE(got.what.confidence_pct, 90);
  EXPECT_TRUE(got.ties.relayed);
}

TEST(relay_detector, reads_rtp_with_a_length_in_front) {
  inspection_bench bench;
  flow_ends ends;
  ends.protocol = proto_tcp;
  const inspected got =
      bench.run(framed(some_rtp(4), [](const bytes& b) { return length_of(b.size()); }), ends);
  EXPECT_GE(got.what.confidence_pct, 90);
  EXPECT_EQ(got.what.app, app_rtp);
  EXPECT_FALSE(got.ties.relayed);
}

TEST(relay_detector, one_fitting_length_is_no_relay) {
  random_source random(8);
  traffic t = talk(random, {});
  t[3].bytes[0] = 0x40;
  t[3].bytes[2] = static_cast<std::uint8_t>((t[3].bytes.size() - 4) >> 8);
  t[3].bytes[3] = static_cast<std::uint8_t>(t[3].bytes.size() - 4);
  inspection_bench bench;
  const inspected got = bench.run(t);
  EXPECT_GE(got.sure_after_s, 0);
  EXPECT_FALSE(got.ties.relayed);
}

TEST(relay_detector, noise_with_a_length_in_front_is_no_media) {
  random_source random(9);
  inspection_bench bench;
  flow_ends ends;
  ends.protocol = proto_tcp;
  for (int flow = 0; flow < 200; ++flow) {
    const traffic t = framed(talk(random, {}), [](const bytes& b) { return length_of(b.size()); });
    EXPECT_LT(bench.run(t, ends).sure_after_s, 0);
  }
}

}  // namespace
}  // namespace callweir::test

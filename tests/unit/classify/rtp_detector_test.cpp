#include "classify/detectors/rtp.hpp"

#include <gtest/gtest.h>

#include "base/applications.hpp"
#include "tests/unit/classify/inspect_flow.hpp"

namespace callweir::test {
namespace {

TEST(rtp_detector, decides_a_talk_after_a_few_packets) {
  random_source random(1);
  inspection_bench bench;
  const inspected got = bench.run(rtp_talk(random, 0, 20, 8000, 160, 3, 2));
  EXPECT_TRUE(got.what.voip);
  EXPECT_EQ(got.what.app, app_rtp);
  EXPECT_EQ(got.what.role, flow_role::voice);
  EXPECT_EQ(got.what.p2p, tristate::open);
  EXPECT_LE(got.sure_after_packets, 10);
  EXPECT_LE(got.sure_after_s, 0.2);
}

TEST(rtp_detector, one_way_is_a_suspicion_only) {
  random_source random(2);
  inspection_bench bench;
  EXPECT_LT(bench.run(rtp_talk(random, 0, 20, 8000, 160, 5, 1)).sure_after_s, 0);
  const inspected stream = bench.run(rtp_talk(random, 33, 5, 90000, 1316, 3, 1));
  EXPECT_FALSE(stream.what.voip);
}

TEST(rtp_detector, multicast_is_streaming) {
  random_source random(3);
  inspection_bench bench;
  flow_ends ends;
  ends.outside = 0xef010203;
  EXPECT_FALSE(bench.run(rtp_talk(random, 96, 20, 48000, 200, 3, 1), ends).what.voip);
}

TEST(rtp_detector, wants_a_sequence_and_one_source) {
  // Version 2 and a payload type, but a constant "sequence" (industrial protocols), or a "source"
  // that changes (chance).
  random_source random(4);
  for (const bool constant : {true, false}) {
    traffic t = rtp_talk(random, 0, 20, 8000, 160, 0.8, 2);
    for (auto& p : t) {
      if (constant)
        p.bytes[2] = 0, p.bytes[3] = 2;
      else
        p.bytes[8] = static_cast<std::uint8_t>(random());
    }
    inspection_bench bench;
    EXPECT_LT(bench.run(t).sure_after_s, 0);
  }
}

TEST(rtp_detector, a_counter_of_milliseconds_is_no_sequence) {
  // ENet's header: peer with its flags, time in ms, a reliable sequence, a length.
  traffic t;
  random_source random(5);
  for (int i = 0; i < 300; ++i) {
    std::vector<std::uint8_t> b(60);
    for (auto& x : b) x = static_cast<std::uint8_t>(random());
    const int ms = i * 16;
    b[0] = 0x80, b[1] = 1, b[2] = static_cast<std::uint8_t>(ms >> 8),
    b[3] = static_cast<std::uint8_t>(ms);
    b[4] = 0x86, b[5] = 0, b[6] = static_cast<std::uint8_t>(i >> 8),
    b[7] = static_cast<std::uint8_t>(i);
    b[8] = 0, b[9] = 40, b[10] = 1, b[11] = 2;
    t.push_back({time_point{i * 16'000'000LL}, static_cast<direction>(i % 2), b});
  }
  inspection_bench bench;
  EXPECT_LT(bench.run(t).sure_after_s, 0);
}

TEST(rtp_detector, tells_video_from_voice) {
  classify::rtp_detector d;
  for (int i = 0; i < 40; ++i) {
    std::uint8_t video[1100] = {0x90, 97}, voice[120] = {0x80, 111};
    const auto header = [](std::uint8_t* p, int sequence, std::uint32_t ticks, std::uint8_t ssrc) {
      p[3] = static_cast<std::uint8_t>(sequence);
      p[5] = static_cast<std::uint8_t>(ticks >> 16), p[6] = static_cast<std::uint8_t>(ticks >> 8),
      p[7] = static_cast<std::uint8_t>(ticks);
      p[11] = ssrc;
    };
    header(video, i, static_cast<std::uint32_t>(i / 4) * 3000, 1);
    header(voice, i, static_cast<std::uint32_t>(i) * 960, 2);
    d.observe_rtp({video, sizeof video, sizeof video, forward, {}}, i * 8);
    d.observe_rtp({voice, sizeof voice, sizeof voice, forward, {}}, i * 20);
  }
  EXPECT_EQ(d.role(), flow_role::media);
  EXPECT_EQ(d.confirmed(forward), 2);
}

TEST(rtp_detector, refuses_headers_that_do_not_fit) {
  classify::rtp_header h;
  const std::uint8_t csrcs[14] = {0x8f, 0}, extension[16] = {0x90, 0, 0, 0, 0,    0,    0,    0,
                                                             0,    0, 0, 0, 0xbe, 0xde, 0xff, 0xff};
  EXPECT_FALSE(classify::parse_rtp({csrcs, 14, 14, forward, {}}, h));
  EXPECT_FALSE(classify::parse_rtp({extension, 16, 16, forward, {}}, h));
}

TEST(rtp_detector, two_flows_of_one_direction_each_are_a_talk) {
  random_source random(21);
  const traffic one = rtp_talk(random, 0, 20, 8000, 160, 2, 1);
  traffic back = rtp_talk(random, 0, 20, 8000, 160, 2, 1);
  flow_ends ends, other;
  other.initiator = side::outside;
  other.inside_port = 4444;
  other.outside_port = 5555;
  inspection_bench bench;
  EXPECT_LT(bench.run(one, ends).sure_after_s, 0);
  flow_ends same_way = ends;
  same_way.inside_port = 4446;
  EXPECT_LT(bench.run(one, same_way).sure_after_s, 0) << "two streams one way are none";
  const inspected got = bench.run(back, other);
  EXPECT_GE(got.sure_after_s, 0);
  EXPECT_EQ(got.what.role, flow_role::voice);
}

TEST(rtp_detector, a_conference_that_is_listened_to) {
  random_source random(22);
  for (const bool encrypted : {true, false}) {
    traffic t = rtp_talk(random, 111, 20, 48'000, 60, 2, 1);
    const std::size_t media = t.size();
    for (std::size_t i = 0; i < media; i += 10) {
      std::vector<std::uint8_t> report(8 + 24 + 14, 0x33);
      const std::uint8_t head[] = {0x81, 201, 0, 7, 9, 9, 9, 9};
      std::copy(head, head + 8, report.begin());
      const std::size_t index = report.size() - 14;
      report[index] = encrypted ? 0x80 : 0x33;
      report[index + 1] = report[index + 2] = 0;
      report[index + 3] = static_cast<std::uint8_t>(i + 1);
      t.push_back({t[i].time, backward, std::move(report)});
    }
    std::stable_sort(t.begin(), t.end(),
                     [](const auto& a, const auto& b) { return a.time < b.time; });
    inspection_bench bench;
    EXPECT_EQ(bench.run(t).sure_after_s >= 0, encrypted);
  }
}

}  // namespace
}  // namespace callweir::test

// How many talks are found, how fast, and how many games and tunnels are taken for one. Seeds are
// fixed.
#include <gtest/gtest.h>

#include "base/applications.hpp"
#include "tests/unit/classify/inspect_flow.hpp"

namespace callweir::test {
namespace {

constexpr int trials = 60;

struct score {
  int found = 0;
  double slowest_s = 0;
};

template <class Make>
score count(std::uint64_t seed, Make make) {
  score s;
  inspection_bench bench;
  for (int i = 0; i < trials; ++i) {
    random_source random(seed + static_cast<std::uint64_t>(i));
    const inspected got = bench.run(make(random));
    if (got.sure_after_s < 0) continue;
    ++s.found;
    s.slowest_s = std::max(s.slowest_s, got.sure_after_s);
  }
  return s;
}

struct talk_case {
  const char* name;
  talk_options options;
};

class talks : public testing::TestWithParam<talk_case> {};

TEST_P(talks, are_found_within_three_seconds) {
  const score s = count(100, [](random_source& r) { return talk(r, GetParam().options); });
  EXPECT_GE(s.found, trials * 95 / 100);
  EXPECT_LE(s.slowest_s, 3.0);
}

talk_options frames(double a, double b, double loss = 0, double jitter = 2) {
  talk_options o;
  o.frame_ms[0] = a;
  o.frame_ms[1] = b;
  o.loss = loss;
  o.jitter_ms = jitter;
  return o;
}
talk_options with(talk_options o, double redundancy, bool header, double kbps = 24) {
  o.redundancy = redundancy;
  o.header = header;
  o.kbps = kbps;
  return o;
}

INSTANTIATE_TEST_SUITE_P(
    voice, talks,
    testing::Values(talk_case{"f20", frames(20, 20)}, talk_case{"f40", frames(40, 40)},
                    talk_case{"f60", frames(60, 60)}, talk_case{"f20_60", frames(20, 60)},
                    talk_case{"f30", frames(30, 30)}, talk_case{"f10", frames(10, 10)},
                    talk_case{"f20_loss10", frames(20, 20, 0.1)},
                    talk_case{"f20_loss20", frames(20, 20, 0.2)},
                    talk_case{"f40_loss20", frames(40, 40, 0.2)},
                    talk_case{"f20_jitter5", frames(20, 20, 0, 5)},
                    talk_case{"f20_redundant", with(frames(20, 20), 2, false)},
                    talk_case{"f20_header", with(frames(20, 20), 1, true)},
                    talk_case{"f20_12k", with(frames(20, 20), 1, false, 12)},
                    talk_case{"f20_64k", with(frames(20, 20), 1, false, 64)}),
    [](const auto& c) { return c.param.name; });

TEST(voice_rhythm_detector, names_an_unknown_call_between_peers) {
  random_source random(7);
  inspection_bench bench;
  const inspected got = bench.run(talk(random, {}));
  EXPECT_TRUE(got.what.voip);
  EXPECT_EQ(got.what.app, app_unknown_call);
  EXPECT_EQ(got.what.role, flow_role::voice);
  EXPECT_EQ(got.what.p2p, tristate::yes);
  EXPECT_GE(got.what.confidence_pct, 90);
}

TEST(voice_rhythm_detector, is_not_fooled_by_a_services_port) {
  for (const std::uint16_t port : {53, 123, 138, 161, 443, 500, 514, 1194, 3544, 4500, 51820}) {
    random_source random(port);
    talk_options o = frames(20, 20);
    o.header = true;
    inspection_bench bench;
    flow_ends ends;
    ends.outside_port = port;
    // ESP's own port is the exception: a constant index and a counter are ESP there.
    if (port == 4500) o.header = false;
    EXPECT_GE(bench.run(talk(random, o), ends).sure_after_s, 0) << port;
  }
}

TEST(voice_rhythm_detector, chance_makes_no_call) {
  random_source random(77);
  inspection_bench bench;
  int sure = 0;
  for (int flow = 0; flow < 2000; ++flow) {
    traffic t;
    double ms = 0;
    for (int i = 0; i < 60; ++i) {
      ms += std::exponential_distribution<double>(1 / 25.0)(random);
      std::vector<std::uint8_t> b(30 + random() % 900);
      for (auto& x : b) x = static_cast<std::uint8_t>(random());
      t.push_back({time_point{static_cast<std::int64_t>(ms * 1e6)},
                   static_cast<direction>(random() & 1), std::move(b)});
    }
    sure += bench.run(t).sure_after_s >= 0;
  }
  EXPECT_EQ(sure, 0);
}

TEST(voice_rhythm_detector, finds_a_talk_with_a_listener) {
  const score s = count(150, [](random_source& r) {
    talk_options o = frames(20, 20);
    o.listener = 0.2;
    return talk(r, o);
  });
  EXPECT_GE(s.found, trials * 95 / 100);
  EXPECT_LE(s.slowest_s, 3.0);
}

struct game_case {
  const char* name;
  game_options options;
};

class games : public testing::TestWithParam<game_case> {};

TEST_P(games, are_left_alone) {
  EXPECT_EQ(count(300, [](random_source& r) { return game(r, GetParam().options); }).found, 0);
}

INSTANTIATE_TEST_SUITE_P(ticks, games,
                         testing::Values(game_case{"display60_server30",
                                                   {16.667, 33.333, 60, 220, 10}},
                                         game_case{"tick64", {15.625, 15.625, 60, 160, 10}},
                                         game_case{"tick128", {7.8125, 7.8125, 60, 160, 10}},
                                         game_case{"server20", {33.333, 50, 80, 300, 10}},
                                         game_case{"tick50", {20, 20, 50, 260, 10}},
                                         game_case{"server10", {50, 100, 60, 400, 10}}),
                         [](const auto& c) { return c.param.name; });

TEST(voice_rhythm_detector, finds_a_talk_with_pictures) {
  for (const int ways : {1, 2}) {
    const score s = count(160, [&](random_source& r) {
      talk_options o = frames(20, 20);
      o.seconds = 8;
      return together(talk(r, o), pictures(r, 25, 8, ways));
    });
    EXPECT_GE(s.found, trials * 90 / 100) << ways;
  }
  random_source random(161);
  talk_options o = frames(20, 20);
  o.seconds = 8;
  inspection_bench bench;
  EXPECT_EQ(bench.run(together(talk(random, o), pictures(random, 25, 8, 2))).what.role,
            flow_role::media);
}

TEST(voice_rhythm_detector, pictures_with_a_games_input_are_none) {
  EXPECT_EQ(count(170,
                  [](random_source& r) {
                    return together(game(r, {8, 20, 50, 180, 10}), pictures(r, 60, 10, 1));
                  })
                .found,
            0);
  EXPECT_EQ(count(180,
                  [](random_source& r) {
                    return together(tunnelled_browsing(r, 30), tunnelled_transfer(r, 30));
                  })
                .found,
            0);
}

TEST(voice_rhythm_detector, one_side_of_constant_length_is_a_game) {
  EXPECT_EQ(count(400,
                  [](random_source& r) {
                    traffic t = game(r, {20, 20, 60, 90, 10});
                    for (timed_payload& p : t) {
                      if (p.way == forward) p.bytes.resize(60, 0x5a);
                    }
                    return t;
                  })
                .found,
            0);
}

TEST(voice_rhythm_detector, leaves_tunnels_and_desktops_alone) {
  EXPECT_EQ(count(500, [](random_source& r) { return tunnelled_transfer(r, 10); }).found, 0);
  EXPECT_EQ(count(600, [](random_source& r) { return tunnelled_browsing(r, 30); }).found, 0);
  EXPECT_EQ(count(700, [](random_source& r) { return remote_desktop(r, 20); }).found, 0);
}

TEST(voice_rhythm_detector, wants_random_payload) {
  random_source random(9);
  traffic t = talk(random, {});
  for (auto& p : t) {
    for (auto& b : p.bytes) b &= 0x0f;  // not encrypted
  }
  inspection_bench bench;
  EXPECT_LT(bench.run(t).sure_after_s, 0);
}

}  // namespace
}  // namespace callweir::test

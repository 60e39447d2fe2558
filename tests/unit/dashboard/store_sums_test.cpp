#include <map>
#include <random>

#include "dashboard/store/rollup.hpp"
#include "tests/unit/dashboard/store_fixture.hpp"

namespace callweir::dashboard {
namespace {

using store_sums = store_fixture;
using grouping = traffic_query::grouping;

TEST(store_cover, takes_the_coarsest_inside_and_finer_ones_at_the_ends) {
  const std::vector<piece> whole{{0, 86'390, 86'400},
                                 {3, 86'400, 172'800},
                                 {2, 172'800, 176'400},
                                 {1, 176'400, 176'700},
                                 {0, 176'700, 176'720}};
  EXPECT_EQ(cover({86'390, 176'720, 0}, {}), whole);
  // Steps of a minute are made of 10 s only, steps of ten minutes of 5 min.
  EXPECT_EQ(cover({0, 7'200, 60}, {}), (std::vector<piece>{{0, 0, 7'200}}));
  EXPECT_EQ(cover({0, 7'210, 600}, {}), (std::vector<piece>{{1, 0, 7'200}, {0, 7'200, 7'210}}));
  EXPECT_EQ(cover({10, 7'210, 600}, {}), (std::vector<piece>{{0, 10, 7'210}}));
}

TEST(store_cover, coarser_ones_stand_in_for_what_has_gone) {
  EXPECT_EQ(cover({0, 1'200, 10}, {600, 0, 0, 0}),
            (std::vector<piece>{{1, 0, 600}, {0, 600, 1'200}}));
  EXPECT_EQ(cover({0, 7'200, 10}, {7'200, 3'600, 0, 0}),
            (std::vector<piece>{{2, 0, 3'600}, {1, 3'600, 7'200}}));
  EXPECT_TRUE(cover({0, 3'600, 0}, {86'400, 86'400, 86'400, 86'400}).empty());
}

TEST(store_cover, absurd_periods_are_no_trouble) {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  constexpr auto least = std::numeric_limits<std::int64_t>::min();
  ASSERT_TRUE(span_of({{least}, {most}}, nanoseconds(0)));
  EXPECT_FALSE(cover(*span_of({{least}, {most}}, nanoseconds(0)), {}).empty());
  EXPECT_FALSE(span_of({{10}, {0}}, nanoseconds(0)));
  EXPECT_FALSE(span_of({{0}, {10}}, std::chrono::seconds(15)));
  EXPECT_FALSE(span_of({{0}, {10}}, std::chrono::seconds(-10)));
}

/// What is booked, as plain as can be.
struct naive {
  std::vector<traffic_record> all;

  static std::string key(const traffic_query& what, const traffic_record& each) {
    switch (what.by) {
      case grouping::app:
      case grouping::app_of_host:
        return each.app;
      case grouping::host:
        return each.host.text();
      case grouping::link:
        return each.link;
      case grouping::nothing:
        break;
    }
    return "";
  }

  /// By key and start of the step: bytes both ways.
  std::map<std::pair<std::string, std::int64_t>, both_ways<std::uint64_t>> ask(
      const traffic_query& what) const {
    std::map<std::pair<std::string, std::int64_t>, both_ways<std::uint64_t>> out;
    for (const auto& each : all) {
      if (each.at < what.when.from || each.at >= what.when.to) continue;
      if (what.host && each.host != *what.host) continue;
      if (what.app && each.app != *what.app) continue;
      if (what.link && each.link != *what.link) continue;
      const auto into = (each.at - what.when.from).count();
      const auto step = what.step.count();
      auto& sum = out[{key(what, each), step == 0 ? 0 : into / step}];
      for (std::size_t way = 0; way < 2; ++way) sum[way] += each.bytes[way];
    }
    return out;
  }
};

TEST_F(store_sums, agree_with_naive_ones_whatever_the_order) {
  open();
  std::mt19937_64 random(2026);
  naive model;
  constexpr std::int64_t spans = 3 * 8'640;  // of 10 s, in three days
  for (int round = 0; round < 20; ++round) {
    std::vector<stream::any_record> batch;
    for (int i = 0; i < 150; ++i) {
      auto record =
          traffic(static_cast<double>(random() % spans * 10), random() % 2 == 0 ? "Skype" : "TLS",
                  0x0a000001 + static_cast<std::uint32_t>(random() % 4), random() % 1'000,
                  random() % 2 == 0);
      if (random() % 3 == 0) record.link = "other";
      if (random() % 5 == 0) record.at = at_second(86'400);
      model.all.push_back(record);
      batch.emplace_back(record);
    }
    ASSERT_TRUE(put(batch));
  }
  for (int round = 0; round < 200; ++round) {
    traffic_query what;
    auto begin = static_cast<std::int64_t>(random() % spans);
    auto end = static_cast<std::int64_t>(random() % spans);
    if (begin > end) std::swap(begin, end);
    if (random() % 3 == 0) begin = begin / 360 * 360;
    what.when = seconds(static_cast<double>(begin * 10), static_cast<double>(end * 10));
    what.by = static_cast<grouping>(random() % 5);
    if (what.by == grouping::app_of_host || random() % 4 == 0)
      what.host = ip_address::v4(0x0a000002);
    if (random() % 4 == 0) what.app = "TLS";
    if (random() % 4 == 0) what.link = "other";
    constexpr std::array<std::int64_t, 5> steps{0, 30, 600, 7'200, 86'400};
    what.step = std::chrono::seconds(steps[random() % steps.size()]);
    const auto want = model.ask(what);
    const auto got = reader_->traffic(what);
    ASSERT_TRUE(got) << got.error().text();
    std::map<std::pair<std::string, std::int64_t>, both_ways<std::uint64_t>> found;
    for (const auto& series : *got) {
      both_ways<std::uint64_t> sum{};
      for (const auto& point : series.points) {
        found[{series.key, (point.at - what.when.from) / what.step}] = point.bytes;
        for (std::size_t way = 0; way < 2; ++way) sum[way] += point.bytes[way];
      }
      if (what.step.count() == 0) {
        found[{series.key, 0}] = series.sum.bytes;
      } else {
        EXPECT_EQ(sum, series.sum.bytes);
      }
    }
    ASSERT_EQ(found, want) << "round " << round;
  }
}

TEST_F(store_sums, name_the_largest_and_sum_up_the_rest) {
  open();
  ASSERT_TRUE(
      put({traffic(0, "TLS", 1, 1'000), traffic(0, "Skype", 1, 500, true),
           traffic(10, "DNS", 2, 10), traffic(20, "NTP", 2, 5), traffic(20, "", 0, 9'000)}));
  const auto top =
      reader_->traffic({.when = seconds(0, 60), .step = std::chrono::seconds(10), .top = 2});
  ASSERT_TRUE(top && top->size() == 3);
  EXPECT_EQ((*top)[0].key, "TLS");
  EXPECT_FALSE((*top)[0].voip);
  EXPECT_EQ((*top)[1].key, "Skype");
  EXPECT_TRUE((*top)[1].voip);
  EXPECT_EQ((*top)[2].key, "");
  EXPECT_EQ((*top)[2].sum.bytes[0], 9'015U);
  EXPECT_EQ((*top)[2].points.size(), 2U);
  EXPECT_FALSE(reader_->traffic({.when = seconds(0, 60), .by = grouping::app_of_host}));
}

TEST_F(store_sums, of_seconds_are_loads) {
  open();
  std::vector<stream::any_record> batch;
  for (int i = 0; i < 700; ++i) {
    second_record second;
    second.at = at_second(i);
    second.link = i % 2 == 0 ? "a" : "b";
    second.bytes = {{{1, 2}, {3, 4}}};
    second.packets = {{{5, 6}, {7, 8}}};
    second.dropped = 9;
    second.delayed = 10;
    second.calls = static_cast<std::uint32_t>(i % 100);
    second.degraded = static_cast<std::uint32_t>(i % 50);
    batch.emplace_back(second);
  }
  ASSERT_TRUE(put(batch));
  const auto all = reader_->load({.when = seconds(0, 700), .step = std::chrono::seconds(300)});
  ASSERT_TRUE(all && all->size() == 3);
  EXPECT_EQ((*all)[0].at.ns, at_second(0).ns);
  EXPECT_EQ((*all)[2].at.ns, at_second(600).ns);
  EXPECT_EQ((*all)[1].bytes[0][1], 600U);
  EXPECT_EQ((*all)[1].packets[1][0], 2'100U);
  EXPECT_EQ((*all)[2].bytes[1][1], 400U);
  EXPECT_EQ((*all)[2].dropped, 900U);
  EXPECT_EQ((*all)[2].delayed, 1'000U);
  EXPECT_EQ((*all)[0].calls_most, 99U);
  EXPECT_EQ((*all)[0].degraded_most, 49U);
  const auto one = reader_->load({.when = seconds(0, 700), .link = "b"});
  ASSERT_TRUE(one && one->size() == 70);
  EXPECT_EQ((*one)[0].bytes[0][0], 5U);
  EXPECT_FALSE(reader_->load({.when = seconds(0, 700), .step = nanoseconds(0)}));
}

TEST_F(store_sums, of_policy_lines_stand_in_list_order) {
  open();
  const auto line = [](double at, std::uint32_t position, const char* name, const char* match) {
    return policy_record{at_second(at), position, name, match, "allow", "enforce", 1, 2, 3, 4, 5};
  };
  ASSERT_TRUE(put({line(10, 1, "rest", "{}"), line(20, 1, "rest", "{}"), line(20, 0, "pbx", "{a}"),
                   line(7'000, 1, "rest", "{}"), line(40, 0, "pbx", "{b}")}));
  const auto lines = reader_->policies(seconds(0, 7'200));
  ASSERT_TRUE(lines && lines->size() == 3);
  EXPECT_EQ((*lines)[0].sums.name, "pbx");
  EXPECT_EQ((*lines)[2].sums.name, "rest");
  EXPECT_EQ((*lines)[2].sums.flows, 3U);
  EXPECT_EQ((*lines)[2].sums.delayed, 15U);
  EXPECT_EQ((*lines)[2].first.ns, at_second(10).ns);
  EXPECT_EQ((*lines)[2].sums.at.ns, at_second(7'000).ns);
  EXPECT_EQ(reader_->policies(seconds(0, 30))->size(), 2U);
}

TEST_F(store_sums, stay_within_what_the_database_can_count) {
  open();
  auto huge = traffic(0, "TLS", 1, 0);
  huge.bytes = {~0ULL, ~0ULL};
  huge.flows = ~0ULL;
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(put({huge, huge}));
  auto odd = flow("f1", 0, 1);
  odd.bytes = {~0ULL, ~0ULL};
  ASSERT_TRUE(put({odd}));
  const auto sum = reader_->traffic({.when = seconds(0, 60), .by = grouping::nothing});
  ASSERT_TRUE(sum && sum->size() == 1);
  EXPECT_EQ(sum->front().sum.bytes[0], 1ULL << 61);
  EXPECT_EQ((*reader_->flow("f1"))->bytes[0], ~0ULL);
}

}  // namespace
}  // namespace callweir::dashboard

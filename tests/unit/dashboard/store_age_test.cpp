#include <sqlite3.h>

#include "dashboard/sqlite/sqlite.hpp"
#include "dashboard/store/pruner.hpp"
#include "tests/support/month_of_records.hpp"
#include "tests/unit/dashboard/store_fixture.hpp"

namespace callweir::dashboard {
namespace {

using namespace std::chrono_literals;
using grouping = traffic_query::grouping;

class store_age : public store_fixture {
 protected:
  void tidy_all(time_point now) {
    for (int i = 0; i < 10'000; ++i) {
      const auto more = store_->tidy(now);
      ASSERT_TRUE(more) << more.error().text();
      if (!*more) return;
    }
    FAIL() << "tidy() does not come to an end";
  }
  std::int64_t rows(const std::string& sql) {
    auto db = sqlite::connection::open(path_.string(), sqlite::connection::way::read);
    return db ? db->integer(("SELECT count(*) FROM " + sql).c_str(), -1) : -1;
  }
  std::uint64_t bytes_of(const period& when) {
    const auto sums = reader_->traffic({.when = when, .by = grouping::nothing});
    return sums && !sums->empty() ? sums->front().sum.bytes[0] : 0;
  }
};

TEST_F(store_age, what_is_older_than_keep_goes) {
  open({.keep = 24h});
  ASSERT_TRUE(put({flow("f1", 0, 10), flow("f2", 0, 90'000), flow("f3", 80'000, 80'010),
                   call("c1", 0, 10), call("c2", 80'000, 80'010)}));
  ASSERT_TRUE(store_->note(audit_record{at_second(5), "a", "b", "c"}));
  ASSERT_TRUE(store_->note(gap_record{at_second(5), at_second(6), "engine", 0, ""}));
  tidy_all(at_second(100'000));
  EXPECT_EQ(ids(*reader_->flows({.when = seconds(0, 100'000)})), "f2 f3");
  EXPECT_EQ(ids(*reader_->calls({.when = seconds(0, 100'000)})), "c2");
  EXPECT_EQ(rows("call_party"), 2);
  EXPECT_TRUE(reader_->audit(seconds(0, 100'000), 10)->empty());
  EXPECT_TRUE(reader_->gaps(seconds(0, 100'000), 10)->empty());
  EXPECT_GT(store_->health().rows_pruned, 3U);
}

TEST_F(store_age, finer_sums_go_first_and_coarser_ones_answer) {
  open({.keep = 90 * 24h});
  constexpr double day = 86'400;
  for (int i = 0; i < 20; ++i)
    ASSERT_TRUE(
        put({traffic(i * day + 3'610, "TLS", 1, 100), traffic(i * day + 3'700, "TLS", 2, 1)}));
  tidy_all(at_second(20 * day));
  EXPECT_EQ(rows("traffic WHERE level = 10"), 4);
  EXPECT_EQ(rows("app_traffic WHERE level = 300"), 14);
  EXPECT_EQ(rows("traffic WHERE level = 3600"), 40);
  EXPECT_EQ(rows("traffic WHERE level = 86400"), 40);
  EXPECT_EQ(bytes_of(seconds(0, 20 * day)), 2'020U);
  EXPECT_EQ(bytes_of(seconds(19 * day + 3'610, 19 * day + 3'620)), 100U);
  EXPECT_EQ(bytes_of(seconds(10 * day + 3'600, 10 * day + 3'900)), 101U);
  // Older than two weeks only hours are left.
  EXPECT_EQ(bytes_of(seconds(3'600, 7'200)), 101U);
  EXPECT_EQ(bytes_of(seconds(3'610, 3'620)), 0U);
  // What comes late goes to the levels that still stand for its time.
  ASSERT_TRUE(put({traffic(3'650, "TLS", 1, 7)}));
  EXPECT_EQ(bytes_of(seconds(3'600, 7'200)), 108U);
  EXPECT_EQ(bytes_of(seconds(0, 20 * day)), 2'027U);
  tidy_all(at_second(20 * day));
  EXPECT_EQ(bytes_of(seconds(0, 20 * day)), 2'027U);
}

TEST_F(store_age, a_clock_that_jumps_loses_nothing) {
  open({.keep = 24h});
  ASSERT_TRUE(put({flow("f1", 0, 10), traffic(0, "TLS", 1, 100)}));
  tidy_all(at_second(20));
  tidy_all(at_second(1e8));  // three years ahead, by mistake
  tidy_all(at_second(1e8 + 600));
  EXPECT_EQ(ids(*reader_->flows({.when = seconds(0, 60)})), "f1");
  tidy_all(at_second(30));  // mended
  tidy_all(at_second(-1e8));
  ASSERT_TRUE(put({flow("f2", -1e8, -1e8 + 5), traffic(-1e8, "TLS", 1, 100)}));
  tidy_all(at_second(40));
  EXPECT_EQ(ids(*reader_->flows({.when = seconds(0, 60)})), "f1");
  EXPECT_EQ(bytes_of(seconds(0, 60)), 100U);
}

TEST(store_clock, believes_a_jump_after_an_hour) {
  cautious_clock clock(at_second(0));
  EXPECT_EQ(clock.believe(at_second(10)), at_second(10));
  EXPECT_EQ(clock.believe(at_second(200'000)), at_second(10));
  EXPECT_EQ(clock.believe(at_second(203'000)), at_second(10));
  EXPECT_EQ(clock.believe(at_second(203'601)), at_second(203'601));
  EXPECT_EQ(clock.believe(at_second(5)), at_second(5));
}

TEST_F(store_age, max_size_lets_the_oldest_go_and_the_file_shrinks) {
  constexpr std::uint64_t most = 6'000'000;
  open({.keep = 3'650 * 24h, .max_size_bytes = 100'000'000});
  test::month_of_records month({.hosts = 50, .calls = 6'000, .days = 6});
  std::vector<stream::durable> batch;
  while (month.next(batch, 2'000))
    ASSERT_TRUE(store_->write(batch, {month.engine(), month.number()}));
  ASSERT_TRUE(store_->note(audit_record{month.from(), "a", "policy-apply", "the oldest"}));
  const auto before = reader_->extent();
  ASSERT_GT(store_->health().bytes, most);
  open({.keep = 3'650 * 24h, .max_size_bytes = most});
  for (int i = 0; i < 5; ++i) tidy_all(month.to());
  auto db = sqlite::connection::open(path_.string(), sqlite::connection::way::create);
  ASSERT_TRUE(db && db->run("PRAGMA wal_checkpoint(TRUNCATE)"));
  EXPECT_LE(std::filesystem::file_size(path_), most);
  const auto newest = reader_->calls({.when = {month.from(), month.to()}, .most = 1});
  ASSERT_TRUE(newest && newest->size() == 1);
  EXPECT_GT(newest->front().end, month.to() - 6h);
  // The audit log is not given up for room.
  EXPECT_GE(reader_->audit({month.from(), month.from() + 1s}, 10)->size(), 1U);
  const auto first_flow = reader_->flows({.when = {month.from(), month.from() + 24h}});
  EXPECT_TRUE(first_flow && first_flow->empty());
  EXPECT_EQ(db->integer("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"),
            1);
}

}  // namespace
}  // namespace callweir::dashboard

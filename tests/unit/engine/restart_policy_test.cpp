#include "engine/restart_policy.hpp"

#include <gtest/gtest.h>

#include "engine/load_ladder.hpp"

namespace callweir::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using mode = restart_policy::mode;

TEST(restart_policy, first_at_once_then_slower_then_without_ndpi_then_pass_through) {
  restart_policy policy;
  const time_point now{1};
  const auto first = policy.after_crash(now, seconds(5));
  EXPECT_EQ(first.how, mode::full);
  EXPECT_EQ(first.wait, nanoseconds{0});
  nanoseconds before{0};
  for (int crash = 2; crash <= 5; ++crash) {
    const auto plan = policy.after_crash(now, seconds(1));
    EXPECT_EQ(plan.how, crash < 3 ? mode::full : mode::without_ndpi) << crash;
    EXPECT_GT(plan.wait, before);
    EXPECT_LE(plan.wait, seconds(2));
    before = plan.wait;
  }
  EXPECT_EQ(policy.after_crash(now, nanoseconds{0}).how, mode::pass_through);
  EXPECT_EQ(policy.after_crash(now, nanoseconds{0}).wait, minutes(2)) << "pauses double";
  for (int i = 0; i < 20; ++i) EXPECT_LE(policy.after_crash(now, nanoseconds{0}).wait, minutes(30));
  EXPECT_EQ(policy.after_crash(now, minutes(5)).how, mode::full) << "a long life forgives";
}

TEST(restart_policy, a_crash_is_remembered_for_ten_minutes) {
  restart_policy policy;
  EXPECT_FALSE(policy.crashed_lately({}));
  policy.after_crash({}, {});
  EXPECT_TRUE(policy.crashed_lately(time_point{} + minutes(9)));
  EXPECT_FALSE(policy.crashed_lately(time_point{} + minutes(11)));
}

TEST(load_ladder, climbs_while_a_lane_is_never_emptied_and_comes_down_slowly) {
  load_ladder ladder;
  time_point now{1};
  const auto window = [&](int full, int polls) {
    for (int i = 0; i < polls; ++i) {
      ladder.polled(0, i < full);
      ladder.polled(1, false);
    }
    now = now + milliseconds(100);
    return ladder.judge(now);
  };
  ladder.judge(now);
  EXPECT_FALSE(window(10, 100));
  EXPECT_FALSE(window(99, 100)) << "a backlog after a pause, and then it was empty";
  EXPECT_FALSE(window(3, 3)) << "too few polls to tell";
  EXPECT_TRUE(window(100, 100)) << "one lane of two full";
  EXPECT_EQ(ladder.level(), load_level::shed_inspection);
  EXPECT_TRUE(window(100, 100));
  EXPECT_EQ(ladder.level(), load_level::shed_accounting);
  EXPECT_FALSE(window(100, 100)) << "there is nothing more to shed";
  int windows = 0;
  while (ladder.level() != load_level::normal && windows < 50) {
    window(0, 100);
    ++windows;
  }
  EXPECT_EQ(windows, 10);
}

}  // namespace
}  // namespace callweir::engine

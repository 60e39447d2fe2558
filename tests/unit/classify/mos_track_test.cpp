// The course of a call's MOS: nothing newer is lost, room is bounded, two calls that are one join.
#include "classify/calls/mos_track.hpp"

#include <gtest/gtest.h>

namespace callweir::classify {
namespace {

constexpr std::int64_t begin = 1'700'000'000;

mos_track track_of(std::int64_t from, std::int64_t seconds, double mos) {
  mos_track out;
  for (std::int64_t second = from; second < from + seconds; ++second) out.add(second, mos);
  return out;
}

TEST(mos_track, keeps_the_last_window_of_each_step) {
  mos_track ways[2];
  for (int second = 0; second < 35; ++second) ways[0].add(begin + second, 2 + 0.02 * second);
  const auto course = mos_track::course(ways[0], ways[1]);
  EXPECT_EQ(course.from_s, begin);
  EXPECT_EQ(course.step_s, 10U);
  ASSERT_EQ(course.mos[0].size(), 4U);
  EXPECT_NEAR(*course.mos[0][0], 2.18, 1e-9);
  EXPECT_NEAR(*course.mos[0][3], 2.68, 1e-9);
  EXPECT_EQ(course.mos[1], std::vector<std::optional<double>>(4));
  EXPECT_EQ(mos_track::course({}, {}).step_s, 0U);
}

TEST(mos_track, is_bounded_however_long_a_call_is) {
  for (const std::int64_t length : {639, 640, 641, 5'000, 86'400, 1'000'000}) {
    mos_track long_one;
    for (std::int64_t second = 0; second < length; ++second)
      long_one.add(begin + second, second < length - 2'000 ? 4.0 : 2.0);
    const auto course = mos_track::course(long_one, {});
    EXPECT_LE(course.mos[0].size(), mos_course::points_max);
    EXPECT_EQ(course.from_s % course.step_s, 0);
    EXPECT_LE(course.from_s, begin);
    const auto points = static_cast<std::int64_t>(course.mos[0].size());
    EXPECT_GE(course.from_s + points * course.step_s, begin + length);
    for (const auto& point : course.mos[0]) EXPECT_TRUE(point) << length;
    EXPECT_EQ(course.mos[0].back(), 2.0);
    if (length > 4'000) {
      EXPECT_EQ(course.mos[0].front(), 4.0);
    }
  }
}

TEST(mos_track, clocks_that_jump_do_no_harm) {
  mos_track out = track_of(begin, 30, 4);
  out.add(begin - 1'000'000, 1);
  out.add(-1, 1);
  out.add(9'000'000'000, 3);
  const auto course = mos_track::course(out, {});
  EXPECT_LE(course.mos[0].size(), mos_course::points_max);
  EXPECT_EQ(course.mos[0].back(), 3.0);
}

TEST(mos_track, directions_of_unlike_length_come_by_the_same_steps) {
  const auto course = mos_track::course(track_of(begin, 2'000, 4), track_of(begin + 1'900, 300, 3));
  ASSERT_EQ(course.mos[0].size(), course.mos[1].size());
  EXPECT_EQ(course.step_s, 40U);
  EXPECT_EQ(course.mos[0].front(), 4.0);
  EXPECT_FALSE(course.mos[1].front());
  EXPECT_FALSE(course.mos[0].back());
  EXPECT_EQ(course.mos[1].back(), 3.0);
}

TEST(mos_track, a_call_takes_over_what_another_knows) {
  mos_track out = track_of(begin + 100, 100, 4);
  out.absorb(track_of(begin, 150, 3));
  const auto course = mos_track::course(out, {});
  EXPECT_EQ(course.from_s, begin);
  ASSERT_EQ(course.mos[0].size(), 20U);
  EXPECT_EQ(course.mos[0][9], 3.0);
  EXPECT_EQ(course.mos[0][10], 4.0);
  mos_track empty;
  empty.absorb(out);
  empty.absorb({});
  EXPECT_EQ(mos_track::course(empty, {}).mos, course.mos);
}

}  // namespace
}  // namespace callweir::classify

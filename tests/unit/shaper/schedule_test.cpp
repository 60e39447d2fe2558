#include "shaper/schedule.hpp"

#include <gtest/gtest.h>

#include "shaper/site_time.hpp"

namespace callweir::shaper {
namespace {

/// Minutes that a text covers; -1 for an error.
int covered(const char* text) {
  const auto read = parse_schedule(text);
  return read ? static_cast<int>(read->count()) : -1;
}

bool on(const char* text, int day, int hour, int minute) {
  const auto read = parse_schedule(text);
  return read && read->test(static_cast<std::size_t>((day * 24 + hour) * 60 + minute));
}

TEST(schedule, covers_what_is_written) {
  EXPECT_EQ(covered("Mon-Fri 08:00-18:00"), 5 * 600);
  EXPECT_EQ(covered("Mon-Fri 08:00-12:00, 13:00-18:00"), 5 * 540);
  EXPECT_EQ(covered("Mon-Fri 08:00-18:00, Sat"), 5 * 600 + 1'440);
  EXPECT_EQ(covered("Mon, Wed 08:00-12:00"), 2 * 240);
  EXPECT_EQ(covered("Sat-Mon 00:00-24:00"), 3 * 1'440);
  EXPECT_EQ(covered("daily 22:00-06:00"), 7 * 480);
  EXPECT_EQ(covered("daily"), 7 * 1'440);
  EXPECT_TRUE(on("Mon-Fri 08:00-18:00", 0, 8, 0));
  EXPECT_FALSE(on("Mon-Fri 08:00-18:00", 0, 18, 0));
  EXPECT_TRUE(on("Sun 22:00-06:00", 0, 5, 59)) << "past the week's end";
  EXPECT_FALSE(on("Sun 22:00-06:00", 6, 5, 59));
}

TEST(schedule, refuses_what_is_none) {
  for (const char* text :
       {"", ",", "08:00-10:00", "Mon 8:00-10:00", "Mon 08:00", "Mon 10:00-10:00", "Mon 24:00-01:00",
        "Mon 08:60-09:00", "Mon-", "-Fri", "Monday", "Mon 08:00-10:00 x", "Mon 08:00-10:00,"}) {
    EXPECT_EQ(covered(text), -1) << text;
  }
}

TEST(site_time, follows_the_zone_through_daylight_saving) {
  constexpr std::int64_t s = 1'000'000'000;
  const site_time berlin("Europe/Berlin"), utc("UTC");
  const time_point monday_noon{1'795'435'200 * s};  // 2026-11-23 12:00 UTC
  EXPECT_EQ(utc.minute_of_week(monday_noon), 12 * 60);
  EXPECT_EQ(berlin.minute_of_week(monday_noon), 13 * 60);
  const time_point before{1'774'745'940 * s};  // 2026-03-29 00:59 UTC, a Sunday: 01:59 there
  EXPECT_EQ(berlin.minute_of_week(before), 6 * 1'440 + 119);
  EXPECT_EQ(berlin.minute_of_week(before + std::chrono::minutes(1)), 6 * 1'440 + 180)
      << "the hour is left out";
  EXPECT_EQ(utc.minute_of_week({0}), 3 * 1'440) << "the epoch was a Thursday";
  EXPECT_EQ(utc.minute_of_week({-60 * s}), 3 * 1'440 - 1);
  EXPECT_FALSE(time_zone_known("../../etc/passwd"));
  EXPECT_FALSE(time_zone_known(""));
}

}  // namespace
}  // namespace callweir::shaper

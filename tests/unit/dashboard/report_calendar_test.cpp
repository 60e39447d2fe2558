// Civil time: periods, days of 23 and 25 hours, times as people write them.
#include <gtest/gtest.h>

#include "dashboard/report/calendar.hpp"
#include "dashboard/report/report.hpp"

namespace callweir::dashboard {
namespace {

constexpr const char* berlin = "Europe/Berlin";

calendar of(const char* zone) {
  return *calendar::open(zone);
}
time_point moment(const char* text, const char* zone = berlin) {
  const auto at = parse_time(text, zone);
  EXPECT_TRUE(at) << text;
  return at.value_or(time_point{});
}
double hours_of(const period& when) {
  return to_seconds(when.to - when.from) / 3600;
}

TEST(report_calendar, last_periods_are_whole_ones_of_the_site) {
  const auto now = moment("2026-11-18T14:30");  // a Wednesday
  const auto day = *last_period("day", berlin, now);
  EXPECT_EQ(day.from, moment("2026-11-17"));
  EXPECT_EQ(day.to, moment("2026-11-18"));
  const auto week = *last_period("week", berlin, now);
  EXPECT_EQ(week.from, moment("2026-11-09"));
  EXPECT_EQ(week.to, moment("2026-11-16"));
  const auto month = *last_period("month", berlin, now);
  EXPECT_EQ(month.from, moment("2026-10-01"));
  EXPECT_EQ(month.to, moment("2026-11-01"));
  EXPECT_FALSE(last_period("year", berlin, now));
}

TEST(report_calendar, a_month_ends_where_the_zone_says) {
  const auto now = moment("2026-12-01T00:30");  // 23:30 of November by UTC
  EXPECT_EQ(last_period("month", berlin, now)->to, moment("2026-12-01"));
  EXPECT_EQ(last_period("month", "UTC", now)->to, moment("2026-11-01", "UTC"));
}

TEST(report_calendar, days_of_23_and_25_hours) {
  const auto spring = *last_period("day", berlin, moment("2026-03-30T08:00"));
  EXPECT_EQ(hours_of(spring), 23);
  EXPECT_EQ(of(berlin).oddity(spring), "A day of 23 hours: the clocks went forward");
  const auto autumn = *last_period("day", berlin, moment("2026-10-26T08:00"));
  EXPECT_EQ(hours_of(autumn), 25);
  EXPECT_EQ(of(berlin).oddity(autumn), "A day of 25 hours: the clocks went back");
  EXPECT_EQ(of(berlin).bins(spring).count(), 23U);
  EXPECT_EQ(of(berlin).bins(autumn).count(), 25U);
  EXPECT_EQ(hours_of(*last_period("week", berlin, moment("2026-10-26T08:00"))), 7 * 24 + 1);
}

TEST(report_calendar, a_day_without_its_midnight_begins_when_it_begins) {
  // Clocks in Beirut go forward at midnight.
  const auto zone = "Asia/Beirut";
  const auto day = *last_period("day", zone, moment("2026-03-30T08:00", zone));
  EXPECT_EQ(hours_of(day), 23);
  EXPECT_EQ(of(zone).clock(day.from), "01:00");
  EXPECT_EQ(of(zone).title(day), "Sunday, 29 March 2026");
  EXPECT_EQ(moment("2026-03-29", zone), day.from);
}

TEST(report_calendar, times_are_read_as_written) {
  EXPECT_EQ(moment("2026-11-02T08:30").ns, 1793604600'000000000);
  EXPECT_EQ(moment("2026-11-02 08:30:00"), moment("2026-11-02T08:30"));
  EXPECT_EQ(moment("2026-11-02T07:30Z"), moment("2026-11-02T08:30"));
  EXPECT_EQ(moment("2026-11-02T09:30:00+02:00"), moment("2026-11-02T08:30"));
  EXPECT_EQ(moment("2026-11-02T02:00-0530"), moment("2026-11-02T08:30"));
  // Of two alike the first: 02:30 of summer.
  EXPECT_EQ(moment("2026-10-25T02:30"), moment("2026-10-25T00:30Z"));
}

TEST(report_calendar, what_is_no_time_is_an_error) {
  for (const char* text :
       {"", "yesterday", "2026-13-01", "2026-02-30", "2026-11-02T24:00", "2026-11-02T08",
        "2026-11-02T08:30:", "2026-11-02T08:30X", "2026-11-02T08:30+25:00", "1969-12-31",
        "2201-01-01", "2026-11-02T08:30Z ", "2026-11-2", "99999-01-01", "2026-11-02T"})
    EXPECT_FALSE(parse_time(text, berlin)) << text;
  const auto skipped = parse_time("2026-03-29T02:30", berlin);
  ASSERT_FALSE(skipped);
  EXPECT_NE(skipped.error().what.find("skipped"), std::string::npos);
}

TEST(report_calendar, an_unknown_zone_is_named) {
  const auto zone = calendar::open("Europe/Berlyn");
  ASSERT_FALSE(zone);
  EXPECT_NE(zone.error().text().find("Europe/Berlyn"), std::string::npos);
  EXPECT_FALSE(parse_time("2026-11-02", "../../etc/passwd"));
  EXPECT_FALSE(last_period("day", "", {}));
  EXPECT_TRUE(calendar::open("UTC"));
}

TEST(report_calendar, titles_say_what_the_period_is) {
  const auto clock = of(berlin);
  const auto title = [&](const char* from, const char* to) {
    return clock.title({moment(from), moment(to)});
  };
  EXPECT_EQ(title("2026-11-02", "2026-11-03"), "Monday, 2 November 2026");
  EXPECT_EQ(title("2026-11-02", "2026-11-09"), "2 to 8 November 2026 (week 45)");
  EXPECT_EQ(title("2026-12-28", "2027-01-04"), "28 December 2026 to 3 January 2027 (week 53)");
  EXPECT_EQ(title("2026-11-01", "2026-12-01"), "November 2026");
  EXPECT_EQ(title("2026-11-03", "2026-12-05"), "3 November to 4 December 2026");
  EXPECT_EQ(title("2026-11-02T08:30", "2026-11-02T09:30"), "2 Nov 2026, 08:30 to 09:30");
  EXPECT_EQ(title("2026-11-02T08:30", "2026-11-03T09:30"),
            "2 Nov 2026, 08:30 to 3 Nov 2026, 09:30");
}

TEST(report_calendar, bins_suit_the_length_and_cover_it) {
  const auto clock = of(berlin);
  const auto check = [&](const char* from, const char* to, bin_unit unit, std::size_t count) {
    const period when{moment(from), moment(to)};
    const auto bins = clock.bins(when);
    EXPECT_EQ(bins.unit, unit) << from << " to " << to;
    EXPECT_EQ(bins.count(), count) << from << " to " << to;
    EXPECT_EQ(bins.edges.front(), when.from);
    EXPECT_EQ(bins.edges.back(), when.to);
    EXPECT_EQ(bins.find(when.from), 0U);
    EXPECT_EQ(bins.find(when.to), bins.count());
    EXPECT_EQ(bins.find(when.to - nanoseconds{1}), bins.count() - 1);
  };
  check("2026-11-02T08:37", "2026-11-02T08:40", bin_unit::ten_seconds, 18);
  check("2026-11-02T08:37", "2026-11-02T09:37", bin_unit::minute, 60);
  check("2026-11-02T08:37", "2026-11-02T10:37", bin_unit::five_minutes, 25);
  check("2026-11-02", "2026-11-03", bin_unit::hour, 24);
  check("2026-11-02", "2026-11-09", bin_unit::hour, 168);
  check("2026-10-01", "2026-11-01", bin_unit::day, 31);
  check("2026-01-01", "2027-01-01", bin_unit::week, 53);
  check("2020-01-01", "2027-01-01", bin_unit::month, 84);
}

TEST(report_calendar, bins_are_no_finer_than_what_is_kept) {
  const period when{moment("2026-11-02T08:37"), moment("2026-11-02T08:47")};
  EXPECT_EQ(of(berlin).bins(when, std::chrono::minutes(5)).unit, bin_unit::five_minutes);
  EXPECT_EQ(of(berlin).bins(when, std::chrono::hours(1)).unit, bin_unit::hour);
}

TEST(report_calendar, hours_of_a_zone_that_is_45_minutes_off) {
  const auto zone = "Asia/Kathmandu";
  const auto clock = of(zone);
  const period when{moment("2026-11-02", zone), moment("2026-11-03", zone)};
  const auto bins = clock.bins(when);
  EXPECT_EQ(bins.count(), 24U);
  EXPECT_EQ(clock.clock(bins.edges[1]), "01:00");
}

TEST(report_calendar, file_names_hold_nothing_that_a_header_or_shell_could_mistake) {
  const period when{moment("2026-11-01"), moment("2026-12-01")};
  EXPECT_EQ(report_file_name("hq-berlin", berlin, when, report_format::html),
            "callweir-hq-berlin-2026-11-01-to-2026-12-01.html");
  EXPECT_EQ(report_file_name("../\"a\r\nb; ä", berlin, when, report_format::pdf),
            "callweir-a-b-2026-11-01-to-2026-12-01.pdf");
  EXPECT_EQ(report_file_name("", "Nowhere", when, report_format::csv), "callweir-report.csv");
}

}  // namespace
}  // namespace callweir::dashboard

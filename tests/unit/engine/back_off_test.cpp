// A worker rests when there is nothing to do, but not between frames that come close together.
#include "engine/back_off.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/clock.hpp"

namespace callweir::engine {
namespace {

constexpr std::int64_t asleep_ns = 80'000;  // the shortest sleep

/// How long it takes until rest() sleeps, without the sleep.
std::int64_t awake_for(back_off& rest) {
  const auto begin = steady_clock::monotonic_ns();
  for (auto before = begin;;) {
    rest.rest();
    const auto after = steady_clock::monotonic_ns();
    if (after - before >= asleep_ns) return before - begin;
    before = after;
  }
}

/// The least of several tries: whoever else runs here makes it longer, never shorter.
template <class F>
std::int64_t least_of(F&& measure) {
  std::int64_t least = measure();
  for (int i = 0; i < 50; ++i) least = std::min(least, measure());
  return least;
}

TEST(back_off, sleeps_soon_when_traffic_is_thin) {
  back_off rest(false);
  EXPECT_LT(least_of([&] {
              rest.worked();
              return awake_for(rest);
            }),
            15'000);
}

TEST(back_off, stays_awake_for_20_us_between_frames_that_come_close_together) {
  back_off rest(false);
  // A try in which the test itself was kept from running falls back to thin traffic: the longest.
  std::int64_t most = 0;
  for (int i = 0; i < 50; ++i) {
    rest.worked();
    rest.rest();
    rest.worked();
    most = std::max(most, awake_for(rest));
  }
  EXPECT_GE(most, 19'000);
}

/// Frames with a gap of one turn.
void come_close_together(back_off& rest, int frames) {
  for (int i = 0; i < frames; ++i) {
    rest.worked();
    rest.rest();
  }
  rest.worked();
}

TEST(back_off, spins_through_a_break_of_dense_traffic) {
  back_off rest(false);
  std::int64_t most = 0;
  for (int i = 0; i < 20; ++i) {
    come_close_together(rest, 600);
    most = std::max(most, awake_for(rest));
  }
  EXPECT_GE(most, 950'000);
  EXPECT_LT(most, 1'500'000);
}

TEST(back_off, spins_through_a_break_of_traffic_without_a_single_empty_turn) {
  back_off rest(false);
  std::int64_t most = 0;
  for (int i = 0; i < 20; ++i) {
    for (int turn = 0; turn < 600; ++turn) rest.worked();
    most = std::max(most, awake_for(rest));
  }
  EXPECT_GE(most, 950'000);
}

TEST(back_off, several_breaks_of_dense_traffic_do_not_put_it_to_sleep) {
  back_off rest(false);
  // A try in which the test itself was kept from running ends with less than the second break.
  std::int64_t most = 0;
  for (int i = 0; i < 20; ++i) {
    come_close_together(rest, 600);
    const auto begin = steady_clock::monotonic_ns();
    while (steady_clock::monotonic_ns() - begin < 200'000) rest.rest();
    rest.worked();
    most = std::max(most, awake_for(rest));
  }
  EXPECT_GE(most, 950'000);
}

TEST(back_off, spins_no_longer_than_bursts_have_earned) {
  back_off rest(false);
  come_close_together(rest, 1'000);
  // What was saved lasts for a few breaks; then a burst of ten frames pays for itself only.
  for (int i = 0; i < 50; ++i) {
    rest.worked();
    awake_for(rest);
  }
  constexpr int bursts = 50, frames = 10;
  EXPECT_LT(least_of([&] {
              std::int64_t awake = 0;
              for (int i = 0; i < bursts; ++i) {
                come_close_together(rest, frames);
                awake += awake_for(rest);
              }
              return awake;
            }),
            bursts * (frames * 4'000 + 20'000));
}

TEST(back_off, sleeps_at_once_while_nothing_comes) {
  back_off rest(false);
  awake_for(rest);
  const auto begin = steady_clock::monotonic_ns();
  for (int i = 0; i < 10; ++i) rest.rest();
  EXPECT_GE(steady_clock::monotonic_ns() - begin, 10 * asleep_ns);
}

TEST(back_off, never_sleeps_when_told_so) {
  back_off rest(true);
  EXPECT_LT(least_of([&] {
              const auto begin = steady_clock::monotonic_ns();
              rest.rest();
              return steady_clock::monotonic_ns() - begin;
            }),
            asleep_ns);
}

}  // namespace
}  // namespace callweir::engine

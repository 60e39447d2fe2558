#include "capture/link_watch.hpp"

#include <gtest/gtest.h>

namespace callweir::capture {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Two ports with neighbours that may pull their cables, and the watch between them; 50 ms a step.
struct bench {
  time_point now{};
  link_watch watch{now, {}};
  bool cable[2] = {true, true};
  bool admin[2] = {true, true};

  void run(nanoseconds duration) {
    for (const auto end = now + duration; now < end; now = now + milliseconds(50)) {
      const auto order = watch.observe(cable[0] && admin[0], cable[1] && admin[1], now);
      if (order) admin[static_cast<int>(order->port)] = order->up;
    }
  }
  bench() { run(seconds(7)); }
};

TEST(link_watch, passes_a_loss_on_and_takes_it_back) {
  bench b;
  b.cable[0] = false;
  b.run(milliseconds(200));
  EXPECT_TRUE(b.admin[1]) << "a flap is not passed on";
  b.run(milliseconds(300));
  EXPECT_FALSE(b.admin[1]);
  EXPECT_EQ(b.watch.held(), side::outside);
  b.cable[0] = true;
  b.run(milliseconds(300));
  EXPECT_FALSE(b.admin[1]) << "nor is a short return";
  b.run(milliseconds(500));
  EXPECT_TRUE(b.admin[1]);
  EXPECT_FALSE(b.watch.held());
}

TEST(link_watch, two_ports_never_hold_each_other_down) {
  // Any sequence of pulled cables ends with both ports up once both cables are in.
  for (unsigned seed = 1; seed < 200; ++seed) {
    bench b;
    unsigned state = seed;
    for (int step = 0; step < 40; ++step) {
      state = state * 1664525U + 1013904223U;
      b.cable[(state >> 16) & 1] = ((state >> 17) & 1) != 0;
      b.run(milliseconds(50 * ((state >> 18) % 60)));
      ASSERT_TRUE(b.admin[0] || b.admin[1]) << "seed " << seed << ", step " << step;
    }
    b.cable[0] = b.cable[1] = true;
    b.run(seconds(20));
    ASSERT_TRUE(b.admin[0] && b.admin[1]) << "seed " << seed;
  }
}

TEST(link_watch, two_appliances_in_a_row_recover) {
  bench a, b;  // a's outside and b's inside are one cable
  bool left = true, right = true;
  const auto run = [&](nanoseconds duration) {
    for (const auto end = a.now + duration; a.now < end;) {
      a.cable[0] = left;
      b.cable[1] = right;
      const bool middle = a.admin[1] && b.admin[0];
      a.cable[1] = b.cable[0] = middle;
      a.run(milliseconds(50));
      b.run(milliseconds(50));
    }
  };
  left = right = false;
  run(seconds(3));
  left = true;
  run(seconds(20));
  EXPECT_FALSE(a.admin[0] && a.admin[1] && b.admin[0]) << "the far loss is seen at the near end";
  right = true;
  run(seconds(30));
  EXPECT_TRUE(a.admin[0] && a.admin[1] && b.admin[0] && b.admin[1]);
}

TEST(link_watch, a_port_that_negotiates_is_excused) {
  link_watch watch(time_point{}, {});
  time_point now{};
  for (; now < time_point{} + seconds(5); now = now + milliseconds(50))
    ASSERT_FALSE(watch.observe(true, false, now)) << "at start";
  bool held = false;
  for (; now < time_point{} + seconds(10); now = now + milliseconds(50))
    held = held || watch.observe(true, false, now).has_value();
  EXPECT_TRUE(held) << "but not for ever";
}

}  // namespace
}  // namespace callweir::capture

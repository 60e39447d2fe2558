// The queues between workers and the control thread.
#include <gtest/gtest.h>

#include <thread>

#include "engine/event_ring.hpp"

namespace callweir::engine {
namespace {

TEST(spsc_ring, keeps_order_and_says_when_it_is_full) {
  spsc_ring<int> ring(4);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(ring.push(i));
  EXPECT_FALSE(ring.push(9));
  for (int i = 0; i < 4; ++i) {
    ASSERT_NE(ring.front(), nullptr);
    EXPECT_EQ(*ring.front(), i);
    ring.drop();
  }
  EXPECT_EQ(ring.front(), nullptr);
}

TEST(spsc_ring, loses_nothing_between_two_threads) {
  spsc_ring<std::uint64_t> ring(64);
  constexpr std::uint64_t count = 200'000;
  std::thread producer([&] {
    for (std::uint64_t i = 0; i < count;) {
      if (ring.push(i)) ++i;
    }
  });
  for (std::uint64_t expected = 0; expected < count;) {
    const auto* item = ring.front();
    if (item == nullptr) continue;
    ASSERT_EQ(*item, expected++);
    ring.drop();
  }
  producer.join();
}

TEST(event_ring, gives_up_ends_of_ordinary_flows_first) {
  event_ring ring(16);
  classify::flow_event ordinary;
  ordinary.type = classify::flow_event::kind::closed;
  classify::flow_event call = ordinary;
  call.what.voip = true;
  int taken = 0;
  for (int i = 0; i < 16; ++i) taken += ring.push(ordinary) ? 1 : 0;
  EXPECT_EQ(taken, 12);  // a quarter is kept for what matters
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(ring.push(call));
  EXPECT_FALSE(ring.push(call));
  EXPECT_EQ(ring.lost(), 5U);
}

}  // namespace
}  // namespace callweir::engine

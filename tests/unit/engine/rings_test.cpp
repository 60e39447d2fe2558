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

classify::flow_event end_of(std::uint64_t id, bool voip) {
  classify::flow_event event;
  event.type = classify::flow_event::kind::closed;
  event.flow.id = id;
  event.what.voip = voip;
  return event;
}

TEST(event_ring, ends_of_ordinary_flows_take_no_room_of_calls) {
  event_ring ring(16);
  for (std::uint64_t i = 0; i < 1'000; ++i) EXPECT_EQ(ring.push(end_of(i, false)), i < 8);
  for (std::uint64_t i = 0; i < 16; ++i) EXPECT_TRUE(ring.push(end_of(i, true)));
  EXPECT_EQ(ring.lost_calls(), 0U);
  EXPECT_FALSE(ring.push(end_of(16, true)));
  EXPECT_EQ(ring.lost_calls(), 1U);
  EXPECT_EQ(ring.lost(), 993U);
}

TEST(event_ring, what_matters_has_a_queue_of_its_own) {
  event_ring ring(2);
  while (ring.push(end_of(1, false))) {
  }
  while (ring.push(end_of(1, true))) {
  }
  const auto lost = ring.lost();
  classify::flow_event acted = end_of(2, false), called = acted, told = acted;
  acted.action = 7;
  called.call = 3;
  told.type = classify::flow_event::kind::verdict;
  for (const auto& event : {acted, called, told}) EXPECT_FALSE(ring.push(event));
  EXPECT_EQ(ring.lost(), lost + 3);
  EXPECT_EQ(ring.lost_calls(), 4U);
}

TEST(event_ring, both_queues_are_read_in_the_order_of_telling) {
  event_ring ring(4'096);
  constexpr std::uint64_t count = 50'000;
  std::thread worker([&] {
    for (std::uint64_t i = 0; i < count;) {
      if (ring.push(end_of(i, i % 3 == 0 || i % 7 == 0))) ++i;
    }
  });
  std::uint64_t out_of_order = 0;
  for (std::uint64_t expected = 0; expected < count;) {
    const auto* event = ring.front();
    if (event == nullptr) continue;
    out_of_order += event->flow.id != expected++ ? 1 : 0;
    ring.drop();
  }
  worker.join();
  EXPECT_EQ(out_of_order, 0U);
}

}  // namespace
}  // namespace callweir::engine

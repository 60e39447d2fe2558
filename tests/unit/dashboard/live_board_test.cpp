#include "dashboard/live/live_board.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace callweir::dashboard {
namespace {

TEST(live_board, hands_out_events_in_order_and_tells_what_is_gone) {
  live_board board;
  bool missed = true;
  EXPECT_TRUE(board.after(0, missed).empty());
  EXPECT_FALSE(missed);
  for (std::size_t i = 0; i < live_board::events_max + 10; ++i) {
    board.tell("call", std::to_string(i));
  }
  const auto first = board.after(0, missed, 3);
  EXPECT_TRUE(missed);
  ASSERT_EQ(first.size(), 3U);
  EXPECT_EQ(first[0].id, 11U);
  EXPECT_EQ(first[0].data, "10");
  EXPECT_EQ(board.after(10, missed, 1).front().id, 11U);
  EXPECT_FALSE(missed);
  EXPECT_TRUE(board.after(board.newest(), missed).empty());
  EXPECT_FALSE(missed);
}

TEST(live_board, knows_an_event_that_it_never_told) {
  live_board board;
  board.tell("status", "{}");
  bool missed = false;
  const auto events = board.after(1'000, missed);
  EXPECT_TRUE(missed);
  EXPECT_EQ(events.size(), 1U);
}

TEST(live_board, numbers_go_on_where_the_last_life_cannot_have_been) {
  live_board board(1'000'000);
  board.tell("status", "{}");
  EXPECT_EQ(board.newest(), 1'000'000U);
  bool missed = false;
  EXPECT_EQ(board.after(17, missed).size(), 1U);
  EXPECT_TRUE(missed);
}

TEST(live_board, is_bounded_in_bytes_and_keys) {
  live_board board;
  const std::string big(live_board::bytes_max / 4, 'x');
  for (int i = 0; i < 9; ++i) board.tell("call", big);
  bool missed = false;
  EXPECT_EQ(board.after(0, missed).size(), 4U);
  EXPECT_TRUE(missed);
  for (std::size_t i = 0; i < live_board::keys_max + 5; ++i) {
    board.keep("call", std::to_string(i), "{}");
  }
  EXPECT_EQ(board.state("call").size(), live_board::keys_max);
  board.forget("call", "7");
  board.forget("call", "7");
  board.forget("nothing", "7");
  board.keep("host", "a", "1");
  board.keep("host", "b", "refused: full again");
  EXPECT_EQ(board.state("host"), std::vector<std::string>{"1"});
  board.keep("host", "a", "2");
  EXPECT_EQ(board.state("host"), std::vector<std::string>{"2"});
}

TEST(live_board, is_told_and_read_by_many_threads) {
  live_board board;
  std::atomic<int> woken{0};
  board.on_event([&] { ++woken; });
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&board, t] {
      for (int i = 0; i < 500; ++i) {
        board.keep("call", std::to_string(t * 1'000 + i % 50), std::to_string(i));
        if (i % 10 == 0) board.forget("call", std::to_string(t * 1'000 + i % 50));
      }
    });
  }
  std::uint64_t position = 0, seen = 0;
  while (position < 1'500) {
    bool missed = false;
    for (const auto& one : board.after(position, missed)) {
      ASSERT_EQ(one.id, position + 1);
      position = one.id;
      ++seen;
    }
    ASSERT_FALSE(missed);
    board.state("call");
  }
  for (auto& one : threads) one.join();
  EXPECT_EQ(seen, 1'500U);
  EXPECT_EQ(woken, 1'500);
  board.on_event(nullptr);
  board.tell("call", "nobody is woken");
}

}  // namespace
}  // namespace callweir::dashboard

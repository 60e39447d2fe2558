#include "engine/distributor.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "engine/egress.hpp"

namespace callweir::engine {
namespace {

using frame_bytes = std::vector<std::uint8_t>;

frame_bytes ipv4_frame(std::uint32_t from, std::uint32_t to, int tags = 0,
                       std::uint16_t fragment = 0) {
  frame_bytes frame(12, 2);
  for (int i = 0; i < tags; ++i) frame.insert(frame.end(), {0x81, 0, 0, 7});
  frame.insert(frame.end(), {8, 0, 0x45, 0, 0, 40, 0, 1, static_cast<std::uint8_t>(fragment >> 8),
                             static_cast<std::uint8_t>(fragment), 64, 17, 0, 0});
  for (const auto address : {from, to})
    for (int shift = 24; shift >= 0; shift -= 8)
      frame.push_back(static_cast<std::uint8_t>(address >> shift));
  frame.resize(frame.size() + 20);
  return frame;
}

TEST(worker_of, both_directions_tags_and_fragments_meet) {
  const keyed_hash hash({1, 2});
  for (std::uint32_t i = 0; i < 1000; ++i) {
    const std::uint32_t a = 0x0a000001 + i * 7, b = 0xc0000207 + i;
    const auto there = ipv4_frame(a, b), back = ipv4_frame(b, a, 1),
               piece = ipv4_frame(a, b, 2, 185);
    const auto of = [&](const frame_bytes& f) {
      return worker_of(f.data(), static_cast<std::uint32_t>(f.size()), hash, 4);
    };
    ASSERT_LT(of(there), 4U);
    ASSERT_EQ(of(there), of(back));
    ASSERT_EQ(of(there), of(piece));
  }
}

TEST(worker_of, spreads_evenly_and_by_key) {
  std::array<int, 4> counts{};
  int moved = 0;
  const keyed_hash one({1, 2}), two({3, 4});
  for (std::uint32_t i = 0; i < 8000; ++i) {
    const auto f = ipv4_frame(0x0a000001 + i, 0xc0000207);
    const auto size = static_cast<std::uint32_t>(f.size());
    ++counts[worker_of(f.data(), size, one, 4)];
    moved += worker_of(f.data(), size, one, 4) != worker_of(f.data(), size, two, 4) ? 1 : 0;
  }
  for (const int n : counts) EXPECT_NEAR(n, 2000, 250);
  EXPECT_NEAR(moved, 6000, 400) << "nobody who does not know the key can aim at a worker";
}

TEST(worker_of, short_frames_go_to_the_first) {
  const keyed_hash hash({1, 2});
  const auto whole = ipv4_frame(0x0a000001, 0xc0000207, 2);
  for (std::uint32_t n = 0; n < 42; ++n) {
    const frame_bytes cut(whole.begin(),
                          whole.begin() + n);  // its own block: reading on is seen by ASan
    EXPECT_EQ(worker_of(cut.data(), n, hash, 4), 0U) << n;
  }
}

TEST(frame_ring, is_overtaken_once_an_overload) {
  frame_ring ring(64);
  std::array<char, 1000> frames{};
  std::vector<std::ptrdiff_t> left;  // numbers in the order of leaving
  std::size_t next = 0;
  const auto come = [&](int n) {
    for (; n > 0; --n, ++next)
      if (!ring.push(&frames[next])) left.push_back(static_cast<std::ptrdiff_t>(next));
  };
  const auto work = [&](int n) {
    for (; n > 0 && ring.front() != nullptr; --n, ring.drop())
      left.push_back(static_cast<char*>(ring.front()) - frames.data());
  };
  come(64);
  for (int i = 0; i < 100; ++i) {  // twice as many come as the worker takes
    come(2);
    work(1);
  }
  come(10);  // and then as many
  work(64);
  come(10);
  work(64);
  ASSERT_EQ(left.size(), next);
  // Frames of before the overload are late, in order; those of after it overtake nothing.
  int falls = 0;
  for (std::size_t i = 1; i < left.size(); ++i) falls += left[i] < left[i - 1] ? 1 : 0;
  std::vector<std::ptrdiff_t> late, rest;
  for (const auto number : left) (number < 64 ? late : rest).push_back(number);
  EXPECT_TRUE(std::is_sorted(late.begin(), late.end()));
  EXPECT_TRUE(std::is_sorted(rest.begin(), rest.end()));
  EXPECT_GT(falls, 0);
}

TEST(link_bucket, lets_the_rate_through_and_no_more) {
  for (const std::uint64_t bps :
       {std::uint64_t{1'000'000}, std::uint64_t{100'000'000}, std::uint64_t{1'000'000'000}}) {
    link_bucket bucket({bps});
    time_point now{1'000'000'000};
    std::uint64_t bytes = 0;
    const auto begin = now;
    bucket.refill(now);
    while (bucket.take(1000)) {  // the burst
    }
    for (; now - begin < std::chrono::seconds(10); now = now + std::chrono::microseconds(100)) {
      bucket.refill(now);
      while (bucket.take(1000)) bytes += 1000;
    }
    EXPECT_NEAR(static_cast<double>(bytes) * 8 / 10, static_cast<double>(bps),
                static_cast<double>(bps) * 0.01);
  }
}

}  // namespace
}  // namespace callweir::engine

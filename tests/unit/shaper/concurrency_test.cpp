// The tables that workers share, from several threads at once: what they promise without a lock.
// Run under ThreadSanitizer, too.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "shaper/binding_table.hpp"
#include "shaper/bucket_table.hpp"

namespace callweir::shaper {
namespace {

using namespace std::chrono_literals;
const time_point start{std::int64_t{1'795'435'200} * 1'000'000'000};

template <class F>
void in_parallel(unsigned threads, F&& work) {
  std::vector<std::thread> all;
  for (unsigned i = 0; i < threads; ++i) all.emplace_back([&work, i] { work(i); });
  for (auto& one : all) one.join();
}

binding binding_of(std::uint64_t key) {
  binding b;
  b.count = 2;
  b.stages[0] = {.key = key, .unit = 1, .line = static_cast<std::uint16_t>(key), .roles = 1};
  b.stages[1] = {.key = ~key, .unit = 2, .line = static_cast<std::uint16_t>(~key), .roles = 2};
  return b;
}

bool is_of(const binding& b, std::uint64_t key) {
  return b.count == 2 && b.stages[0].key == key && b.stages[1].key == ~key &&
         b.stages[0].line == static_cast<std::uint16_t>(key) &&
         b.stages[1].line == static_cast<std::uint16_t>(~key);
}

TEST(shared_tables, a_handle_never_speaks_of_another_flows_lines) {
  constexpr std::uint64_t keys = 4'000;  // of 1,024 places: entries change hands all the time
  constexpr int rounds = 12;
  binding_table table(1'024, 1);
  std::vector<std::atomic<std::uint32_t>> handles(keys);
  std::atomic<std::uint64_t> wrong{0}, read{0};
  in_parallel(3, [&](unsigned worker) {
    for (int round = 0; round < rounds; ++round) {
      const time_point now = start + round * 601s;  // what was not used this round may go
      for (std::uint64_t i = 0; i < keys; ++i) {
        const std::uint64_t key = (i * 2'654'435'761u + worker * 1'021 + 7) % keys;
        binding seen;
        const std::uint32_t before = handles[key].load();
        if (before != 0 && table.read(before, now, seen)) {
          ++read;
          if (!is_of(seen, key + 1)) ++wrong;
          continue;
        }
        if (const auto handle = table.intern(binding_of(key + 1), now); handle != 0)
          handles[key].store(handle);
      }
    }
  });
  EXPECT_EQ(wrong.load(), 0u);
  EXPECT_GT(read.load(), 1'000u);
  EXPECT_GT(table.refused(), 0u);
}

TEST(shared_tables, a_bucket_that_workers_share_gives_its_burst_once) {
  bucket_table table(1'024);
  const auto rate = bucket_rate::make(bit_rate{8'000}, 30'000);
  ASSERT_NE(table.acquire(42, start), bucket_table::none);
  std::atomic<std::uint64_t> passed{0};
  in_parallel(3, [&](unsigned worker) {
    for (std::uint64_t i = 0; i < 5'000; ++i) {
      const auto mine = table.acquire(42, start);
      if (table.take(mine, forward, rate, 100, start)) passed += 100;
      const auto other = table.acquire(1'000 * (worker + 1) + i % 100, start);
      if (other != bucket_table::none) table.take(other, backward, rate, 100, start);
    }
  });
  EXPECT_EQ(passed.load(), 30'000u);
}

TEST(shared_tables, buckets_change_hands_while_others_take_from_them) {
  bucket_table table(1'024);
  const auto rate = bucket_rate::make(bit_rate{8'000}, 3'000);
  std::atomic<std::uint64_t> passed{0};
  in_parallel(3, [&](unsigned worker) {
    for (std::uint64_t i = 0; i < 20'000; ++i) {
      const time_point now = start + static_cast<std::int64_t>(i / 4'000) * 11s;
      const std::uint64_t key = (i * 31 + worker) % 3'000 + 1;
      const auto index = table.acquire(key, now);
      if (index == bucket_table::none) continue;
      ASSERT_LT(index, table.capacity());
      passed += table.take(index, forward, rate, 100, now) ? 1u : 0u;
    }
  });
  EXPECT_GT(passed.load(), 0u);
}

}  // namespace
}  // namespace callweir::shaper

#include "base/arena.hpp"

#include <gtest/gtest.h>

#include "base/clock.hpp"

namespace callweir {
namespace {

TEST(arena, gives_zeroed_aligned_memory_until_it_is_full) {
  for (const auto mode : {arena::mode::automatic, arena::mode::transparent, arena::mode::small}) {
    auto made = arena::make(3 << 20, mode);
    ASSERT_TRUE(made.has_value()) << made.error().text();
    EXPECT_EQ(made->size(), std::size_t{4} << 20);
    auto* bytes = made->take<char>(3);
    auto* lines = made->take<std::uint64_t>(1000, 64);
    ASSERT_NE(bytes, nullptr);
    ASSERT_NE(lines, nullptr);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(lines) % 64, 0U);
    EXPECT_EQ(lines[999], 0U);
    EXPECT_EQ(made->take<char>(4 << 20), nullptr);
    EXPECT_EQ(made->take<std::uint64_t>(~std::size_t{0}), nullptr);
  }
}

TEST(arena, refuses_what_no_machine_has) {
  EXPECT_FALSE(arena::make(~std::size_t{0}).has_value());
  EXPECT_FALSE(arena::make(std::size_t{1} << 50, arena::mode::small).has_value());
}

TEST(steady_clock, is_near_the_wall_clock_and_never_goes_back) {
  const steady_clock clock;
  const auto first = clock.now();
  EXPECT_NEAR(first.seconds(), static_cast<double>(std::time(nullptr)), 2.0);
  EXPECT_GE(clock.now(), first);
}

}  // namespace
}  // namespace callweir

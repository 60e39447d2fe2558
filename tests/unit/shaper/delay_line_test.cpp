#include "shaper/delay_line.hpp"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>

namespace callweir::shaper {
namespace {

constexpr std::int64_t ms = 1'000'000;

void* as_frame(std::uintptr_t number) {
  return reinterpret_cast<void*>(number);
}
std::uintptr_t as_number(void* frame) {
  return reinterpret_cast<std::uintptr_t>(frame);
}

TEST(delay_line, refuses_what_it_has_no_room_for) {
  delay_line line(2);
  const time_point now{1'000 * ms};
  EXPECT_TRUE(line.hold({as_frame(1), 0}, now + std::chrono::milliseconds(5), now));
  EXPECT_FALSE(line.hold({as_frame(2), 0}, now + std::chrono::seconds(9), now))
      << "beyond the horizon";
  EXPECT_TRUE(line.hold({as_frame(2), 0}, now, now));
  EXPECT_FALSE(line.hold({as_frame(3), 0}, now, now)) << "full";
  std::array<delay_line::held, 8> out;
  EXPECT_EQ(line.due(now, out), 0u);
  EXPECT_EQ(line.due(now + std::chrono::milliseconds(1), out), 1u);
  EXPECT_EQ(as_number(out[0].frame), 2u);
  EXPECT_EQ(line.flush(out), 1u);
  EXPECT_EQ(as_number(out[0].frame), 1u);
  EXPECT_EQ(line.size(), 0u);
}

// Random holds, polls and pauses against a stable sort by release time: nothing leaves early or
// more than a slot late, the order within a flow is kept, in = out + held.
TEST(delay_line, behaves_like_a_stable_sort) {
  std::mt19937 random(11);
  for (int round = 0; round < 30; ++round) {
    delay_line line(500);
    std::multimap<std::int64_t, std::uintptr_t> model;  // release to number
    std::array<std::int64_t, 8> flow_release{};
    std::array<std::uintptr_t, 8> flow_newest{};
    std::int64_t now = 1'790'000'000'000 * ms;
    std::uintptr_t in = 0, out_count = 0;
    std::map<std::uintptr_t, std::int64_t> release_of;
    for (int i = 0; i < 20'000; ++i) {
      now += random() % 400'000;
      if (random() % 500 == 0) now += 300 * ms;
      const auto flow = random() % flow_release.size();
      const std::int64_t release =
          std::max(flow_release[flow], now + static_cast<std::int64_t>(random() % 600) * ms);
      const std::uintptr_t number = (in + 1) * 8 + flow;
      if (line.hold({as_frame(number), 0}, {release}, {now})) {
        ++in;
        flow_release[flow] = release;
        release_of[number] = release;
        model.emplace(release, number);
      }
      std::array<delay_line::held, 16> out;
      const auto count = line.due({now}, std::span(out).first(1 + random() % out.size()));
      for (std::size_t k = 0; k < count; ++k) {
        const auto left = as_number(out[k].frame);
        const auto due = release_of.at(left);
        ASSERT_LE(due, now) << "never early";
        ASSERT_GT(left, flow_newest[left % 8]) << "in order within the flow";
        flow_newest[left % 8] = left;
        for (auto [it, end] = model.equal_range(due); it != end; ++it) {
          if (it->second == left) {
            model.erase(it);
            break;
          }
        }
        release_of.erase(left);
      }
      out_count += count;
      ASSERT_EQ(in, out_count + line.size());
      // With room in `out`, nothing that is more than a slot late stays.
      if (count < 1) {
        ASSERT_TRUE(model.empty() || model.begin()->first + ms / 2 > now);
      }
    }
  }
}

}  // namespace
}  // namespace callweir::shaper

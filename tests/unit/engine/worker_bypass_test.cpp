// Bypass forwards everything, whatever a link's rate and the pipeline would do with it.
#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "engine/worker.hpp"

namespace callweir::engine {
namespace {

/// Hands out the same few frames, and keeps what it is sent until it is flushed or pumped.
class fake_lane final : public frame_source, public frame_sink {
 public:
  std::size_t receive(std::span<packet_view> out) noexcept override {
    for (std::size_t i = 0; i < 3; ++i) out[i].handle = &frames_[i];
    return 3;
  }
  void send(std::span<void* const> frames, bool, time_point) noexcept override {
    waiting += frames.size();
  }
  void pump(time_point) noexcept override {}  // the rate lets nothing go
  void flush(time_point) noexcept override {
    left += waiting;
    waiting = 0;
  }
  std::size_t waiting = 0, left = 0;

 private:
  std::array<char, 3> frames_{};
};

class counting_pipeline final : public packet_pipeline {
 public:
  void process(std::span<packet_view> burst, time_point, std::span<decision>) noexcept override {
    seen += burst.size();
  }
  void idle(time_point) noexcept override {}
  std::size_t seen = 0;
};

TEST(worker_bypass, lets_frames_go_that_a_rate_would_keep) {
  fake_lane link;
  counting_pipeline pipeline;
  worker_state state;
  std::atomic<std::uint32_t> bypass{0};
  const std::atomic<bool> gate{true};
  worker one({{&link, &link}}, pipeline, state, bypass, gate, {});
  time_point now{1'000'000'000};
  one.turn(now);
  EXPECT_EQ(pipeline.seen, 3U);
  EXPECT_EQ(link.waiting, 3U);
  bypass = 1;
  for (int i = 0; i < 2; ++i) {
    one.turn(now = now + std::chrono::microseconds(100));
    EXPECT_EQ(pipeline.seen, 3U);
    EXPECT_EQ(link.waiting, 0U) << "turn " << i;
  }
  EXPECT_EQ(link.left, 9U);
  bypass = 0;
  one.turn(now = now + std::chrono::microseconds(100));
  EXPECT_EQ(link.waiting, 3U);
}

}  // namespace
}  // namespace callweir::engine

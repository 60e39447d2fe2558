#include "engine/distributor.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "capture/eal.hpp"
#include "engine/egress.hpp"
#include "engine/live_links.hpp"

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

/// Frames of DPDK's endless device, as many a poll as are asked for.
class dosed_source final : public frame_source {
 public:
  explicit dosed_source(capture::port& from) : from_(from) {}
  std::size_t receive(std::span<packet_view> out) noexcept override {
    const auto n = dose == 0 ? 0 : from_.receive(out.first(std::min(out.size(), dose)));
    received += n;
    return n;
  }
  std::size_t dose = 0;
  std::uint64_t received = 0;

 private:
  capture::port& from_;
};

class counting_sink final : public frame_sink {
 public:
  void send(std::span<void* const> frames, bool, time_point) noexcept override {
    for (void* frame : frames) capture::release(frame);
    sent += frames.size();
  }
  void pump(time_point) noexcept override {}
  void flush(time_point) noexcept override {}
  std::uint64_t sent = 0;
};

class spreading : public testing::Test {
 protected:
  void SetUp() override {
    if (capture::eal_is_running())
      GTEST_SKIP() << "DPDK starts once a process: run by ctest, or by name";
    const auto device = [](const char* name) {
      return capture::port_config{capture::port_config::kind::vdev, name};
    };
    auto opened = capture::port_set::open(
        {{"test", device("net_null0"), device("net_null1"), {}, {}, {}}}, {});
    ASSERT_TRUE(opened.has_value()) << opened.error().text();
    ports_ = std::move(*opened);
    const auto started = ports_->start();
    ASSERT_TRUE(started.has_value()) << started.error().text();
    source_ = std::make_unique<dosed_source>(ports_->at(0, side::inside));
    state_.load.store(2);  // as an engine that died in an overload left it
    spreader_ = std::make_unique<distributor>(
        std::vector<distributor_input>{{source_.get(), 0, side::inside}},
        std::vector<frame_sink*>{&inside_, &outside_}, state_, bypass_, gate_,
        distributor_options{2, 8192, true});
  }
  void TearDown() override {
    spreader_.reset();
    ports_.reset();
  }
  /// Turns of 1 ms; the worker takes all that comes and sends it on.
  void turns(int n) {
    auto& end = spreader_->worker_end(0);  // frames without addresses are all the first one's
    for (; n > 0; --n) {
      now_ = now_ + std::chrono::milliseconds(1);
      spreader_->turn(now_);
      std::array<packet_view, burst_max> views;
      for (std::size_t got; (got = end.receive(views)) > 0;) {
        void* frames[burst_max];
        for (std::size_t i = 0; i < got; ++i) frames[i] = views[i].handle;
        end.send({frames, got}, false, now_);
        worked_ += got;
      }
    }
  }
  load_level level() const { return static_cast<load_level>(state_.load.load()); }

  worker_state state_;
  std::atomic<std::uint32_t> bypass_{0};
  std::atomic<bool> gate_{true};
  counting_sink inside_, outside_;
  std::unique_ptr<capture::port_set> ports_;
  std::unique_ptr<dosed_source> source_;
  std::unique_ptr<distributor> spreader_;
  time_point now_{1'000'000'000};
  std::uint64_t worked_ = 0;
};

TEST_F(spreading, sheds_inspection_first_accounting_next_and_forwarding_never) {
  source_->dose = burst_max / 2;
  turns(1'000);
  EXPECT_EQ(level(), load_level::normal);
  EXPECT_EQ(worked_, source_->received);

  source_->dose = burst_max;  // every poll full: it cannot be emptied
  turns(120);
  EXPECT_EQ(level(), load_level::shed_inspection);
  EXPECT_EQ(spreader_->uninspected(), 0U) << "workers go on counting";
  turns(120);
  EXPECT_EQ(level(), load_level::shed_accounting);
  const auto worked = worked_;
  turns(200);
  EXPECT_EQ(worked_, worked) << "no worker has to see it";
  EXPECT_GE(spreader_->uninspected(), 200 * burst_max);

  source_->dose = 3;
  turns(1'300);
  EXPECT_EQ(level(), load_level::normal);
  const auto straight = spreader_->uninspected();
  turns(100);
  EXPECT_EQ(spreader_->uninspected(), straight);
  EXPECT_GT(worked_, worked);
  EXPECT_EQ(spreader_->overload_changes(), 4U);

  source_->dose = 0;
  turns(2);
  EXPECT_EQ(outside_.sent, source_->received) << "each frame left by the other port";
  EXPECT_EQ(inside_.sent, 0U);
  EXPECT_EQ(spreader_->worker_end(0).dropped(), 0U);
}

TEST_F(spreading, takes_back_all_that_a_worker_held_at_once) {
  auto& end = spreader_->worker_end(0);
  std::array<packet_view, burst_max> views;
  std::uint64_t held = 0;
  for (; held < 8192; held += burst_max) {
    source_->dose = burst_max;
    ASSERT_EQ(source_->receive(views), burst_max);
    void* frames[burst_max];
    for (std::size_t i = 0; i < burst_max; ++i) {
      capture::set_origin(views[i].handle, {0, side::inside});
      frames[i] = views[i].handle;
    }
    end.send(frames, false, now_);
  }
  source_->dose = 0;
  turns(100);
  EXPECT_EQ(outside_.sent, held);
  EXPECT_EQ(end.dropped(), 0U);
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

TEST(waiting_frames, are_counted_wherever_one_may_wait) {
  constexpr std::uint32_t held = 8'192, ring = distributor::ring_frames;
  capture::link_config plain, slow, fast;
  slow.rate = bit_rate{10'000'000};     // 50 ms are 63 frames of 1,000 bytes
  fast.rate = bit_rate{2'000'000'000};  // 12,500: 4,096 at most
  EXPECT_EQ(waiting_frames_max({plain}, 1, held), held);
  EXPECT_EQ(waiting_frames_max({plain}, 2, held), 2 * (held + 5 * ring));
  EXPECT_EQ(waiting_frames_max({plain, slow}, 1, held), held + 2 * 2 * 64);
  EXPECT_EQ(waiting_frames_max({fast}, 1, held), held + 2 * 2 * 4'096);
  // Behind a distributor the ways out are whole: 4,096 places for 50 ms of 2,100 frames, where
  // three shares of it have 1,024 each.
  fast.rate = bit_rate{336'000'000};
  EXPECT_EQ(waiting_frames_max({fast}, 3, held), 3 * (held + 5 * ring) + 2 * 2 * 4'096);
}

}  // namespace
}  // namespace callweir::engine

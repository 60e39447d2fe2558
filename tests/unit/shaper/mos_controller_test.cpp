// The control loop against a model of the far end: an application that adapts, a receiver that
// conceals, and an observer that sees only what an appliance sees.
#include "shaper/mos_controller.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <vector>

#include "shaper/degrade_units.hpp"

namespace callweir::shaper {
namespace {

using namespace std::chrono_literals;

struct scenario {
  double target = 1.8;
  double rate_kbps = 24;  // before adaptation
  double floor_kbps = 14;
  double frame_ms = 20;
  bool longer_frames = false;  // the sender goes to 40 and 60 ms under loss
  bool redundancy = true;      // in-band FEC above 12 kbit/s
  double reaction_s = 4;       // until the sender follows
  double arriving_loss = 0;
  unsigned seed = 1;
};

struct second_stats {
  double sent = 0, bytes = 0, lost = 0, concealed = 0, arrived = 0, delay_ms = 0, inflicted = 0;
};

struct outcome {
  double worst = 0;  // |MOS - target| over 20 s windows from 15 s on
  double mean_loss = 0;
  double longest_gap_ms = 0;
  double arrived_share = 1;
};

/// libopus-like: spends less under loss, in longer frames.
struct sender {
  explicit sender(const scenario& s) : rate(s.rate_kbps), frame(s.frame_ms) {}
  void adapt(const scenario& s, double loss) {
    const double goal = std::clamp(s.rate_kbps * (1 - 3.5 * loss),
                                   std::min(s.floor_kbps, s.rate_kbps), s.rate_kbps);
    rate += (goal - rate) * 0.4;
    if (s.longer_frames) frame = loss > 0.08 ? 60 : loss > 0.03 ? 40 : s.frame_ms;
  }
  double rate, frame;
};

outcome simulate(const scenario& s) {
  degrade_units units(1);
  units.adopt(0, 9, side::inside);
  time_point now{std::int64_t{1'790'000'000} * 1'000'000'000};
  mos_controller control(s.target, 10s, now);
  std::mt19937 random(s.seed);
  std::uniform_real_distribution<double> chance(0, 1);
  sender from(s);
  std::vector<second_stats> seconds;
  bool last_lost = false;
  double gap_ms = 0;
  outcome out;
  for (int second = 0; second < 90; ++second) {
    second_stats stats;
    const auto end = now + 1s;
    while (now < end) {
      stats.sent += 1;
      const double bytes = from.rate * from.frame / 8 * (0.8 + 0.4 * chance(random));
      const bool gone = chance(random) < s.arriving_loss;
      fate what;
      if (!gone) {
        stats.bytes += bytes;
        what = units.impair(0, side::inside, static_cast<std::uint32_t>(bytes) + 60, true, now);
      }
      const bool lost = gone || what.kind == fate_kind::drop;
      stats.inflicted += what.kind == fate_kind::drop;
      gap_ms += from.frame;
      if (lost) {
        stats.lost += 1;
        stats.concealed += 1;
      } else {
        // The packet after a burst carries a copy of the frame before it.
        if (last_lost && s.redundancy && from.rate > 13) stats.concealed -= 1;
        stats.arrived += 1;
        stats.delay_ms += what.kind == fate_kind::hold ? to_seconds(what.release - now) * 1e3 : 0;
        out.longest_gap_ms = std::max(out.longest_gap_ms, gap_ms);
        gap_ms = 0;
      }
      last_lost = lost;
      now = now + from_seconds(from.frame * 1e-3);
    }
    seconds.push_back(stats);
    // The sender hears of loss late; the appliance sees the newest seconds.
    const auto mean = [&](int first, int last, auto&& value, auto&& weight) {
      double v = 0, w = 0;
      for (int i = std::max(0, first); i <= last; ++i) {
        v += value(seconds[static_cast<std::size_t>(i)]);
        w += weight(seconds[static_cast<std::size_t>(i)]);
      }
      return w > 0 ? v / w : 0;
    };
    const auto sent = [](const second_stats& x) { return x.sent; };
    const auto arrived_here = [&](const second_stats& x) { return x.sent * (1 - s.arriving_loss); };
    if (second >= s.reaction_s) {
      from.adapt(s, mean(
                        second - 2 - static_cast<int>(s.reaction_s),
                        second - static_cast<int>(s.reaction_s),
                        [](const auto& x) { return x.lost; }, sent));
    }
    mos_observation seen;
    seen.bitrate_kbps = mean(
        second - 2, second, [](const auto& x) { return x.bytes * 8 / 1e3; },
        [](const auto&) { return 1.0; });
    seen.loss = s.arriving_loss;
    seen.inflicted_loss = mean(
        second - 19, second, [](const auto& x) { return x.inflicted; }, arrived_here);
    seen.frame_ms = from.frame;
    units.set(0, forward, control.step(now, seen));
  }
  double sent = 0, arrived = 0;
  for (std::size_t begin = 15; begin + 20 <= seconds.size(); ++begin) {
    second_stats w;
    for (std::size_t i = begin; i < begin + 20; ++i) {
      w.sent += seconds[i].sent;
      w.bytes += seconds[i].bytes;
      w.concealed += seconds[i].concealed;
      w.arrived += seconds[i].arrived;
      w.delay_ms += seconds[i].delay_ms;
    }
    const double got = mos({.model = codec_model::opus_fb,
                            .bitrate_kbps = w.bytes * 8 / 1e3 / 20,
                            .loss = w.concealed / w.sent,
                            .one_way_delay_ms = 80 + w.delay_ms / w.arrived});
    out.worst = std::max(out.worst, std::abs(got - s.target));
    out.mean_loss = w.concealed / w.sent;
    sent += w.sent;
    arrived += w.arrived;
  }
  out.arrived_share = arrived / sent;
  return out;
}

TEST(mos_controller, holds_the_target_while_the_application_adapts) {
  double worst = 0;
  for (const double target : {1.8, 2.5, 3.0}) {
    for (const double rate : {12.0, 16.0, 24.0, 32.0, 40.0}) {
      for (const double frame : {20.0, 40.0, 60.0}) {
        for (const int kind : {0, 1, 2, 3}) {
          scenario s{.target = target,
                     .rate_kbps = rate,
                     .frame_ms = frame,
                     .seed = static_cast<unsigned>(kind + 1)};
          s.longer_frames = kind % 2 == 1;
          s.redundancy = kind < 2;
          s.reaction_s = kind < 2 ? 4 : 2;
          const auto got = simulate(s);
          const auto name = ::testing::Message()
                            << "target " << target << ", " << rate << " kbit/s, " << frame
                            << " ms, kind " << kind << ", concealed " << got.mean_loss;
          EXPECT_LE(got.worst, 0.3) << name;
          EXPECT_LT(got.longest_gap_ms, 1'000) << name;
          EXPECT_GE(got.arrived_share, 0.5) << name;
          worst = std::max(worst, got.worst);
        }
      }
    }
  }
  std::printf("worst distance from the target in any 20 s window from 15 s on: %.3f\n", worst);
}

TEST(mos_controller, counts_the_loss_that_is_there_already) {
  const auto got = simulate({.target = 1.8, .arriving_loss = 0.03});
  EXPECT_LE(got.worst, 0.3);
}

TEST(mos_controller, leaves_a_call_alone_that_is_worse_than_the_target) {
  mos_controller control(3.0, 10s, {0});
  impairment last;
  for (int i = 1; i <= 60; ++i) {
    last = control.step({i * std::int64_t{1'000'000'000}},
                        {.bitrate_kbps = 14, .loss = 0.3, .inflicted_loss = 0, .frame_ms = 20});
  }
  EXPECT_EQ(last.loss, 0);
  EXPECT_EQ(last.delay.count(), 0);
}

TEST(mos_controller, ramps_and_retargets_without_a_jump) {
  mos_controller control(1.8, 10s, {0});
  double before_loss = 0, before_delay = 0;
  for (int i = 1; i <= 100; ++i) {
    const time_point now{i * std::int64_t{1'000'000'000}};
    if (i == 60) control.retarget(3.0, 10s, now);
    const auto what = control.step(
        now, {.bitrate_kbps = 20, .loss = 0, .inflicted_loss = before_loss, .frame_ms = 20});
    EXPECT_LE(std::abs(what.loss - before_loss), 0.0401);
    EXPECT_LE(std::abs(to_seconds(what.delay) - before_delay), 0.0401);
    EXPECT_LE(what.loss, 0.5);
    before_loss = what.loss;
    before_delay = to_seconds(what.delay);
  }
}

TEST(mos_controller, knows_codecs_without_redundancy) {
  EXPECT_EQ(repaired_share(codec_model::g711_plc, 64, 20, 200ms), 0);
  EXPECT_NEAR(repaired_share(codec_model::opus_fb, 24, 20, 200ms), 0.06, 1e-9);
  EXPECT_EQ(repaired_share(codec_model::opus_fb, 11, 20, 200ms), 0);
}

// Every 20 s window of a burst loss alone, at the shares and packet rates of calls.
TEST(burst_loss, keeps_its_share_and_its_shape) {
  for (const double share : {0.02, 0.05, 0.1, 0.2, 0.3}) {
    for (const int frame_ms : {10, 20, 40, 60}) {
      burst_loss loss;
      std::vector<int> lost;
      int run = 0, good = 0, longest_run = 0, shortest_good = 1'000'000;
      std::int64_t now = 1'790'000'000'000'000'000;
      for (int i = 0; i < 120'000 / frame_ms; ++i, now += frame_ms * 1'000'000) {
        const bool gone = loss.lost(static_cast<float>(share), 200ms, true, {now});
        lost.push_back(gone);
        if (gone) {
          if (good > 0 && run == 0 && i > good)
            shortest_good = std::min(shortest_good, good * frame_ms);
          good = 0;
          longest_run = std::max(longest_run, ++run * frame_ms);
        } else {
          run = 0;
          ++good;
        }
      }
      const std::size_t window = static_cast<std::size_t>(20'000 / frame_ms);
      double sum = 0;
      for (std::size_t i = 0; i < lost.size(); ++i) {
        sum += lost[i];
        if (i >= window) sum -= lost[i - window];
        if (i + 1 >= window) {
          EXPECT_NEAR(sum / static_cast<double>(window), share, 0.013) << share << " " << frame_ms;
        }
      }
      EXPECT_LE(longest_run, 240 + frame_ms) << frame_ms;
      EXPECT_GE(shortest_good, 160) << frame_ms;
    }
  }
}

}  // namespace
}  // namespace callweir::shaper

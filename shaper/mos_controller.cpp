#include "shaper/mos_controller.hpp"

#include <algorithm>
#include <cmath>

namespace callweir::shaper {
namespace {

constexpr double base_delay_ms = 80;  // one way, without what is added here

// Extra delay. It is raised within the first five seconds as fast as jitter buffers follow, and
// that early so that no packet of the first judged window is more than 60 ms behind the fastest of
// the last ten seconds; later changes stay below that by being slow.
constexpr double delay_usual_ms = 200;
constexpr double delay_most_ms = 500;  // only where loss at its bound does not do
constexpr double early_s = 6;
constexpr double raise_early_ms_s = 40;
constexpr double raise_late_ms_s = 4;
constexpr double lower_ms_s = 20;

// Bursts of 160 to 240 ms with 400 ms of good media between them: more than this cannot be
// inflicted.
constexpr double loss_bound = 0.36;
constexpr double loss_least =
    0.10;  // delay is chosen so that this much is left for loss to steer with
constexpr double loss_step_s = 0.04;

constexpr double correction_gain_s = 0.02;
constexpr double correction_most = 0.3;
constexpr bit_rate cap_at_bound{20'000};  // under the rate at which Opus spends bits on redundancy

nanoseconds burst_for(double frame_ms) {
  // A whole number of frames. Short where FEC is worthless already, so that 20 s hold many bursts
  // and their share is fine-grained; long where a burst is few frames and repairing one would
  // matter.
  return std::chrono::milliseconds(frame_ms > 50 ? 240 : frame_ms > 30 ? 200 : 180);
}

/// How far redundancy is likely on: libopus adds it above 12 to 16 kbit/s, by bandwidth and loss
/// (opus_encoder.c, decide_fec), and some applications never do. Not to be seen from outside.
double redundancy(codec_model model, double bitrate_kbps) {
  constexpr double never_kbps = 12, always_kbps = 17, doubt = 0.6;
  if (model != codec_model::opus_fb) return 0;
  return doubt * std::clamp((bitrate_kbps - never_kbps) / (always_kbps - never_kbps), 0.0, 1.0);
}

}  // namespace

double repaired_share(codec_model model, double bitrate_kbps, double frame_ms, nanoseconds burst) {
  const double burst_ms = std::max(to_seconds(burst) * 1e3, 1.0);
  return redundancy(model, bitrate_kbps) * std::clamp(frame_ms / burst_ms, 0.0, 0.5);
}

mos_controller::mos_controller(double target, nanoseconds ramp, time_point start)
    : target_(target), ramp_(ramp), start_(start), last_(start) {}

double mos_controller::wanted_mos(time_point now) const {
  const double ramp_s = std::max(to_seconds(ramp_), 1e-3);
  const double progress = std::clamp(to_seconds(now - start_) / ramp_s, 0.0, 1.0);
  const double from = std::max(from_mos_, target_);
  return from + (target_ - from) * progress;
}

void mos_controller::retarget(double target, nanoseconds ramp, time_point now) {
  if (from_mos_ > 0) from_mos_ = wanted_mos(now);
  target_ = target;
  ramp_ = ramp;
  start_ = now;
  correction_ = 0;
  seen_count_ = 0;
}

void mos_controller::choose_delay(const quality_input& call, double seconds, double wanted) {
  // Judged at the rate that an application falls back to under loss, so that the choice holds then,
  // too.
  constexpr double fallen_kbps = 16, step_ms = 25;
  quality_input fallen = call;
  fallen.bitrate_kbps = std::min(call.bitrate_kbps, fallen_kbps);
  double goal = seconds_at_bound_ > 5 ? delay_most_ms : delay_usual_ms;
  for (; goal > 0; goal -= step_ms) {
    fallen.one_way_delay_ms = base_delay_ms + goal;
    if (loss_for_mos(fallen, target_) >= call.loss + loss_least) break;
  }
  const bool early = to_seconds(last_ - start_) < early_s;
  if (goal < delay_ms_) {
    delay_ms_ = std::max(goal, delay_ms_ - lower_ms_s * seconds);
  } else {
    const double raised =
        std::min(goal, delay_ms_ + (early ? raise_early_ms_s : raise_late_ms_s) * seconds);
    quality_input then = call;
    then.one_way_delay_ms = base_delay_ms + raised;
    if (mos(then) >= wanted || raised <= delay_ms_) delay_ms_ = std::max(delay_ms_, raised);
  }
}

void mos_controller::correct(const quality_input& call, const mos_observation& seen,
                             double repaired, double seconds) {
  seen_[seen_count_ % window] = {wanted_mos(last_), bitrate_kbps_};
  ++seen_count_;
  if (seen_count_ < window) return;
  second_seen mean{};
  for (const auto& s : seen_) {
    mean.wanted += s.wanted / window;
    mean.bitrate_kbps += s.bitrate_kbps / window;
  }
  quality_input was = call;
  was.bitrate_kbps = mean.bitrate_kbps;
  was.loss = call.loss + (1 - call.loss) * seen.inflicted_loss * (1 - repaired);
  const double error = mean.wanted - mos(was);
  // No winding up against a bound: when nothing more can be inflicted, or nothing less.
  const bool at_bound = (error < 0 && loss_ >= loss_bound) || (error > 0 && loss_ <= 0);
  if (at_bound) return;
  correction_ = std::clamp(correction_ + correction_gain_s * seconds * error, -correction_most,
                           correction_most);
}

impairment mos_controller::step(time_point now, const mos_observation& seen) {
  const double seconds = std::clamp(to_seconds(now - last_), 0.0, 2.0);
  last_ = now;
  if (seen.bitrate_kbps > 0) {
    constexpr double follow_s = 2;
    const double share = bitrate_kbps_ > 0 ? 1 - std::exp(-seconds / follow_s) : 1;
    bitrate_kbps_ += (seen.bitrate_kbps - bitrate_kbps_) * share;
  }
  quality_input call{.model = seen.model,
                     .bitrate_kbps = bitrate_kbps_ > 0 ? bitrate_kbps_ : 24,
                     .loss = std::clamp(seen.loss, 0.0, 1.0),
                     .one_way_delay_ms = base_delay_ms};
  // What the network loses is partly single packets, which redundancy repairs.
  constexpr double single_share = 0.7;
  call.loss *= 1 - single_share * redundancy(call.model, call.bitrate_kbps);
  if (from_mos_ <= 0) from_mos_ = mos(call);
  const double wanted = wanted_mos(now);
  choose_delay(call, seconds, wanted);
  call.one_way_delay_ms = base_delay_ms + delay_ms_;

  const nanoseconds burst = burst_for(seen.frame_ms);
  const double repaired = repaired_share(seen.model, call.bitrate_kbps, seen.frame_ms, burst);
  correct(call, seen, repaired, seconds);
  quality_input clean = call;
  clean.loss = 0;
  const double total = loss_for_mos(clean, std::clamp(wanted + correction_, 1.0, 4.5), 0.9);
  const double missing = std::max(0.0, (total - call.loss) / std::max(1 - call.loss, 0.01));
  const double goal = std::min(missing / (1 - repaired), loss_bound);
  const double step = loss_step_s * std::max(seconds, 0.0);
  loss_ += std::clamp(goal - loss_, -step, step);
  seconds_at_bound_ = loss_ >= loss_bound ? seconds_at_bound_ + seconds : 0;

  const bool helpless = seconds_at_bound_ > 10 && delay_ms_ >= delay_most_ms;
  return {.loss = loss_,
          .burst = burst,
          .delay = from_seconds(delay_ms_ * 1e-3),
          .cap = helpless ? cap_at_bound : bit_rate{0}};
}

}  // namespace callweir::shaper

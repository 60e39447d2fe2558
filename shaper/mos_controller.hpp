// Closed loop that holds one direction of a call at a target MOS: picks burst loss, extra delay and
// rate cap from what the call shows of itself. Pure: time and measurements are passed in. Control
// thread.
//
// Feed-forward: the E-model says which loss gives the target at the rate that the application sends
// now. Feedback: what the newest 20 s really came to corrects the target slowly. Delay cannot be
// adapted away by an application, loss can (it sends less, in longer frames, with redundancy), so
// delay is raised first and loss does the rest.
#pragma once

#include <array>

#include "base/e_model.hpp"
#include "base/units.hpp"
#include "shaper/policy_set.hpp"

namespace callweir::shaper {

struct mos_observation {
  double bitrate_kbps =
      0;            // codec payload rate over the newest seconds; 0: silence, the last one counts
  double loss = 0;  // on arrival
  double inflicted_loss = 0;  // dropped by us over the newest 20 s, of what arrived
  double frame_ms = 20;       // packet interval
  codec_model model = codec_model::opus_fb;
};

class mos_controller {
 public:
  /// `target` 1.0 to 4.5, reached `ramp` after `start`.
  mos_controller(double target, nanoseconds ramp, time_point start);
  /// Once a second.
  impairment step(time_point now, const mos_observation& seen);
  /// Another target, reached `ramp` after `now` from what is wanted now.
  void retarget(double target, nanoseconds ramp, time_point now);

 private:
  double wanted_mos(time_point now) const;
  void choose_delay(const quality_input& call, double seconds, double wanted);
  void correct(const quality_input& call, const mos_observation& seen, double repaired,
               double seconds);

  double target_;
  nanoseconds ramp_;
  time_point start_;
  double from_mos_ = 0;  // unimpaired, where the ramp begins; 0: not seen yet
  time_point last_;
  double bitrate_kbps_ = 0;  // smoothed
  double delay_ms_ = 0;      // extra, as it is
  double correction_ = 0;    // added to the target, MOS
  double loss_ = 0;          // inflicted, as chosen last
  double seconds_at_bound_ = 0;

  // Means over the newest 20 s, of what the correction compares.
  static constexpr std::size_t window = 20;
  struct second_seen {
    double wanted, bitrate_kbps;
  };
  std::array<second_seen, window> seen_{};
  std::size_t seen_count_ = 0;
};

/// Share of the lost packets that forward error correction repairs when loss comes in bursts: the
/// last of each burst, as long as the encoder has bits to spare for it.
double repaired_share(codec_model model, double bitrate_kbps, double frame_ms, nanoseconds burst);

}  // namespace callweir::shaper

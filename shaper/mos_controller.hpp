// Closed loop that holds one direction of a call at a target MOS: picks burst loss, extra delay and
// rate cap from what the call shows of itself. Pure: time and measurements are passed in. Control
// thread.
#pragma once

#include "base/e_model.hpp"
#include "base/units.hpp"
#include "shaper/policy_set.hpp"

namespace callweir::shaper {

struct mos_observation {
  double bitrate_kbps = 0;    // codec payload rate over the newest seconds
  double loss = 0;            // on arrival
  double inflicted_loss = 0;  // over the newest 20 s
  double mos = 0;             // as estimated with both, 0: not known
  double frame_ms = 20;       // packet interval
  codec_model model = codec_model::opus_fb;
};

class mos_controller {
 public:
  mos_controller(double target, nanoseconds ramp, time_point start);
  /// Once a second.
  impairment step(time_point now, const mos_observation& seen);
  void retarget(double target, nanoseconds ramp, time_point now);

 private:
  double target_;
  nanoseconds ramp_;
  time_point start_;
  double correction_ = 0;  // integral part, on the R scale
};

}  // namespace callweir::shaper

// Holds each call that a `degrade` line has hit at its target, both directions by themselves.
// Control thread, once a second.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <unordered_map>

#include "classify/call_tracker.hpp"
#include "shaper/mos_controller.hpp"
#include "shaper/policy_set.hpp"

namespace callweir::engine {

class degrade_control {
 public:
  /// Looks at every active call: begins, steers or ends its degradation.
  void step(classify::call_tracker& tracker, shaper::policy_set& policies, time_point now);
  /// The call's slot is free again.
  void forget(classify::call_slot call) { held_.erase(call); }

  /// What is being done to a call now, nullptr when nothing is. For `explain`.
  struct held_call {
    std::string id, policy;
    double target = 0;
    nanoseconds ramp{0};
    time_point since;
    std::array<shaper::impairment, 2> applied;
    std::array<std::unique_ptr<shaper::mos_controller>, 2> controller;
  };
  const held_call* find(classify::call_slot call) const;
  std::size_t size() const { return held_.size(); }

 private:
  held_call& hold(const classify::tracked_call& call, const shaper::policy_line& line,
                  classify::call_tracker& tracker, time_point now);

  std::unordered_map<classify::call_slot, held_call> held_;
};

}  // namespace callweir::engine

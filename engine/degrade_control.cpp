#include "engine/degrade_control.hpp"

#include "classify/calls/call_quality.hpp"

namespace callweir::engine {
namespace {

shaper::mos_observation observe(const classify::call_tracker& tracker,
                                const classify::tracked_call& call, direction way) {
  shaper::mos_observation seen;
  seen.model = classify::quality_model(call.voice_codec);
  seen.frame_ms = call.frame_ms;
  const auto quality = tracker.quality(call.slot, way);
  if (!quality) return seen;
  // Over 20 s an application that adapts would be seen late; and packets that are late are not what
  // loss is steered by: neither those of the delay that grows, nor those of a sender whose clock
  // slipped by 60 ms. A receiver follows within a second, the fastest of the last 10 s does not:
  // the call would count as bad enough already and be left alone. Any sender could do that on
  // purpose.
  seen.bitrate_kbps = quality->recent_kbps;
  seen.loss = quality->missing;
  seen.inflicted_loss = quality->inflicted_loss;
  return seen;
}

}  // namespace

degrade_control::held_call& degrade_control::hold(const classify::tracked_call& call,
                                                  const shaper::policy_line& line,
                                                  classify::call_tracker& tracker, time_point now) {
  held_call& held = held_[call.slot];
  if (held.id != call.id) {
    held = {};
    held.id = call.id;
    held.since = now;
    tracker.enforcement_began(call.slot, now);
  }
  const bool changed = held.target != line.then.mos || held.ramp != line.then.ramp;
  for (auto& controller : held.controller) {
    if (!controller) {
      controller = std::make_unique<shaper::mos_controller>(line.then.mos, line.then.ramp, now);
    } else if (changed) {
      controller->retarget(line.then.mos, line.then.ramp, now);
    }
  }
  held.policy = line.name;
  held.target = line.then.mos;
  held.ramp = line.then.ramp;
  return held;
}

void degrade_control::step(classify::call_tracker& tracker, shaper::policy_set& policies,
                           time_point now) {
  for (const classify::call_slot slot : tracker.active()) {
    const classify::tracked_call* call = tracker.find(slot);
    if (call == nullptr) continue;
    const shaper::policy_line* line = call->ended ? nullptr : policies.degrading(slot);
    if (line == nullptr) {
      // Left as it was, it would hit the call at full strength when a line degrades it again.
      if (held_.erase(slot) > 0) {
        for (const direction way : {forward, backward}) policies.set_impairment(slot, way, {});
      }
      continue;
    }
    held_call& held = hold(*call, *line, tracker, now);
    for (const direction way : {forward, backward}) {
      held.applied[way] = held.controller[way]->step(now, observe(tracker, *call, way));
      policies.set_impairment(slot, way, held.applied[way]);
    }
  }
}

const degrade_control::held_call* degrade_control::find(classify::call_slot call) const {
  const auto found = held_.find(call);
  return found == held_.end() ? nullptr : &found->second;
}

}  // namespace callweir::engine

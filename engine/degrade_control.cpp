#include "engine/degrade_control.hpp"

namespace callweir::engine {
namespace {

shaper::mos_observation observe(const classify::call_tracker& tracker,
                                const classify::tracked_call& call, direction way) {
  shaper::mos_observation seen;
  seen.model = model_of(call.voice_codec);
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
  seen.inflicted_loss = quality->dropped_share;
  return seen;
}

}  // namespace

codec_model model_of(classify::codec codec) {
  switch (codec) {
    case classify::codec::pcmu:
    case classify::codec::pcma:
      return codec_model::g711_plc;
    case classify::codec::g722:
      return codec_model::g722;
    case classify::codec::g729:
      return codec_model::g729;
    case classify::codec::g723:
      return codec_model::g723;
    case classify::codec::gsm:
      return codec_model::gsm_efr;
    case classify::codec::ilbc:
      return codec_model::ilbc;
    case classify::codec::amr:
      return codec_model::amr_nb;
    case classify::codec::amr_wb:
      return codec_model::amr_wb;
    case classify::codec::evs:
    case classify::codec::opus:
    case classify::codec::speex:
    case classify::codec::unknown:
      break;
  }
  return codec_model::opus_fb;
}

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
      held_.erase(slot);
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

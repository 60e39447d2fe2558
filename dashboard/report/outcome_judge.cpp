#include "dashboard/report/outcome_judge.hpp"

#include <algorithm>

namespace callweir::dashboard {
namespace {

// A call's MOS is that of a window of 20 s (the records' `mos`): before one is over nothing is
// judged.
constexpr double mos_window_s = 20;

time_point end_of(const call_record& call, const call_action& by) {
  return std::min(by.until.value_or(call.end), call.end);
}

void count_steps(mos_histogram& steps, const measures& mos) {
  for (const auto& value : mos) {
    if (!value) continue;
    const auto step = static_cast<std::size_t>((*value - 1) * 4);
    ++steps[std::min(step, mos_steps - 1)];
  }
}

}  // namespace

measures enforced_mos(const call_record& call, const call_action& by, double ramp_s) {
  const time_point end = end_of(call, by);
  measures out = median_within(call.course, call.end, by.since + from_seconds(ramp_s), end);
  if (any(out)) return out;
  if (!by.until && any(call.mos)) return call.mos;
  each_window(call.course, call.end, [&](time_point from, time_point to, const measures& mos) {
    if (by.since <= from && to <= end) out = mos;
  });
  return out;
}

void outcome_judge::add(const call_record& call, const call_action& by,
                        const policy_meaning* line) {
  ++sums_.calls;
  const policy_meaning meaning = line != nullptr ? *line : policy_meaning{};
  if (meaning.mos) {
    sums_.target_low = std::min(sums_.target_low.value_or(*meaning.mos), *meaning.mos);
    sums_.target_high = std::max(sums_.target_high.value_or(*meaning.mos), *meaning.mos);
  }
  before_.add(call.mos_before);
  count_steps(sums_.before_steps, call.mos_before);
  if (to_seconds(end_of(call, by) - by.since) < meaning.ramp_s + mos_window_s) {
    ++sums_.brief;
    return;
  }
  const measures after = enforced_mos(call, by, meaning.ramp_s);
  after_.add(after);
  count_steps(sums_.after_steps, after);
  if (by.action != "degrade") return;  // nothing else has a target
  const auto above = [&](const std::optional<double>& mos) {
    return mos && meaning.mos && *mos > *meaning.mos + target_tolerance + 1e-6;
  };
  if (above(after[0]) || above(after[1])) {
    ++sums_.judged;
  } else if (meaning.mos && after[0] && after[1]) {
    ++sums_.judged;
    ++sums_.reached;
  } else {
    ++sums_.unknown;  // one direction at the target is not both
  }
}

outcome outcome_judge::finish() {
  sums_.before = before_.spread();
  sums_.after = after_.spread();
  return sums_;
}

}  // namespace callweir::dashboard

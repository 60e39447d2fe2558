// Did throttling of one kind work: the quality of calls before it and while it was in force.
#pragma once

#include "dashboard/report/mos_samples.hpp"
#include "dashboard/report/policy_history.hpp"

namespace callweir::dashboard {

/// The MOS while `by` was in force: the median of the windows after the ramp. Where none is known:
/// of a call that was never let go its last window, of another one the last before it was. What
/// cannot be told stays open.
measures enforced_mos(const call_record& call, const call_action& by, double ramp_s);

class outcome_judge {
 public:
  /// `line`: the version that acted; nullptr where that is not on record.
  void add(const call_record& call, const call_action& by, const policy_meaning* line);
  outcome finish();

 private:
  outcome sums_;
  mos_samples before_, after_;
};

}  // namespace callweir::dashboard

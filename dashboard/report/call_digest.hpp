// One pass over the calls of a period: what each met, how its MOS went, which were bystanders of
// throttling. Memory: some 100 bytes a call and up to 24 MB of windows, beside the listed ones.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "dashboard/privacy/pseudonyms.hpp"
#include "dashboard/report/bystander_watch.hpp"
#include "dashboard/report/outcome_judge.hpp"
#include "dashboard/report/policy_history.hpp"
#include "dashboard/report/report_model.hpp"

namespace callweir::dashboard {

class call_digest {
 public:
  /// `link_of`: which link a flow was on, "" where that is not known; only asked when `many_links`
  /// and of calls whose record does not say it, as older ones do not.
  struct surroundings {
    policy_history policies;
    bool many_links = false;
    std::function<std::string(const std::string& flow)> link_of;
  };
  call_digest(surroundings around, const pseudonyms& names);

  /// The line that a list shows of it.
  call_line add(call_record call);
  /// Fills in what the calls say: counts, applications, outcomes, bystanders, calls by policy.
  void finish(report_model& into);

 private:
  /// The strongest of what was done to a call.
  struct deed {
    treatment what = treatment::tolerated;
    const call_action* action = nullptr;
    const policy_history::version* line = nullptr;  // nullptr: not on record
  };
  deed strongest(const call_record& call);
  void count(const call_record& call, treatment what);
  void compare(const call_record& call, const deed& done);
  std::optional<std::string> link_of(const call_record& call);
  call_line line_of(const call_record& call, const deed& done) const;

  surroundings around_;
  const pseudonyms& names_;
  std::uint64_t calls_ = 0, emergency_ = 0, emergency_throttled_ = 0, link_unknown_ = 0;
  double seconds_ = 0;
  std::array<std::uint64_t, treatment_count> treated_{};
  std::map<std::string, application_calls> apps_;
  std::vector<std::uint64_t> by_line_;
  bystander_watch beside_;
  outcome_judge degraded_, limited_;
};

}  // namespace callweir::dashboard

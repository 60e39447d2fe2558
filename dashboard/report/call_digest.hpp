// One pass over the calls of a period: what each met, how its MOS went, which were bystanders of
// throttling. Memory: some 100 bytes a call, beside the listed ones.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "dashboard/report/pseudonyms.hpp"
#include "dashboard/report/report_model.hpp"

namespace callweir::dashboard {

/// What a policy's text tells of it.
struct policy_meaning {
  bool names_something = true;  // its match is not empty
  std::optional<double> mos;    // target of `degrade`
  double ramp_s = 10;
};
/// "{ degrade: { mos: 1.8, ramp: 10s } }" and the like, as records carry them.
policy_meaning read_policy_meaning(const std::string& match, const std::string& action);

class call_digest {
 public:
  /// `links_of`: which link a flow was on, "" where that is not known; only asked when
  /// `many_links`.
  struct surroundings {
    std::map<std::string, policy_meaning> policies;
    bool many_links = false;
    std::function<std::string(const std::string& flow)> link_of;
  };
  call_digest(surroundings around, const pseudonyms& names);

  /// The line that a list shows of it.
  call_line add(call_record call);
  /// Fills in what the calls say: counts, applications, outcomes, bystanders, calls by policy.
  void finish(report_model& into);

 private:
  struct span {
    std::uint32_t link;
    time_point from, to;
  };
  struct bystander {
    span when;
    both_ways<float> mos;  // 0 where not known
  };
  struct samples {
    std::vector<float> values;
    std::uint64_t calls = 0;
    void add(const both_ways<float>& mos);
    mos_spread spread();
  };
  struct outcome_samples {
    outcome sums;
    samples before, after;
  };

  treatment treat(const call_record& call, const call_action** strongest) const;
  void judge(const call_record& call, const call_action& by, outcome_samples& into) const;
  std::uint32_t link_number(const call_record& call);
  void compare(report_model& into);

  surroundings around_;
  const pseudonyms& names_;
  std::uint64_t calls_ = 0, emergency_ = 0, emergency_throttled_ = 0, link_unknown_ = 0;
  double seconds_ = 0;
  std::array<std::uint64_t, treatment_count> treated_{};
  std::map<std::string, application_calls> apps_;
  std::map<std::string, std::uint64_t> by_policy_;
  std::map<std::string, std::uint32_t> links_;
  std::vector<span> throttled_;
  std::vector<bystander> beside_;
  outcome_samples degraded_, limited_;
};

}  // namespace callweir::dashboard

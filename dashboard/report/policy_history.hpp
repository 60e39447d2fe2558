// The versions that policy lines had within a period, and which of them it was that acted on a
// call: by name, kind of action and time.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

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

class policy_history {
 public:
  struct version {
    policy_meaning meaning;
    std::size_t line = 0;  // in lines()
    time_point first, last;
  };

  policy_history() = default;
  explicit policy_history(const std::vector<policy_total>& totals);

  /// One a name, action and mode; of several the newest describes them. By newest position.
  const std::vector<policy_line>& lines() const { return lines_; }
  /// The enforced version that did `action` ("degrade", "allow", …) from `since` on; nullptr where
  /// no such line is on record.
  const version* find(const std::string& name, const std::string& action, time_point since) const;

 private:
  std::vector<policy_line> lines_;
  std::map<std::pair<std::string, std::string>, std::vector<version>> versions_;  // by `first`
};

}  // namespace callweir::dashboard

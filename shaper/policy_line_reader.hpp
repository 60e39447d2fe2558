// One line of `policies`: name, match, action, mode.
#pragma once

#include <string>
#include <vector>

#include "base/yaml.hpp"
#include "shaper/policy.hpp"

namespace callweir::shaper {

/// `known` holds the groups and schedules that the line may speak of. `path` is "policies[3]".
policy_line read_policy_line(yaml::problems& found, const yaml::node& value,
                             const std::string& path, const std::vector<std::string>& links,
                             const policy_document& known);

}  // namespace callweir::shaper

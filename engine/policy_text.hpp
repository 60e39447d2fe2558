// Policy lines and the difference between two sets of them, as the administrator reads them.
#pragma once

#include <string>
#include <vector>

#include "shaper/policy.hpp"

namespace callweir::engine {

/// One line's parts in the language of the configuration file.
struct line_text {
  std::string name, match, action, mode;
};
line_text text_of(const shaper::policy_line& line);

/// What changes when `after` replaces `before`, one sentence a change: lines added, removed,
/// changed and moved, and groups, schedules, emergency and time zone. Empty when nothing does.
std::vector<std::string> policy_changes(const shaper::policy_document& before,
                                        const shaper::policy_document& after);

}  // namespace callweir::engine

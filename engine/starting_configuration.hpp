// What an engine begins with. The one that takes over from a dead one must go on with what ran, not
// with what the file says by then: links are not changed by a crash, and a file that somebody is
// editing must not keep the engine from coming back.
#pragma once

#include <string>

#include "engine/policy_keeper.hpp"

namespace callweir::engine {

/// What `kept` holds when it can be read; else what `file` says, which is kept there. `run` removes
/// `kept` when it starts; applied policies replace it. A copy that cannot be written is logged.
result<policy_source> starting_configuration(const std::string& file, const std::string& kept);

}  // namespace callweir::engine

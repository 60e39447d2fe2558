// The verb `check`: what a configuration says, or what is wrong with it.
#pragma once

#include <string>

namespace callweir::engine {

/// Exit code 2 with every mistake on stderr, else 0 with warnings there.
int run_check(const std::string& path, bool dump);

}  // namespace callweir::engine

// A password from whoever sits at the program.
#pragma once

#include <string>

#include "base/result.hpp"

namespace callweir::dashboard {

/// From a terminal: asked for twice, without echo. Else the first line of stdin.
result<std::string> read_new_password(const std::string& account);

}  // namespace callweir::dashboard

// Asks the appliance, over its control socket, to forward everything untouched, or to act again.
#pragma once

#include <string>

#include "base/result.hpp"

namespace callweir::dashboard {

/// Waits at most three seconds. What is so now; an error when nobody answers or it was refused.
/// Any thread.
result<bool> switch_bypass(const std::string& control_socket, bool on);

}  // namespace callweir::dashboard

// The kernel's own wire between two interfaces: traffic control redirects each one's ingress to the
// other's egress. XDP runs before it and takes the frames while a live engine reads them; whenever
// none does, this carries every frame kind (PAUSE, LACP, EAPOL, LLDP, STP, tagged, runts). A bridge
// would not.
#pragma once

#include <string>

#include "base/result.hpp"

namespace callweir::capture {

/// Joins two interfaces both ways. Idempotent; replacing an earlier one loses nothing; left in
/// place on exit. Runs `tc` (iproute2). Error: what tc said.
result<void> join_pass_through(const std::string& inside, const std::string& outside);
/// True when both directions are there.
bool pass_through_is_up(const std::string& inside, const std::string& outside);
/// Takes both directions away (uninstalling, tests). Not an error when there is none.
result<void> remove_pass_through(const std::string& inside, const std::string& outside);

}  // namespace callweir::capture

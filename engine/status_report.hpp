// The `status` record: made by the engine for the control socket, and by the supervisor when no
// engine runs.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/shared_state.hpp"

namespace callweir::engine {

/// What only a running engine knows; the supervisor leaves it empty.
struct status_details {
  std::vector<std::pair<std::string, std::uint64_t>> drops;     // by reason
  std::vector<std::pair<std::string, std::uint64_t>> counters;  // everything else that is counted
  std::uint64_t records_lost = 0;
  std::uint64_t policy_generation = 0;
};

/// One JSON object without the line end.
std::string status_json(const shared_state& shared, const std::vector<std::string>& links,
                        const status_details* details);

}  // namespace callweir::engine

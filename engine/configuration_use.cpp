#include "engine/configuration_use.hpp"

#include <algorithm>

namespace callweir::engine {

classify::classifier_config classifier_settings(const configuration& from, unsigned workers) {
  classify::classifier_config out;
  const unsigned shares = std::max(workers, 1U);
  out.flows_max = std::max((from.engine.flows_max + shares - 1) / shares, 1024U);
  out.timeout_udp = from.engine.timeouts.udp;
  out.timeout_tcp = from.engine.timeouts.tcp;
  out.timeout_unclassified = from.engine.timeouts.unclassified;
  out.emergency_numbers = from.policies.emergency.numbers;
  out.emergency_peers = from.policies.emergency.peers;
  return out;
}

}  // namespace callweir::engine

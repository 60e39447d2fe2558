// `doctor`: looks at the machine and the configured ports and says what to change. Changes nothing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/configuration.hpp"

namespace callweir::engine {

enum class finding_level : std::uint8_t { good, advice, must };

/// One thing that was looked at.
struct finding {
  finding_level level = finding_level::good;
  std::string what;  // "port eth1 (inside of uplink)"
  std::string seen;  // "MTU 9000"
  std::string mend;  // what to do, "" where all is well
};

/// Processors, memory, hugepages, permissions, kernel features, tools.
std::vector<finding> examine_machine();
/// CAP_NET_ADMIN: without it not even the kernel's pass-through can be laid.
bool may_join_interfaces();
/// Interfaces of the links: carrier, MTU, queues, offloads, addresses.
std::vector<finding> examine_links(const std::vector<capture::link_config>& links);

/// Prints the findings. `path`: configuration, "" for the default where it exists. Exit code 1 when
/// something must be changed, 2 when the configuration cannot be read.
int run_doctor(const std::string& path, bool json);

}  // namespace callweir::engine

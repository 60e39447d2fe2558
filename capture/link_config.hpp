// What the configuration says of links and ports. Plain data, no DPDK: the YAML reader fills it in,
// the supervisor and the engine act on it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ip_address.hpp"
#include "base/units.hpp"

namespace callweir::capture {

struct port_config {
  enum class kind { kernel, pci, vdev };
  kind type = kind::kernel;
  std::string device;  // "eth1", "0000:03:00.0", "net_pcap0,iface=eth2"

  friend bool operator==(const port_config&, const port_config&) = default;
};

struct link_config {
  enum class fail_open_mode {
    kernel,        // the kernel's pass-through lies under both ports
    none,          // an engine that dies stops the traffic; said in writing
    bypass_driver  // the card closes a relay by itself
  };
  std::string name;
  port_config inside, outside;
  std::vector<ip_prefix> inside_networks;
  std::optional<bit_rate>
      rate;  // L3 bits/s each direction; gives `prioritise` a queue to be first in
  fail_open_mode fail_open = fail_open_mode::kernel;

  bool is_kernel() const {
    return inside.type == port_config::kind::kernel && outside.type == port_config::kind::kernel;
  }
};

/// Bounds of a configuration.
constexpr std::size_t links_max = 16;
constexpr std::size_t workers_max = 16;

}  // namespace callweir::capture

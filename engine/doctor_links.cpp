#include <fmt/format.h>

#include <algorithm>

#include "capture/kernel_interface.hpp"
#include "capture/pass_through.hpp"
#include "engine/doctor.hpp"

namespace callweir::engine {
namespace {

using capture::kernel_interface;

constexpr unsigned frame_l3_max =
    3498;  // of AF_XDP's chunks, less what precedes and follows the packet

void examine_offloads(const kernel_interface& port, const std::string& what,
                      std::vector<finding>& out) {
  const auto features = port.features();
  if (!features) {
    out.push_back(
        {finding_level::advice, what, "offloads cannot be read", features.error().text()});
    return;
  }
  const auto& altering = capture::altering_features();
  std::string on, stuck;
  for (const auto& feature : *features) {
    if (!feature.active ||
        std::find(altering.begin(), altering.end(), feature.name) == altering.end())
      continue;
    auto& list = feature.changeable ? on : stuck;
    list += (list.empty() ? "" : ", ") + feature.name;
  }
  if (!stuck.empty()) {
    out.push_back({finding_level::must, what,
                   "frames are altered by " + stuck + ", which cannot be switched off",
                   "use another card or driver for this port"});
  } else if (!on.empty()) {
    out.push_back({finding_level::good, what, "'run' will switch off " + on, {}});
  } else {
    out.push_back({finding_level::good, what, "no offload alters frames", {}});
  }
}

void examine_port(const std::string& device, const std::string& what, std::vector<finding>& out) {
  const auto port = kernel_interface::open(device);
  if (!port) {
    out.push_back({finding_level::must, what, port.error().what,
                   "name an interface of this machine ('ip link')"});
    return;
  }
  if (port->is_loopback()) {
    out.push_back({finding_level::must, what, "is the loopback",
                   "name a port that a cable or a bridge leads to"});
    return;
  }
  if (const auto above = port->master(); !above.empty()) {
    out.push_back({finding_level::must, what, "is a member of " + above,
                   "ip link set " + device + " nomaster"});
  }
  out.push_back(port->carrier()
                    ? finding{finding_level::good, what, "has a carrier", {}}
                    : finding{finding_level::advice, what, "has no carrier",
                              "plug it in or set it up: ip link set " + device + " up"});
  if (const auto mtu = port->mtu(); mtu && *mtu > frame_l3_max) {
    out.push_back(
        {finding_level::must, what, fmt::format("MTU {}", *mtu),
         fmt::format("AF_XDP takes at most {} here: ip link set {} mtu 1500, or a PCI link",
                     frame_l3_max, device)});
  } else if (mtu) {
    out.push_back({finding_level::good, what, fmt::format("MTU {}", *mtu), {}});
  }
  const auto queues = port->channels();
  out.push_back({finding_level::good,
                 what,
                 fmt::format("{} of {} receive queues; 'run' sets as many as it polls",
                             queues.receive, queues.receive_max),
                 {}});
  if (port->has_ipv4_address()) {
    out.push_back({finding_level::advice, what, "has an IP address",
                   "a port of a link is no management port: ip addr flush dev " + device});
  }
  examine_offloads(*port, what, out);
}

void examine_pair(const capture::link_config& link, std::vector<finding>& out) {
  const auto inside = kernel_interface::open(link.inside.device);
  const auto outside = kernel_interface::open(link.outside.device);
  if (!inside || !outside) return;
  const auto a = inside->mtu(), b = outside->mtu();
  const std::string what = "link " + link.name;
  if (a && b && *a != *b) {
    out.push_back({finding_level::must, what, fmt::format("MTU {} inside, {} outside", *a, *b),
                   "set both to the same: larger frames would be lost"});
  }
  const bool passes = capture::pass_through_is_up(link.inside.device, link.outside.device);
  out.push_back({finding_level::good,
                 what,
                 passes ? "pass-through is up" : "pass-through is not up: 'run' lays it",
                 {}});
}

}  // namespace

std::vector<finding> examine_links(const std::vector<capture::link_config>& links) {
  std::vector<finding> out;
  for (const auto& link : links) {
    for (const auto& [port, name] :
         {std::pair(&link.inside, "inside"), std::pair(&link.outside, "outside")}) {
      const std::string what = fmt::format("port {} ({} of {})", port->device, name, link.name);
      if (port->type == capture::port_config::kind::kernel) {
        examine_port(port->device, what, out);
      } else {
        out.push_back(
            {finding_level::good, what, "DPDK's own: examined by DPDK when 'run' opens it", {}});
      }
    }
    if (link.is_kernel()) examine_pair(link, out);
  }
  return out;
}

}  // namespace callweir::engine

// The `links` of the configuration.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/yaml_scalar.hpp"
#include "engine/configuration_sections.hpp"
#include "shaper/policy_reader.hpp"

namespace callweir::engine {
namespace {

using capture::link_config;
using capture::port_config;
using yaml::node;
using yaml::problems;

constexpr std::size_t networks_max = 1'024;

/// What the kernel takes as an interface name (net/core/dev.c, dev_valid_name).
bool interface_name(std::string_view name) {
  constexpr std::size_t longest = 15;
  return !name.empty() && name.size() <= longest && name != "." && name != ".." &&
         name.find_first_of("/: \t\n") == std::string_view::npos;
}

/// "0000:03:00.0": domain, bus, device, function.
bool pci_address(std::string_view text) {
  constexpr std::string_view shape = "xxxx:xx:xx.7";
  if (text.size() != shape.size()) return false;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const bool fits = shape[i] == 'x'   ? std::isxdigit(static_cast<unsigned char>(text[i])) != 0
                      : shape[i] == '7' ? text[i] >= '0' && text[i] <= '7'
                                        : text[i] == shape[i];
    if (!fits) return false;
  }
  return true;
}

port_config read_port(problems& found, const node& value, const std::string& path) {
  port_config out;
  const yaml::map_reader reader(found, value, path, {"kernel", "pci", "vdev"});
  if (!value.is_map() || value.entries.size() != 1) {
    if (value.is_map() || value.is_null()) {
      found.add(value.at, "key '" + path + "' expects exactly one of kernel, pci or vdev",
                "write it like `{ kernel: eth1 }`");
    }
    return out;
  }
  const auto& e = value.entries.front();
  const std::string key = path + "." + e.key;
  const auto text = e.value.is_scalar() ? e.value.text : std::string();
  if (e.key == "kernel") {
    if (!interface_name(text)) {
      found.add(
          e.value.at,
          "key '" + key + "' expects the name of a network interface, not " + e.value.described(),
          "write it like `{ kernel: eth1 }`; `ip link` lists them");
    }
    out = {port_config::kind::kernel, text};
  } else if (e.key == "pci") {
    if (!pci_address(text)) {
      found.add(e.value.at, "key '" + key + "' expects a PCI address, not " + e.value.described(),
                "write it like `{ pci: \"0000:03:00.0\" }`; `lspci -D` lists them");
    }
    out = {port_config::kind::pci, text};
  } else if (e.key == "vdev") {
    constexpr std::size_t longest = 512;
    if (!text.starts_with("net_") || text.size() > longest) {
      found.add(
          e.value.at,
          "key '" + key + "' expects a DPDK device with its arguments, not " + e.value.described(),
          "write it like `{ vdev: \"net_pcap0,iface=eth2\" }`");
    }
    out = {port_config::kind::vdev, text};
  }
  return out;
}

void read_fail_open(problems& found, const yaml::map_reader& reader, const node& link,
                    link_config& out) {
  const auto* value = reader.get("fail_open");
  if (value != nullptr) {
    const auto i = yaml::read_word(found, *value, reader.path("fail_open"), {"kernel", "none"});
    if (!i) return;
    out.fail_open =
        *i == 0 ? link_config::fail_open_mode::kernel : link_config::fail_open_mode::none;
  }
  if (out.is_kernel() || out.fail_open != link_config::fail_open_mode::kernel) return;
  const auto& port = out.inside.type != port_config::kind::kernel ? out.inside : out.outside;
  if (port.device.empty()) return;  // complained of already
  found.add(value != nullptr ? value->at : link.at,
            "key '" + reader.path("fail_open") + "' expects none with '" + port.device +
                "': the kernel cannot pass traffic on when the engine is gone",
            "write `fail_open: none` to accept that, or use `kernel:` ports");
}

link_config read_link(problems& found, const node& value, const std::string& path) {
  link_config out;
  out.inside_networks = {};
  const yaml::map_reader reader(
      found, value, path, {"name", "inside", "outside", "inside_networks", "rate", "fail_open"});
  if (!value.is_map()) {
    if (value.is_null()) {
      found.add(
          value.at, "key '" + path + "' expects a link, not nothing",
          "write it like `{ name: uplink, inside: { kernel: eth1 }, outside: { kernel: eth2 } }`");
    }
    return out;
  }
  if (const auto* name = reader.required("name", "name: uplink")) {
    out.name = shaper::read_name(found, *name, reader.path("name")).value_or("");
  }
  if (const auto* inside = reader.required("inside", "inside: { kernel: eth1 }")) {
    out.inside = read_port(found, *inside, reader.path("inside"));
  }
  if (const auto* outside = reader.required("outside", "outside: { kernel: eth2 }")) {
    out.outside = read_port(found, *outside, reader.path("outside"));
  }
  if (const auto* networks = reader.get("inside_networks")) {
    out.inside_networks =
        shaper::read_networks(found, *networks, reader.path("inside_networks"), networks_max);
  }
  if (const auto* rate = reader.get("rate")) {
    out.rate = yaml::read_rate(found, *rate, reader.path("rate"), bit_rate{64'000},
                               bit_rate{400'000'000'000}, "1Gbit");
  }
  read_fail_open(found, reader, value, out);
  return out;
}

/// Names and devices are used once.
void check_unique(problems& found, const node& value, const std::vector<link_config>& links) {
  std::vector<const port_config*> ports;
  for (std::size_t i = 0; i < links.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (links[i].name.empty() || links[i].name != links[j].name) continue;
      found.add(value.items[i].at,
                fmt::format("link name '{}' is used twice, expected once: key 'links[{}].name'",
                            links[i].name, i),
                fmt::format("the first is at line {}: rename one", value.items[j].at.line));
      break;
    }
    for (const auto* port : {&links[i].inside, &links[i].outside}) {
      const auto same = [&](const port_config* p) { return *p == *port; };
      if (!port->device.empty() && std::any_of(ports.begin(), ports.end(), same)) {
        found.add(value.items[i].at,
                  fmt::format("device '{}' is used twice, expected once: key 'links[{}].{}'",
                              port->device, i, port == &links[i].inside ? "inside" : "outside"),
                  "every port needs a device of its own");
      }
      ports.push_back(port);
    }
  }
}

}  // namespace

std::vector<link_config> read_links(problems& found, const node& value) {
  std::vector<link_config> out;
  if (!value.is_sequence()) {
    found.add(value.at, "key 'links' expects a list of links, not " + value.described(),
              "begin each link with `- name: …`");
    return out;
  }
  if (value.items.size() > capture::links_max) {
    found.add(value.at,
              fmt::format("key 'links' expects at most {} links, not {}", capture::links_max,
                          value.items.size()),
              "run another appliance for the others");
    return out;
  }
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    out.push_back(read_link(found, value.items[i], fmt::format("links[{}]", i)));
  }
  check_unique(found, value, out);
  return out;
}

}  // namespace callweir::engine

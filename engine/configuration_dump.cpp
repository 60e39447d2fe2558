// The configuration as YAML with all defaults, and comparing two of them key by key.
#include <fmt/format.h>

#include <algorithm>

#include "base/yaml_scalar.hpp"
#include "engine/configuration.hpp"
#include "shaper/policy_reader.hpp"

namespace callweir::engine {
namespace {

using yaml::scalar_text;

std::string port_text(const capture::port_config& port) {
  using kind = capture::port_config::kind;
  const char* key = port.type == kind::kernel ? "kernel" : port.type == kind::pci ? "pci" : "vdev";
  return fmt::format("{{ {}: {} }}", key, scalar_text(port.device));
}

std::string link_text(const capture::link_config& link) {
  using mode = capture::link_config::fail_open_mode;
  std::string out =
      fmt::format("  - name: {}\n    inside: {}\n    outside: {}\n", scalar_text(link.name),
                  port_text(link.inside), port_text(link.outside));
  if (!link.inside_networks.empty()) {
    out += "    inside_networks: [";
    for (std::size_t i = 0; i < link.inside_networks.size(); ++i) {
      out += (i > 0 ? ", " : "") + scalar_text(link.inside_networks[i].text());
    }
    out += "]\n";
  }
  if (link.rate) out += fmt::format("    rate: {}\n", yaml::rate_text(*link.rate));
  out += fmt::format("    fail_open: {}\n", link.fail_open == mode::kernel ? "kernel" : "none");
  return out;
}

std::string engine_text(const engine_settings& e) {
  constexpr const char* modes[] = {"auto", "on", "off"};
  return fmt::format(
      "engine:\n  workers: {}\n  flows: {}\n  hugepages: {}\n"
      "  timeouts: {{ udp: {}, tcp: {}, unclassified: {} }}\n",
      e.workers == 0 ? std::string("auto") : std::to_string(e.workers),
      yaml::count_text(e.flows_max), modes[static_cast<int>(e.hugepages)],
      yaml::duration_text(e.timeouts.udp), yaml::duration_text(e.timeouts.tcp),
      yaml::duration_text(e.timeouts.unclassified));
}

std::string services_text(const configuration& c) {
  using mode = dashboard_settings::tls_mode;
  std::string out = "store:\n";
  out += c.store.clickhouse_url.empty()
             ? fmt::format("  sqlite: {}\n", scalar_text(c.store.sqlite))
             : fmt::format("  clickhouse: {{ url: {} }}\n", scalar_text(c.store.clickhouse_url));
  out += fmt::format("  keep: {}\n  max_size: {}\n", yaml::duration_text(c.store.keep),
                     yaml::size_text(c.store.max_size_bytes));
  out += fmt::format("privacy:\n  pseudonymise: {}\n", c.pseudonymise);
  out += fmt::format("dashboard:\n  listen: {}\n", scalar_text(c.dashboard.listen));
  out += c.dashboard.tls == mode::files
             ? fmt::format("  tls: {{ certificate: {}, key: {} }}\n",
                           scalar_text(c.dashboard.certificate), scalar_text(c.dashboard.key))
             : fmt::format("  tls: {}\n", c.dashboard.tls == mode::off ? "off" : "auto");
  out += "export:\n";
  if (!c.export_to.ipfix.empty())
    out += fmt::format("  ipfix: {}\n", scalar_text(c.export_to.ipfix));
  if (!c.export_to.syslog.empty()) {
    out += fmt::format("  syslog: {}\n", scalar_text(c.export_to.syslog));
  }
  return out + fmt::format("  prometheus: {}\n", c.export_to.prometheus);
}

/// All places where two trees differ, deepest first named.
void compare(const yaml::node& a, const yaml::node& b, const std::string& path,
             std::vector<std::string>& out) {
  if (a.what != b.what || a.text != b.text) {
    out.push_back(path);
    return;
  }
  if (a.is_sequence() && a.items.size() != b.items.size()) {
    out.push_back(path);
    return;
  }
  for (std::size_t i = 0; i < a.items.size(); ++i) {
    compare(a.items[i], b.items[i], fmt::format("{}[{}]", path, i), out);
  }
  const auto find = [](const yaml::node& n, const std::string& key) -> const yaml::node* {
    const auto named = [&](const yaml::entry& e) { return e.key == key; };
    const auto it = std::find_if(n.entries.begin(), n.entries.end(), named);
    return it == n.entries.end() ? nullptr : &it->value;
  };
  const auto below = [&](const std::string& key) { return path.empty() ? key : path + "." + key; };
  for (const auto& e : a.entries) {
    const auto* other = find(b, e.key);
    other == nullptr ? out.push_back(below(e.key)) : compare(e.value, *other, below(e.key), out);
  }
  for (const auto& e : b.entries) {
    if (find(a, e.key) == nullptr) out.push_back(below(e.key));
  }
}

}  // namespace

std::string dump_configuration(const configuration& what) {
  std::string out = fmt::format("site: {}\n", scalar_text(what.site));
  out += what.links.empty() ? "links: []\n" : "links:\n";
  for (const auto& link : what.links) out += link_text(link);
  out += engine_text(what.engine);
  out += shaper::write_policies(what.policies);
  return out + services_text(what);
}

std::vector<std::string> differing_keys(const configuration& before, const configuration& after) {
  std::vector<std::string> out;
  const auto a = yaml::parse(dump_configuration(before), "before");
  const auto b = yaml::parse(dump_configuration(after), "after");
  if (a && b) compare(*a, *b, "", out);
  return out;
}

std::vector<std::string> keys_needing_restart(const configuration& before,
                                              const configuration& after) {
  std::vector<std::string> out;
  for (auto& key : differing_keys(before, after)) {
    for (const std::string_view section : {"links", "engine", "store", "dashboard"}) {
      if (key.starts_with(section)) {
        out.push_back(std::move(key));
        break;
      }
    }
  }
  return out;
}

}  // namespace callweir::engine

// The whole configuration file as data: read with every problem found, written back with every
// default. docs/reference/configuration.md lists keys, units, defaults and bounds. Control path
// only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/service_settings.hpp"
#include "base/units.hpp"
#include "capture/link_config.hpp"
#include "shaper/policy.hpp"

namespace callweir::engine {

enum class hugepage_mode : std::uint8_t { automatic, on, off };  // on: refuse to run without

struct flow_timeouts {
  nanoseconds udp = std::chrono::seconds(200);
  nanoseconds tcp = std::chrono::hours(1);
  nanoseconds unclassified = std::chrono::seconds(5);
};

struct engine_settings {
  std::uint32_t workers = 0;  // 0: auto, one a core that is left after the control thread
  std::uint32_t flows_max = 1'000'000;
  hugepage_mode hugepages = hugepage_mode::automatic;
  flow_timeouts timeouts;
};

struct configuration {
  std::string site = "callweir";
  std::vector<capture::link_config> links;
  engine_settings engine;
  shaper::policy_document policies;  // with timezone, groups, schedules, emergency
  store_settings store;
  bool pseudonymise = false;
  dashboard_settings dashboard;
  export_settings export_to;
  std::vector<error> warnings;  // what reading found odd but possible; not part of the language

  const std::string& timezone() const { return policies.timezone; }
  /// By index, as packets and matches speak of links.
  std::vector<std::string> link_names() const;
};

constexpr const char* configuration_path_default = "/etc/callweir/callweir.yaml";

/// A value, or every error that was found.
template <class T>
using result_list = tl::expected<T, std::vector<error>>;

/// `filename` is for messages only.
result_list<configuration> read_configuration(std::string_view text, const std::string& filename);
/// Reads the file; at most 1 MiB.
result_list<configuration> load_configuration(const std::string& path);

/// YAML with every default written out; read_configuration() gives the same configuration back.
std::string dump_configuration(const configuration& what);

/// Keys ("links[0].rate", "policies[2].action") whose values differ, in the order of the file.
std::vector<std::string> differing_keys(const configuration& before, const configuration& after);
/// Those of them that a running appliance cannot take over: below links, engine, store and
/// dashboard.
std::vector<std::string> keys_needing_restart(const configuration& before,
                                              const configuration& after);

}  // namespace callweir::engine

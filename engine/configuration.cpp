#include "engine/configuration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "base/yaml_scalar.hpp"
#include "engine/configuration_sections.hpp"
#include "shaper/policy_reader.hpp"

namespace callweir::engine {
namespace {

void read_engine(const yaml::node& value, yaml::problems& found, engine_settings& out) {
  using namespace std::chrono_literals;
  const yaml::map_reader section(found, value, "engine",
                                 {"workers", "flows", "hugepages", "timeouts"});
  if (const auto* workers = section.get("workers")) {
    if (!workers->is_scalar() || workers->text != "auto") {
      const auto read = yaml::read_count(found, *workers, "engine.workers", 1, capture::workers_max,
                                         "auto` or `2");
      out.workers = static_cast<std::uint32_t>(read.value_or(0));
    }
  }
  if (const auto* flows = section.get("flows")) {
    const auto read = yaml::read_count(found, *flows, "engine.flows", 1'000, 64'000'000, "1M");
    out.flows_max = static_cast<std::uint32_t>(read.value_or(out.flows_max));
  }
  if (const auto* pages = section.get("hugepages")) {
    const auto i = yaml::read_word(found, *pages, "engine.hugepages", {"auto", "on", "off"});
    if (i) out.hugepages = static_cast<hugepage_mode>(*i);
  }
  const auto* timeouts = section.get("timeouts");
  if (timeouts == nullptr) return;
  const yaml::map_reader times(found, *timeouts, "engine.timeouts", {"udp", "tcp", "unclassified"});
  const auto read = [&](std::string_view key, nanoseconds least, nanoseconds most,
                        const char* example, nanoseconds& target) {
    const auto* n = times.get(key);
    if (n == nullptr) return;
    target = yaml::read_duration(found, *n, times.path(key), least, most, example).value_or(target);
  };
  read("udp", 10s, 24h, "200s", out.timeouts.udp);
  read("tcp", 10s, 168h, "1h", out.timeouts.tcp);
  read("unclassified", 100ms, 600s, "5s", out.timeouts.unclassified);
}

/// `prioritise` needs a queue to be first in, and that needs the link's rate.
void warn_of_prioritise(configuration& out) {
  for (const auto& line : out.policies.lines) {
    if (line.then.kind != shaper::action_kind::prioritise) continue;
    for (const auto& link : out.links) {
      const auto& only = line.when.links;
      if (link.rate ||
          (!only.empty() && std::find(only.begin(), only.end(), link.name) == only.end())) {
        continue;
      }
      out.warnings.push_back(
          {"policy '" + line.name + "': prioritise equals allow on link '" + link.name + "'",
           line.where, "write the link's `rate`, so that there is a queue to be first in"});
    }
  }
}

}  // namespace

std::vector<std::string> configuration::link_names() const {
  std::vector<std::string> names;
  for (const auto& link : links) names.push_back(link.name);
  return names;
}

result_list<configuration> read_configuration(std::string_view text, const std::string& filename) {
  const auto tree = yaml::parse(text, filename);
  if (!tree) return tl::unexpected(std::vector<error>{tree.error()});
  yaml::problems found(filename);
  std::vector<std::string_view> keys{"site",    "links",     "engine", "store",
                                     "privacy", "dashboard", "export"};
  for (const auto key : shaper::policy_keys()) keys.push_back(key);
  const yaml::map_reader file(found, *tree, "", keys);
  configuration out;
  const auto with = [&](std::string_view key, auto&& read) {
    const auto* value = file.get(key);
    if (value != nullptr && !value->is_null()) read(*value);
  };
  with("site", [&](const yaml::node& n) {
    out.site = shaper::read_name(found, n, "site").value_or(out.site);
  });
  with("links", [&](const yaml::node& n) { out.links = read_links(found, n); });
  with("engine", [&](const yaml::node& n) { read_engine(n, found, out.engine); });
  out.policies = shaper::read_policies(file, out.link_names());
  with("store", [&](const yaml::node& n) { out.store = read_store(found, n); });
  with("privacy", [&](const yaml::node& n) {
    const yaml::map_reader section(found, n, "privacy", {"pseudonymise"});
    const auto* value = section.get("pseudonymise");
    if (value == nullptr) return;
    out.pseudonymise = yaml::read_bool(found, *value, "privacy.pseudonymise").value_or(false);
  });
  with("dashboard", [&](const yaml::node& n) { out.dashboard = read_dashboard(found, n); });
  with("export", [&](const yaml::node& n) { out.export_to = read_export(found, n); });
  if (!found.none()) return tl::unexpected(found.errors());
  out.warnings = found.warnings();
  if (out.links.empty()) {
    out.warnings.push_back({"no link is configured", found.where({}),
                            "`run` needs `links: [{ name: …, inside: …, outside: … }]`"});
  }
  warn_of_prioritise(out);
  return out;
}

result_list<configuration> load_configuration(const std::string& path) {
  const auto refuse = [&](const std::string& what) {
    return tl::unexpected(std::vector<error>{
        {what, path, "does the file exist, and may this user read it? -c names another"}});
  };
  std::ifstream in(path, std::ios::binary);
  if (!in) return refuse("cannot open the configuration");
  std::string text(yaml::text_bytes_max + 1,
                   '\0');  // one more than allowed, so that parse() refuses
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad() || (in.fail() && !in.eof())) return refuse("cannot read the configuration");
  text.resize(static_cast<std::size_t>(in.gcount()));
  return read_configuration(text, path);
}

}  // namespace callweir::engine

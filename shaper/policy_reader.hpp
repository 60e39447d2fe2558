// Reads and checks the part of the configuration that is the policy language: `timezone`, `groups`,
// `schedules`, `emergency` and `policies`. Control path only.
#pragma once

#include <string>
#include <vector>

#include "base/yaml.hpp"
#include "shaper/policy.hpp"

namespace callweir::shaper {

/// The top-level keys that read_policies() takes.
std::vector<std::string_view> policy_keys();

/// `file` is the whole file, its keys checked already; `links` are the names that a match may speak
/// of. What is wrong goes to file.found(); the document then holds what could be read and must not
/// be used.
policy_document read_policies(const yaml::map_reader& file, const std::vector<std::string>& links);

/// A name of a group, schedule, policy or link: letters, digits, '_', '-', '.'.
std::optional<std::string> read_name(yaml::problems& found, const yaml::node& value,
                                     const std::string& path);
/// A list of networks; one that has bits beyond its prefix gets a warning.
std::vector<ip_prefix> read_networks(yaml::problems& found, const yaml::node& value,
                                     const std::string& path, std::size_t most);

/// The same document as YAML, all defaults written out; read_policies() gives it back.
std::string write_policies(const policy_document& document);

}  // namespace callweir::shaper

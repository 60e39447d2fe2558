#include "shaper/policy_reader.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/yaml_scalar.hpp"
#include "shaper/policy_line_reader.hpp"
#include "shaper/schedule.hpp"
#include "shaper/site_time.hpp"

namespace callweir::shaper {
namespace {

bool too_many(yaml::problems& found, const yaml::node& value, const std::string& path,
              std::size_t count, std::size_t most) {
  if (count <= most) return false;
  found.add(value.at, fmt::format("key '{}' expects at most {} entries, not {}", path, most, count),
            "merge some of them");
  return true;
}

std::string read_timezone(const yaml::map_reader& file) {
  const yaml::node* value = file.get("timezone");
  if (value == nullptr) return "UTC";
  const auto name = yaml::read_text(file.found(), *value, "timezone", 64);
  if (!name) return "UTC";
  if (!time_zone_known(*name)) {
    const auto names = time_zone_names();
    const std::vector<std::string_view> known(names.begin(), names.end());
    const auto near = yaml::closest(*name, known);
    file.found().add(
        value->at,
        "key 'timezone' expects a name of the IANA time-zone database, not " + value->described(),
        near.empty() ? "write it like `Europe/Berlin` (needs the package tzdata)"
                     : "did you mean '" + near + "'?");
  }
  return *name;
}

void read_groups(const yaml::map_reader& file, policy_document& out) {
  const yaml::node* value = file.get("groups");
  if (value == nullptr || value->is_null()) return;
  auto& found = file.found();
  if (!value->is_map()) {
    found.add(value->at,
              "key 'groups' expects a map of names to networks, not " + value->described(),
              "write it like `groups: { sales: [10.1.0.0/16] }`");
    return;
  }
  if (too_many(found, *value, "groups", value->entries.size(), groups_max)) return;
  for (const auto& e : value->entries) {
    const std::string path = "groups." + e.key;
    read_name(found, {.what = yaml::node::kind::scalar, .at = e.at, .text = e.key, .entries = {}},
              path);
    const auto same = [&](const group& g) { return g.name == e.key; };
    if (std::any_of(out.groups.begin(), out.groups.end(), same)) {
      found.add(e.at, "group '" + e.key + "' is defined twice, expected once",
                "put all its networks into one list");
    }
    out.groups.push_back({e.key, read_networks(found, e.value, path, group_networks_max)});
  }
}

void read_schedules(const yaml::map_reader& file, policy_document& out) {
  const yaml::node* value = file.get("schedules");
  if (value == nullptr || value->is_null()) return;
  auto& found = file.found();
  if (!value->is_map()) {
    found.add(value->at,
              "key 'schedules' expects a map of names to times, not " + value->described(),
              "write it like `schedules: { office: \"Mon-Fri 08:00-18:00\" }`");
    return;
  }
  if (too_many(found, *value, "schedules", value->entries.size(), schedules_max)) return;
  for (const auto& e : value->entries) {
    const std::string path = "schedules." + e.key;
    read_name(found, {.what = yaml::node::kind::scalar, .at = e.at, .text = e.key, .entries = {}},
              path);
    const auto same = [&](const schedule& s) { return s.name == e.key; };
    if (std::any_of(out.schedules.begin(), out.schedules.end(), same)) {
      found.add(e.at, "schedule '" + e.key + "' is defined twice, expected once",
                "write its windows in one text, parted by commas");
    }
    schedule fresh{e.key, {}, {}};
    if (const auto text = yaml::read_text(found, e.value, path, 1'024)) {
      fresh.text = *text;
      if (const auto minutes = parse_schedule(*text)) {
        fresh.minutes = *minutes;
      } else {
        found.add(e.value.at,
                  "key '" + path + "' expects days and times of the week: " + minutes.error().what,
                  minutes.error().mend);
      }
    }
    out.schedules.push_back(std::move(fresh));
  }
}

bool dialable(std::string_view number) {
  constexpr std::size_t digits_max = 32;
  constexpr std::string_view allowed = "0123456789+*#";
  return !number.empty() && number.size() <= digits_max &&
         number.find_first_not_of(allowed) == std::string_view::npos;
}

void read_emergency(const yaml::map_reader& file, policy_document& out) {
  const yaml::node* value = file.get("emergency");
  if (value == nullptr) return;
  auto& found = file.found();
  const yaml::map_reader section(found, *value, "emergency", {"numbers", "peers"});
  if (const auto* numbers = section.get("numbers")) {
    out.emergency.numbers.clear();
    const auto items = yaml::read_list(found, *numbers, "emergency.numbers");
    if (too_many(found, *numbers, "emergency.numbers", items.size(), emergency_max)) return;
    for (const auto* item : items) {
      if (item->is_scalar() && dialable(item->text)) {
        out.emergency.numbers.push_back(item->text);
      } else {
        found.add(item->at,
                  "key 'emergency.numbers' expects numbers as dialled (digits, +, *, #), not " +
                      item->described(),
                  "write it like `[112, 911]`");
      }
    }
  }
  if (const auto* peers = section.get("peers")) {
    const auto items = yaml::read_list(found, *peers, "emergency.peers");
    if (too_many(found, *peers, "emergency.peers", items.size(), emergency_max)) return;
    for (const auto* item : items) {
      const auto address = ip_address::parse(item->is_scalar() ? item->text : "");
      if (address) {
        out.emergency.peers.push_back(*address);
      } else {
        found.add(item->at, "key 'emergency.peers' expects addresses, not " + item->described(),
                  "write it like `[10.0.5.11]`");
      }
    }
  }
}

/// Two lines of one name, and lines that no flow can reach.
void check_order(yaml::problems& found, const std::vector<policy_line>& lines,
                 const std::vector<yaml::position>& places) {
  const policy_line* catch_all = nullptr;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto& line = lines[i];
    for (std::size_t j = 0; j < i; ++j) {
      if (lines[j].name != line.name || line.name.empty()) continue;
      found.add(places[i], "policy name '" + line.name + "' is used twice, expected once",
                fmt::format("the first is at line {}: rename one", places[j].line));
      break;
    }
    if (catch_all != nullptr && !line.when.emergency.value_or(false)) {
      found.warn(places[i], "policy '" + line.name + "' is never reached",
                 "move it above '" + catch_all->name + "', which matches everything");
    }
    if (line.enforce && line.when.empty() && line.then.kind != action_kind::degrade) {
      catch_all = catch_all == nullptr ? &line : catch_all;
    }
  }
}

}  // namespace

std::vector<std::string_view> policy_keys() {
  return {"timezone", "groups", "schedules", "emergency", "policies"};
}

std::optional<std::string> read_name(yaml::problems& found, const yaml::node& value,
                                     const std::string& path) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  };
  if (value.is_scalar() && !value.text.empty() && value.text.size() <= name_bytes_max &&
      std::all_of(value.text.begin(), value.text.end(), allowed)) {
    return value.text;
  }
  found.add(
      value.at,
      fmt::format("key '{}' expects a name of 1 to {} letters, digits, '-', '_' or '.', not {}",
                  path, name_bytes_max, value.described()),
      "write it like `company-pbx`");
  return std::nullopt;
}

std::vector<ip_prefix> read_networks(yaml::problems& found, const yaml::node& value,
                                     const std::string& path, std::size_t most) {
  std::vector<ip_prefix> out;
  const auto items = yaml::read_list(found, value, path);
  if (too_many(found, value, path, items.size(), most)) return out;
  if (value.is_sequence() && items.empty()) {
    found.add(value.at, "key '" + path + "' expects at least one network, not an empty list",
              "write it like `[10.1.0.0/16, \"2001:db8::/32\"]`, or remove it");
  }
  for (const auto* item : items) {
    const auto network = ip_prefix::parse(item->is_scalar() ? item->text : "");
    if (!network) {
      found.add(item->at, "key '" + path + "' expects networks, not " + item->described(),
                network.error().mend);
      continue;
    }
    const auto written = ip_address::parse(item->text.substr(0, item->text.find('/')));
    if (written && *written != network->address) {
      found.warn(item->at, "key '" + path + "': " + item->text + " has bits beyond its prefix",
                 "it is read as " + network->text());
    }
    out.push_back(*network);
  }
  return out;
}

policy_document read_policies(const yaml::map_reader& file, const std::vector<std::string>& links) {
  policy_document out;
  auto& found = file.found();
  out.timezone = read_timezone(file);
  read_groups(file, out);
  read_schedules(file, out);
  read_emergency(file, out);
  const yaml::node* value = file.get("policies");
  if (value == nullptr || value->is_null()) return out;
  if (!value->is_sequence()) {
    found.add(value->at, "key 'policies' expects a list of lines, not " + value->described(),
              "begin each line with `- { name: …, match: …, action: … }`");
    return out;
  }
  if (too_many(found, *value, "policies", value->items.size(), lines_max)) return out;
  std::vector<yaml::position> places;
  for (std::size_t i = 0; i < value->items.size(); ++i) {
    const auto& item = value->items[i];
    out.lines.push_back(read_policy_line(found, item, fmt::format("policies[{}]", i), links, out));
    places.push_back(item.at);
  }
  check_order(found, out.lines, places);
  return out;
}

}  // namespace callweir::shaper

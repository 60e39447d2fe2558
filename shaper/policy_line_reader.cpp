#include "shaper/policy_line_reader.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/applications.hpp"
#include "base/yaml_scalar.hpp"
#include "shaper/policy_reader.hpp"

namespace callweir::shaper {
namespace {

using yaml::node;
using yaml::problems;

constexpr std::uint8_t confidence_default_pct = 90;
constexpr bit_rate rate_min{1'000}, rate_max{100'000'000'000};
constexpr std::uint64_t burst_min = 1'500, burst_max = 1'000'000'000;

/// Names out of `known`; `noun` is "group", `section` where it is defined.
std::vector<std::string> read_references(problems& found, const node& value,
                                         const std::string& path,
                                         const std::vector<std::string_view>& known,
                                         const std::string& noun) {
  std::vector<std::string> out;
  for (const auto* item : yaml::read_list(found, value, path)) {
    if (item->is_scalar() && std::find(known.begin(), known.end(), item->text) != known.end()) {
      out.push_back(item->text);
    } else {
      found.add(item->at,
                "key '" + path + "' expects the name of a " + noun + ", not " + item->described(),
                yaml::suggestion(item->text, known));
    }
  }
  return out;
}

std::vector<app_id> read_apps(problems& found, const node& value, const std::string& path) {
  std::vector<app_id> out;
  for (const auto* item : yaml::read_list(found, value, path)) {
    if (const auto id = item->is_scalar() ? find_application(item->text) : std::nullopt) {
      out.push_back(*id);
      continue;
    }
    const auto names = application_names();
    const auto near = yaml::closest(item->text, {names.begin(), names.end()});
    found.add(item->at,
              "key '" + path + "' expects the name of an application, not " + item->described(),
              near.empty() ? "the names are listed in docs/reference/applications.md"
                           : "did you mean '" + near + "'?");
  }
  return out;
}

std::vector<flow_role> read_roles(problems& found, const node& value, const std::string& path) {
  constexpr std::array roles{flow_role::voice,      flow_role::video,   flow_role::media,
                             flow_role::signalling, flow_role::overlay, flow_role::im,
                             flow_role::file,       flow_role::other,   flow_role::unknown};
  std::vector<std::string_view> words;
  for (const auto role : roles) words.emplace_back(flow_role_name(role));
  std::vector<flow_role> out;
  for (const auto* item : yaml::read_list(found, value, path)) {
    if (const auto i = yaml::read_word(found, *item, path, words)) out.push_back(roles[*i]);
  }
  return out;
}

std::vector<std::uint16_t> read_vlans(problems& found, const node& value, const std::string& path) {
  std::vector<std::uint16_t> out;
  for (const auto* item : yaml::read_list(found, value, path)) {
    if (const auto id = yaml::read_count(found, *item, path, 0, 4094, "[10, 20]")) {
      out.push_back(static_cast<std::uint16_t>(*id));
    }
  }
  return out;
}

void bound_lists(problems& found, const node& value, const std::string& path) {
  for (const auto& e : value.entries) {
    if (e.value.is_sequence() && e.value.items.empty()) {
      found.add(e.value.at,
                "key '" + path + "." + e.key + "' expects at least one value, not an empty list",
                "remove the key: what is not written matches everything");
    } else if (e.value.is_null()) {
      found.add(e.at, "key '" + path + "." + e.key + "' expects a value, not nothing",
                "remove the key: what is not written matches everything");
    } else if (e.value.items.size() > match_values_max) {
      found.add(e.value.at,
                "key '" + path + "." + e.key + "' expects at most " +
                    std::to_string(match_values_max) + " values",
                "use wider networks or a group");
    }
  }
}

match read_match(problems& found, const node& value, const std::string& path,
                 const std::vector<std::string>& links, const policy_document& known) {
  match out;
  if (value.is_null()) {
    found.add(value.at, "key '" + path + "' expects a map of conditions, not nothing",
              "write `match: {}` to match everything");
    return out;
  }
  const yaml::map_reader reader(found, value, path,
                                {"group", "src", "dst", "link", "vlan", "app", "role", "voip",
                                 "p2p", "call", "emergency", "schedule", "min_confidence"});
  bound_lists(found, value, path);
  const auto with = [&](std::string_view key, auto&& read) {
    const node* n = reader.get(key);
    const bool empty = n != nullptr && (n->is_null() || (n->is_sequence() && n->items.empty()));
    if (n != nullptr && !empty) read(*n, reader.path(key));
  };
  std::vector<std::string_view> group_names, schedule_names;
  for (const auto& g : known.groups) group_names.emplace_back(g.name);
  for (const auto& s : known.schedules) schedule_names.emplace_back(s.name);
  with("group", [&](const node& n, const std::string& p) {
    out.groups = read_references(found, n, p, group_names, "group");
  });
  with("src", [&](const node& n, const std::string& p) {
    out.src = read_networks(found, n, p, match_values_max);
  });
  with("dst", [&](const node& n, const std::string& p) {
    out.dst = read_networks(found, n, p, match_values_max);
  });
  with("link", [&](const node& n, const std::string& p) {
    out.links = read_references(found, n, p, {links.begin(), links.end()}, "link");
  });
  with("vlan", [&](const node& n, const std::string& p) { out.vlans = read_vlans(found, n, p); });
  with("app", [&](const node& n, const std::string& p) { out.apps = read_apps(found, n, p); });
  with("role", [&](const node& n, const std::string& p) { out.roles = read_roles(found, n, p); });
  const auto flag = [&](std::string_view key, std::optional<bool>& target) {
    with(key, [&](const node& n, const std::string& p) { target = yaml::read_bool(found, n, p); });
  };
  flag("voip", out.voip);
  flag("p2p", out.p2p);
  flag("call", out.call);
  flag("emergency", out.emergency);
  with("schedule", [&](const node& n, const std::string& p) {
    if (n.is_scalar()) {
      const auto name = read_references(found, n, p, schedule_names, "schedule");
      if (!name.empty()) out.schedule = name.front();
    } else {
      found.add(n.at, "key '" + p + "' expects the name of one schedule, not " + n.described(),
                "write all windows into one schedule, parted by commas");
    }
  });
  with("min_confidence", [&](const node& n, const std::string& p) {
    if (const auto share = yaml::read_number(found, n, p, 0, 1, "0.9")) {
      out.min_confidence_pct = static_cast<std::uint8_t>(std::lround(*share * 100));
    }
  });
  if (!out.min_confidence_pct && (out.voip || out.p2p || !out.apps.empty() || !out.roles.empty())) {
    out.min_confidence_pct = confidence_default_pct;
  }
  return out;
}

void read_limit(problems& found, const node& value, const std::string& path, action& out) {
  out.kind = action_kind::limit;
  const yaml::map_reader reader(found, value, path, {"rate", "burst", "per"});
  if (value.is_null()) {
    found.add(value.at, "key '" + path + "' expects a map with 'rate', not nothing",
              "write it like `{ limit: { rate: 64kbit, per: call } }`");
  }
  if (const auto* rate = reader.required("rate", "rate: 64kbit")) {
    const auto read =
        yaml::read_rate(found, *rate, reader.path("rate"), rate_min, rate_max, "64kbit");
    out.rate = read.value_or(rate_min);
  }
  if (const auto* burst = reader.get("burst")) {
    const auto bytes =
        yaml::read_size(found, *burst, reader.path("burst"), burst_min, burst_max, "16kB");
    out.burst_bytes = static_cast<std::uint32_t>(bytes.value_or(0));
  }
  if (out.burst_bytes == 0) out.burst_bytes = default_burst_bytes(out.rate);
  if (const auto* per = reader.get("per")) {
    const auto i = yaml::read_word(found, *per, reader.path("per"),
                                   {"call", "flow", "host", "group", "policy"});
    if (i) out.per = static_cast<limit_per>(*i);
  }
}

void read_degrade(problems& found, const node& value, const std::string& path, action& out) {
  out.kind = action_kind::degrade;
  const yaml::map_reader reader(found, value, path, {"mos", "ramp"});
  if (value.is_null()) {
    found.add(value.at, "key '" + path + "' expects a map with 'mos', not nothing",
              "write it like `{ degrade: { mos: 1.8 } }`");
  }
  if (const auto* target = reader.required("mos", "mos: 1.8")) {
    const auto read = yaml::read_number(found, *target, reader.path("mos"), 1.0, 4.5, "1.8");
    out.mos = read.value_or(4.5);
  }
  if (const auto* ramp = reader.get("ramp")) {
    using namespace std::chrono_literals;
    const auto read = yaml::read_duration(found, *ramp, reader.path("ramp"), 1s, 600s, "10s");
    out.ramp = read.value_or(10s);
  }
}

action read_action(problems& found, const node& value, const std::string& path) {
  static const std::vector<std::string_view> words{"allow", "prioritise", "block", "limit",
                                                   "degrade"};
  action out;
  if (value.is_scalar()) {
    const auto i = yaml::read_word(found, value, path, words);
    constexpr std::array kinds{action_kind::allow, action_kind::prioritise, action_kind::block};
    if (i && *i < kinds.size()) out.kind = kinds[*i];
    if (i && *i >= kinds.size()) {
      found.add(value.at, "key '" + path + "' expects settings with '" + value.text + "'",
                value.text == "limit" ? "write it like `{ limit: { rate: 64kbit } }`"
                                      : "write it like `{ degrade: { mos: 1.8 } }`");
    }
    return out;
  }
  if (!value.is_map() || value.entries.size() != 1) {
    found.add(
        value.at,
        "key '" + path + "' expects one action, not " +
            (value.is_map() ? std::to_string(value.entries.size()) + " keys" : value.described()),
        "write `allow`, `prioritise`, `block`, `{ limit: … }` or `{ degrade: … }`");
    return out;
  }
  const auto& e = value.entries.front();
  if (e.key == "limit") {
    read_limit(found, e.value, path + ".limit", out);
  } else if (e.key == "degrade") {
    read_degrade(found, e.value, path + ".degrade", out);
  } else {
    found.add(e.at, "unknown key '" + path + "." + e.key + "', expected limit or degrade",
              yaml::suggestion(e.key, words));
  }
  return out;
}

/// What the parts of a line must not say together.
void check_together(problems& found, const node& value, const std::string& path,
                    const policy_line& line) {
  const bool lets_pass =
      line.then.kind == action_kind::allow || line.then.kind == action_kind::prioritise;
  if (line.when.emergency.value_or(false) && !lets_pass) {
    found.add(value.at,
              "key '" + path +
                  ".action' expects allow or prioritise where emergency calls "
                  "are matched, not " +
                  action_name(line.then.kind),
              "emergency calls are never degraded: write `action: prioritise` or remove the line");
  }
  if (line.then.kind != action_kind::degrade) return;
  if (!line.when.roles.empty() &&
      std::none_of(line.when.roles.begin(), line.when.roles.end(), is_media)) {
    found.add(value.at, "key '" + path + ".match.role' expects voice, video or media with degrade",
              "degrade acts on media only: use limit or block for other roles");
  }
  if (line.when.call && !*line.when.call) {
    found.add(value.at, "key '" + path + ".match.call' expects true with degrade, not false",
              "degrade holds a call at a quality: use limit for flows outside calls");
  }
}

}  // namespace

policy_line read_policy_line(problems& found, const node& value, const std::string& path,
                             const std::vector<std::string>& links, const policy_document& known) {
  policy_line out;
  out.where = found.where(value.at);
  if (value.is_null()) {
    found.add(value.at, "key '" + path + "' expects a policy, not nothing",
              "write it like `{ name: rest, match: {}, action: allow }`");
    return out;
  }
  const yaml::map_reader reader(found, value, path, {"name", "match", "action", "mode"});
  if (const auto* name = reader.required("name", "name: softphones")) {
    out.name = read_name(found, *name, reader.path("name")).value_or("");
  }
  if (const auto* when = reader.required("match", "match: { voip: true }")) {
    out.when = read_match(found, *when, reader.path("match"), links, known);
  }
  if (const auto* then = reader.required("action", "action: allow")) {
    out.then = read_action(found, *then, reader.path("action"));
  }
  if (const auto* mode = reader.get("mode")) {
    const auto i = yaml::read_word(found, *mode, reader.path("mode"), {"enforce", "observe"});
    out.enforce = i.value_or(0) == 0;
  }
  // What is not understood is never degraded, whatever else the line matches by.
  if (out.then.kind == action_kind::degrade && !out.when.min_confidence_pct) {
    out.when.min_confidence_pct = confidence_default_pct;
  }
  check_together(found, value, path, out);
  return out;
}

}  // namespace callweir::shaper

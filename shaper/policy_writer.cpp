// The policy document as YAML, defaults written out: for `check --dump` and `policy list`.
#include <fmt/format.h>

#include "base/applications.hpp"
#include "base/yaml_scalar.hpp"
#include "shaper/policy_reader.hpp"

namespace callweir::shaper {
namespace {

template <class List, class Text>
std::string list_text(const List& list, Text&& text) {
  std::string out = "[";
  for (const auto& item : list) {
    if (out.size() > 1) out += ", ";
    out += yaml::scalar_text(text(item));
  }
  return out + "]";
}

const auto as_is = [](const std::string& s) { return s; };
const auto network = [](const ip_prefix& p) { return p.text(); };

std::string match_text(const match& m) {
  std::string out;
  const auto put = [&](const char* key, const std::string& value) {
    out += fmt::format("{}{}: {}", out.empty() ? " " : ", ", key, value);
  };
  const auto flag = [&](const char* key, const std::optional<bool>& value) {
    if (value) put(key, *value ? "true" : "false");
  };
  if (!m.groups.empty()) put("group", list_text(m.groups, as_is));
  if (!m.src.empty()) put("src", list_text(m.src, network));
  if (!m.dst.empty()) put("dst", list_text(m.dst, network));
  if (!m.links.empty()) put("link", list_text(m.links, as_is));
  if (!m.vlans.empty()) put("vlan", list_text(m.vlans, [](auto v) { return std::to_string(v); }));
  if (!m.apps.empty()) {
    put("app", list_text(m.apps, [](app_id a) { return std::string(application_name(a)); }));
  }
  if (!m.roles.empty()) {
    put("role", list_text(m.roles, [](flow_role r) { return std::string(flow_role_name(r)); }));
  }
  flag("voip", m.voip);
  flag("p2p", m.p2p);
  flag("call", m.call);
  flag("emergency", m.emergency);
  if (m.schedule) put("schedule", yaml::scalar_text(*m.schedule));
  if (m.min_confidence_pct) put("min_confidence", yaml::number_text(*m.min_confidence_pct / 100.0));
  return out.empty() ? "{}" : "{" + out + " }";
}

std::string action_text(const action& a) {
  if (a.kind == action_kind::limit) {
    const auto burst = a.burst_bytes != 0 ? a.burst_bytes : default_burst_bytes(a.rate);
    return fmt::format("{{ limit: {{ rate: {}, burst: {}, per: {} }} }}", yaml::rate_text(a.rate),
                       yaml::size_text(burst), limit_per_name(a.per));
  }
  if (a.kind == action_kind::degrade) {
    return fmt::format("{{ degrade: {{ mos: {}, ramp: {} }} }}", yaml::number_text(a.mos),
                       yaml::duration_text(a.ramp));
  }
  return action_name(a.kind);
}

}  // namespace

std::string write_policies(const policy_document& document) {
  std::string out = fmt::format("timezone: {}\n", yaml::scalar_text(document.timezone));
  out += document.groups.empty() ? "groups: {}\n" : "groups:\n";
  for (const auto& g : document.groups) {
    out += fmt::format("  {}: {}\n", yaml::scalar_text(g.name), list_text(g.networks, network));
  }
  out += document.schedules.empty() ? "schedules: {}\n" : "schedules:\n";
  for (const auto& s : document.schedules) {
    out += fmt::format("  {}: {}\n", yaml::scalar_text(s.name), yaml::scalar_text(s.text));
  }
  const auto address = [](const ip_address& a) { return a.text(); };
  out += fmt::format("emergency:\n  numbers: {}\n  peers: {}\n",
                     list_text(document.emergency.numbers, as_is),
                     list_text(document.emergency.peers, address));
  out += document.lines.empty() ? "policies: []\n" : "policies:\n";
  for (const auto& line : document.lines) {
    out += fmt::format("  - name: {}\n    match: {}\n    action: {}\n    mode: {}\n",
                       yaml::scalar_text(line.name), match_text(line.when), action_text(line.then),
                       line.enforce ? "enforce" : "observe");
  }
  return out;
}

}  // namespace callweir::shaper

#include "engine/policy_trace.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/applications.hpp"
#include "shaper/site_time.hpp"

namespace callweir::engine {
namespace {

struct question {
  const shaper::policy_document& document;
  const shaper::flow_attributes& flow;
  const std::vector<std::string>& links;
  int minute;
};

const char* text_of(tristate value) {
  return value == tristate::yes ? "true" : value == tristate::no ? "false" : "null";
}

template <class List, class Test>
bool none_of(const List& list, Test&& test) {
  return !list.empty() && std::none_of(list.begin(), list.end(), test);
}

bool in_group(const question& q, const std::string& name) {
  const ip_address& inside = q.flow.initiator == side::inside ? q.flow.source : q.flow.destination;
  for (const auto& group : q.document.groups) {
    if (group.name != name) continue;
    return std::any_of(group.networks.begin(), group.networks.end(),
                       [&](const ip_prefix& network) { return network.contains(inside); });
  }
  return false;
}

/// The first part of where it is: addresses, link, tags.
std::string place_misses(const question& q, const shaper::match& m) {
  if (none_of(m.groups, [&](const auto& name) { return in_group(q, name); })) {
    return "its inside end is in none of the groups";
  }
  if (none_of(m.src, [&](const auto& n) { return n.contains(q.flow.source); })) {
    return "src is " + q.flow.source.text();
  }
  if (none_of(m.dst, [&](const auto& n) { return n.contains(q.flow.destination); })) {
    return "dst is " + q.flow.destination.text();
  }
  const std::string link = q.flow.link < q.links.size() ? q.links[q.flow.link] : "";
  if (none_of(m.links, [&](const auto& name) { return name == link; })) return "link is " + link;
  const auto tags = std::min<std::size_t>(q.flow.vlan_count, 2);
  if (none_of(m.vlans, [&](auto id) {
        return std::find(q.flow.vlan, q.flow.vlan + tags, id) != q.flow.vlan + tags;
      })) {
    return tags == 0 ? "it has no vlan" : fmt::format("vlan is {}", q.flow.vlan[0]);
  }
  return {};
}

bool media_of(flow_role wanted, flow_role role) {
  // A line on voice or video acts on those packets inside a flow that bundles them.
  return wanted == role || (role == flow_role::media && is_media(wanted));
}

std::string claim_misses(const question& q, const shaper::match& m) {
  const verdict& what = q.flow.what;
  if (none_of(m.apps, [&](auto app) { return app == what.app; })) {
    return fmt::format("app is {}", application_name(what.app));
  }
  if (none_of(m.roles, [&](auto role) { return media_of(role, what.role); })) {
    return fmt::format("role is {}", flow_role_name(what.role));
  }
  if (m.voip && *m.voip != what.voip) return fmt::format("voip is {}", what.voip);
  if (m.p2p && what.p2p != (*m.p2p ? tristate::yes : tristate::no)) {
    return fmt::format("p2p is {}", text_of(what.p2p));
  }
  if (m.call && *m.call != q.flow.in_call) return fmt::format("call is {}", q.flow.in_call);
  if (m.emergency && *m.emergency != q.flow.emergency) {
    return fmt::format("emergency is {}", q.flow.emergency);
  }
  return {};
}

std::string misses(const question& q, const shaper::match& m) {
  if (auto why = place_misses(q, m); !why.empty()) return why;
  if (auto why = claim_misses(q, m); !why.empty()) return why;
  if (m.schedule) {
    for (const auto& schedule : q.document.schedules) {
      if (schedule.name == *m.schedule && !schedule.minutes[static_cast<std::size_t>(q.minute)]) {
        return fmt::format("schedule {} is not on now", schedule.name);
      }
    }
  }
  const bool claims = m.voip || m.p2p || !m.apps.empty() || !m.roles.empty();
  const int least = m.min_confidence_pct ? *m.min_confidence_pct : claims ? 90 : 0;
  if (q.flow.what.confidence_pct < least) {
    return fmt::format("confidence is {:.2f}, below {:.2f}", q.flow.what.confidence_pct / 100.0,
                       least / 100.0);
  }
  return {};
}

/// "voice" or "video" where the line acts on these alone of the flow's packets, else "".
std::string part_of(flow_role flow, const shaper::match& m) {
  const auto names = [&](flow_role role) {
    return std::find(m.roles.begin(), m.roles.end(), role) != m.roles.end();
  };
  if (flow != flow_role::media || m.roles.empty() || names(flow_role::media)) return {};
  if (names(flow_role::voice) == names(flow_role::video)) return {};
  return flow_role_name(names(flow_role::voice) ? flow_role::voice : flow_role::video);
}

}  // namespace

std::vector<line_trial> try_lines(const shaper::policy_document& document,
                                  const shaper::flow_attributes& asked,
                                  const std::vector<std::string>& links, time_point now) {
  std::vector<line_trial> out;
  shaper::flow_attributes flow = asked;
  for (const auto& peer : document.emergency.peers)
    flow.emergency = flow.emergency || peer == flow.source || peer == flow.destination;
  if (flow.emergency) {
    out.push_back({"emergency (built in)", true, true, shaper::action_kind::allow, {}, {}});
  }
  const question q{document, flow, links, shaper::site_time(document.timezone).minute_of_week(now)};
  std::string taken;  // what of a bundle earlier lines have taken: "voice", "video", or both
  for (const auto& line : document.lines) {
    std::string why = misses(q, line.when);
    const std::string packets = part_of(flow.what.role, line.when);
    if (why.empty() && !packets.empty() && taken.find(packets) != std::string::npos)
      why = "an earlier line takes its " + packets;
    const bool matched = why.empty();
    out.push_back({line.name, matched, line.enforce, line.then.kind, std::move(why), packets});
    // A written line on emergencies may still prioritise; nothing else comes before the built-in
    // one.
    const bool emergency_line = line.when.emergency && *line.when.emergency;
    if (flow.emergency && !emergency_line) {
      out.back().matched = false;
      out.back().why = "an emergency call is never touched";
      continue;
    }
    if (!matched || !line.enforce) continue;
    if (packets.empty()) return out;
    taken += packets;
  }
  return out;
}

}  // namespace callweir::engine

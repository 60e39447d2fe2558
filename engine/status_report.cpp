#include "engine/status_report.hpp"

#include <algorithm>

#include "base/json_writer.hpp"

namespace callweir::engine {
namespace {

using json::append_integer;
using json::append_key;
using json::append_string;

void append_pid(std::string& out, const char* name, std::int32_t pid) {
  append_key(out, name);
  if (pid > 0) {
    append_integer(out, static_cast<std::uint64_t>(pid));
  } else {
    out += "null";
  }
}

const char* link_text(const link_state& link) {
  const bool inside = link.up[0].load(std::memory_order_relaxed) != 0;
  const bool outside = link.up[1].load(std::memory_order_relaxed) != 0;
  if (inside && outside) return "up";
  if (!inside && !outside) return "down";
  return inside ? "outside down" : "inside down";
}

void append_counts(std::string& out, const char* key,
                   const std::vector<std::pair<std::string, std::uint64_t>>& counts) {
  append_key(out, key);
  out += '{';
  for (const auto& [name, count] : counts) {
    append_key(out, name);
    append_integer(out, count);
  }
  out += '}';
}

void append_alarms(std::string& out, std::uint32_t alarms) {
  append_key(out, "alarms");
  out += '[';
  bool first = true;
  for (int i = 0; i < alarm_count; ++i) {
    if ((alarms & (1U << i)) == 0) continue;
    if (!first) out += ',';
    first = false;
    append_string(out, alarm_name(static_cast<alarm>(1U << i)));
  }
  out += ']';
}

}  // namespace

std::string status_json(const shared_state& shared, const std::vector<std::string>& links,
                        const status_details* details) {
  std::string out = R"({"type":"status","state":)";
  append_string(out, appliance_state_name(shared.state()));
  append_key(out, "pids");
  out += '{';
  append_pid(out, "supervisor", shared.supervisor_pid.load(std::memory_order_relaxed));
  append_pid(out, "engine", shared.engine_pid.load(std::memory_order_relaxed));
  append_pid(out, "dashboard", shared.dashboard_pid.load(std::memory_order_relaxed));
  out += '}';
  append_key(out, "links");
  out += '[';
  for (std::size_t i = 0; i < std::min(links.size(), capture::links_max); ++i) {
    if (i > 0) out += ',';
    out += R"({"name":)";
    append_string(out, links[i]);
    append_key(out, "state");
    append_string(out, link_text(shared.link[i]));
    out += '}';
  }
  out += ']';
  append_alarms(out, shared.alarms.load(std::memory_order_relaxed));
  append_key(out, "restarts");
  append_integer(out, shared.restarts.load(std::memory_order_relaxed));
  append_key(out, "stalls");
  append_integer(out, shared.stalls.load(std::memory_order_relaxed));
  append_key(out, "workers");
  append_integer(out, shared.workers.load(std::memory_order_relaxed));
  static const status_details none;
  const status_details& known = details != nullptr ? *details : none;
  append_counts(out, "drops", known.drops);
  if (details != nullptr) {
    append_key(out, "records_lost");
    append_integer(out, known.records_lost);
    append_key(out, "policy_generation");
    append_integer(out, known.policy_generation);
    append_counts(out, "counters", known.counters);
  }
  out += '}';
  return out;
}

}  // namespace callweir::engine

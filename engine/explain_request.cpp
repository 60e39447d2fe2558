// Why a flow or call got its verdict and what is being done to it: the `explain` verb of the
// control socket.
#include <algorithm>

#include "base/applications.hpp"
#include "base/json_writer.hpp"
#include "engine/control_requests.hpp"
#include "engine/flow_attributes.hpp"
#include "engine/policy_trace.hpp"

namespace callweir::engine {
namespace {

using json::append_bool;
using json::append_integer;
using json::append_key;
using json::append_number;
using json::append_string;

constexpr std::size_t flows_shown_max = 32;  // of a call

shaper::flow_attributes attributes_of_known(const control_state& state, const known_flow& flow) {
  classify::flow_facts facts;
  facts.flow = flow.flow;
  facts.what = flow.what;
  facts.emergency = flow.emergency;
  if (const auto* call = state.tracker.find(flow.slot); call != nullptr && call->id == flow.call) {
    facts.call = flow.slot;
    facts.call_what = call->what;
    facts.emergency |= call->emergency;
  }
  return attributes_of(facts, {});
}

std::string trial_record(const std::string& flow, const line_trial& trial) {
  std::string out = R"({"type":"trial","flow":)";
  append_string(out, flow);
  append_key(out, "policy");
  append_string(out, trial.policy);
  append_key(out, "matched");
  append_bool(out, trial.matched);
  append_key(out, "mode");
  append_string(out, trial.enforce ? "enforce" : "observe");
  append_key(out, "action");
  append_string(out, shaper::action_name(trial.action));
  append_key(out, "why");
  append_string(out, trial.why);
  append_key(out, "packets");
  append_string(out, trial.packets);
  return out + '}';
}

void append_impairment(std::string& out, const shaper::impairment& what) {
  out += R"({"loss":)";
  append_number(out, what.loss, 4);
  append_key(out, "burst_ms");
  append_number(out, to_seconds(what.burst) * 1000, 0);
  append_key(out, "delay_ms");
  append_number(out, to_seconds(what.delay) * 1000, 0);
  append_key(out, "cap_kbps");
  append_number(out, static_cast<double>(what.cap.bps) / 1000, 1);
  out += '}';
}

std::string enforcement_record(control_state& state, classify::call_slot slot,
                               const degrade_control::held_call& held) {
  std::string out = R"({"type":"enforcement","call":)";
  append_string(out, held.id);
  append_key(out, "policy");
  append_string(out, held.policy);
  append_key(out, "target_mos");
  append_number(out, held.target, 2);
  append_key(out, "since");
  json::append_time(out, held.since);
  append_key(out, "applied");
  out += '[';
  append_impairment(out, held.applied[forward]);
  out += ',';
  append_impairment(out, held.applied[backward]);
  out += ']';
  append_key(out, "inflicted");
  out += '[';
  for (const direction way : {forward, backward}) {
    const auto taken = state.policies.current().taken(slot, way);
    if (way == backward) out += ',';
    out += R"({"packets":)";
    append_integer(out, taken.packets);
    append_key(out, "dropped");
    append_integer(out, taken.dropped);
    append_key(out, "delayed");
    append_integer(out, taken.delayed);
    out += '}';
  }
  return out + "]}";
}

void explain_flow(const control_state& state, const known_flow& flow, control::reply& out) {
  const std::string name = classify::flow_name(flow.flow.id);
  append_json(out.records.emplace_back(), state.book.record(flow));
  for (const auto& trial :
       try_lines(state.policies.source().whole.policies, attributes_of_known(state, flow),
                 state.links, state.policies.site_now(state.now))) {
    out.records.push_back(trial_record(name, trial));
  }
}

void explain_enforcement(control_state& state, const std::string& call, control::reply& out) {
  for (const auto slot : state.tracker.active()) {
    const auto* held = state.degrade.find(slot);
    if (held != nullptr && held->id == call) {
      out.records.push_back(enforcement_record(state, slot, *held));
    }
  }
}

}  // namespace

control::reply control_requests::explain(const std::string& id) {
  return on_control([&](control_state& state) {
    control::reply out;
    if (const auto* flow = state.book.find(id); flow != nullptr) {
      explain_flow(state, *flow, out);
      if (!flow->call.empty()) explain_enforcement(state, flow->call, out);
      return out;
    }
    auto records = state.tracker.records();
    const auto found = std::find_if(records.begin(), records.end(),
                                    [&](const call_record& record) { return record.id == id; });
    if (found == records.end()) {
      return control::reply::refused({"no flow or call '" + id + "' is known", "explain",
                                      "'callweir calls' and 'callweir flows' list the ids"});
    }
    state.book.complete(*found);
    append_json(out.records.emplace_back(), *found);
    explain_enforcement(state, id, out);
    std::size_t shown = 0;
    for (const auto& name : found->flows) {
      const auto* flow = state.book.find(name);
      if (flow == nullptr || ++shown > flows_shown_max) continue;
      explain_flow(state, *flow, out);
    }
    return out;
  });
}

}  // namespace callweir::engine

#include <algorithm>

#include "classify/call_tracker.hpp"
#include "engine/analysis_impl.hpp"

namespace callweir::engine {
namespace {

constexpr std::uint8_t decided_pct = 90;

}  // namespace

void analysis::impl::apply_endpoint(kept_flow& flow) const {
  if (flow.voip && flow.confidence_pct >= decided_pct) return;
  auto found = endpoints.find({flow.source, flow.source_port, flow.protocol});
  if (found == endpoints.end()) {
    found = endpoints.find({flow.destination, flow.destination_port, flow.protocol});
  }
  if (found == endpoints.end()) return;
  verdict what = found->second;
  what.ndpi_master = flow.ndpi_master;
  what.ndpi_app = flow.ndpi_app;
  set_verdict(flow, what);
  // What caused it came after this flow had ended.
  flow.decided_packet = 0;
}

void analysis::impl::apply_call(kept_flow& flow) const {
  const auto found = attached.find(flow.id);
  if (found == attached.end()) return;
  const attached_call& call = found->second;
  flow.in_call = true;
  flow.emergency |= call.emergency;
  // A flow in a call has the call's application, and what both claim is as sure as the surer of the
  // two.
  flow.app = call.what.app;
  flow.p2p = static_cast<std::uint8_t>(call.what.p2p) & 3;
  flow.voip = flow.voip || call.what.voip;
  flow.confidence_pct = std::max(flow.confidence_pct, call.what.confidence_pct);
}

void analysis::impl::settle() {
  for (std::size_t i = 0; i < flows.size(); ++i) {
    kept_flow& flow = flows[i];
    if (!endpoints.empty()) apply_endpoint(flow);
    if (!attached.empty()) apply_call(flow);
  }
  order = flows.by_first();
}

const attached_call* analysis::impl::call_of(const kept_flow& flow) const {
  if (!flow.in_call) return nullptr;
  const auto found = attached.find(flow.id);
  return found == attached.end() ? nullptr : &found->second;
}

policy_answer analysis::impl::decide_policy(const kept_flow& flow) const {
  policy_answer answer;
  if (policies == nullptr) return answer;
  shaper::flow_attributes who;
  who.source = flow.source;
  who.destination = flow.destination;
  who.initiator = flow.from_outside ? side::outside : side::inside;
  who.vlan_count = flow.vlan_count;
  who.vlan[0] = flow.vlan[0];
  who.vlan[1] = flow.vlan[1];
  who.what = verdict_of(flow);
  who.in_call = flow.in_call;
  who.emergency = flow.emergency;
  who.flow_id = flow.id;
  const time_point at{flow.last_ns};
  policies->update_schedules(at);
  const auto handle = policies->bind(who, at);
  const int line = policies->line_of(handle);
  if (line >= 0) answer.policy = policies->document().lines[static_cast<std::size_t>(line)].name;
  answer.action = shaper::action_name(policies->kind_of(handle));
  return answer;
}

analysis::analysis() : impl_(std::make_unique<impl>()) {}
analysis::~analysis() = default;
analysis::analysis(analysis&&) noexcept = default;
analysis& analysis::operator=(analysis&&) noexcept = default;

std::size_t analysis::flow_count() const {
  return impl_->order.size();
}

flow_record analysis::flow(std::size_t i) const {
  const kept_flow& flow = impl_->flows[impl_->order[i]];
  flow_record out;
  out.id = classify::flow_name(flow.id);
  if (flow.file < impl_->files.size()) out.file = impl_->files[flow.file];
  out.link = impl_->link;
  out.source = flow.source;
  out.destination = flow.destination;
  out.source_port = flow.source_port;
  out.destination_port = flow.destination_port;
  out.protocol = flow.protocol;
  out.vlan.assign(flow.vlan, flow.vlan + flow.vlan_count);
  out.tunnel = flow.tunnel;
  out.what = verdict_of(flow);
  out.reasons = classify::reason_texts(flow.reasons);
  out.first = {flow.first_ns};
  out.last = {flow.last_ns};
  out.packets = {flow.packets[0], flow.packets[1]};
  out.bytes = {flow.bytes[0], flow.bytes[1]};
  if (flow.decided_packet != 0) {
    out.decided_packet = flow.decided_packet;
    out.decided_s = static_cast<double>(flow.decided_us) * 1e-6;
  }
  if (const auto* call = impl_->call_of(flow)) out.call = call->id;
  const policy_answer answer = impl_->decide_policy(flow);
  out.policy = answer.policy;
  out.action = answer.action;
  return out;
}

void analysis::append_flow_line(std::string& out, std::size_t i) const {
  const kept_flow& flow = impl_->flows[impl_->order[i]];
  if (!impl_->lines) impl_->lines.emplace(impl_->files, impl_->link);
  const attached_call* const call = impl_->call_of(flow);
  const policy_answer answer = impl_->decide_policy(flow);
  impl_->lines->append(out, flow, call != nullptr ? call->id : std::string_view{}, answer.policy,
                       answer.action);
}

}  // namespace callweir::engine

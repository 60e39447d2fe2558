#include "engine/flow_attributes.hpp"

#include <algorithm>

namespace callweir::engine {

shaper::flow_attributes attributes_of(const classify::flow_facts& facts,
                                      const call_facts& call) noexcept {
  shaper::flow_attributes out;
  out.source = facts.flow.source;
  out.destination = facts.flow.destination;
  out.initiator = facts.flow.initiator;
  out.link = facts.flow.link;
  out.vlan_count = facts.flow.vlan_count;
  std::copy(std::begin(facts.flow.vlan), std::end(facts.flow.vlan), std::begin(out.vlan));
  out.what = facts.what;
  out.in_call = facts.call != classify::no_call;
  out.emergency = facts.emergency;
  out.flow_id = facts.flow.id;
  if (out.in_call) {
    out.call = facts.call;
    out.call_key = call.key;
    out.call_initiator = call.initiator;
    out.what.app = facts.call_what.app;
    out.what.p2p = facts.call_what.p2p;
    out.what.voip = facts.what.voip || facts.call_what.voip;
    out.what.confidence_pct = std::max(facts.what.confidence_pct, facts.call_what.confidence_pct);
  }
  return out;
}

}  // namespace callweir::engine

// What policies match a flow by, from what classification knows of it.
#pragma once

#include "classify/classifier.hpp"
#include "shaper/policy_set.hpp"

namespace callweir::engine {

/// What the control thread told of a call.
struct call_facts {
  std::uint64_t key = 0;          // unique for the life of the process; 0 for no call
  side initiator = side::inside;  // of the call's first media flow
};

/// A flow in a call has the call's application, p2p and telephony, its own role, and the higher of
/// both confidences. `call` is left out where the flow is in none.
shaper::flow_attributes attributes_of(const classify::flow_facts& facts,
                                      const call_facts& call) noexcept;

}  // namespace callweir::engine

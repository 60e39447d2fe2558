// What policies match a flow by, from what classification knows of it.
#pragma once

#include "classify/classifier.hpp"
#include "shaper/policy_set.hpp"

namespace callweir::engine {

/// A flow in a call has the call's application, p2p and telephony, its own role, and the higher of
/// both confidences. `call_key` is 0 where the flow is in no call.
shaper::flow_attributes attributes_of(const classify::flow_facts& facts,
                                      std::uint64_t call_key) noexcept;

}  // namespace callweir::engine

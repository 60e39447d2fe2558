// Which policy lines a flow was tried against and why each did or did not match: for `explain`.
// Walks the document as it was written, apart from the compiled form, so that each checks the
// other. Control thread only.
#pragma once

#include <string>
#include <vector>

#include "shaper/policy_set.hpp"

namespace callweir::engine {

struct line_trial {
  std::string policy;
  bool matched = false;
  bool enforce = true;
  shaper::action_kind action = shaper::action_kind::allow;
  std::string why;      // the first condition that did not hold, "" when all did
  std::string packets;  // "voice", "video": acts on these alone of a flow that bundles them; "" all
};

/// In order, up to and with the line that decides about the flow's last packets. The built-in
/// emergency line stands first under the name "emergency (built in)" where it applies. `links`:
/// names by index.
std::vector<line_trial> try_lines(const shaper::policy_document& document,
                                  const shaper::flow_attributes& flow,
                                  const std::vector<std::string>& links, time_point now);

}  // namespace callweir::engine

// The inside of an analysis: compact flows, and what calls and endpoints found later add to them.
// Included by analyzer.cpp and analysis.cpp only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/keyed_hash.hpp"
#include "engine/analyzer.hpp"
#include "engine/flow_line.hpp"
#include "engine/flow_store.hpp"

namespace callweir::engine {

struct endpoint_key {
  ip_address address;
  std::uint16_t port = 0;
  std::uint8_t protocol = 0;
  friend bool operator==(const endpoint_key&, const endpoint_key&) = default;
};

struct endpoint_hash {
  std::size_t operator()(const endpoint_key& k) const {
    return hash.bucket(k.address.high, k.address.low, k.port, k.protocol);
  }
  keyed_hash hash;
};

struct attached_call {
  std::string id;
  verdict what;
  bool emergency = false;
};

/// Name and action of the line that decides about a flow; "" without policies.
struct policy_answer {
  std::string_view policy, action;
};

struct analysis::impl {
  /// Applies endpoints and calls to all flows, and sorts them. Once, at the end.
  void settle();
  const attached_call* call_of(const kept_flow& flow) const;
  policy_answer decide_policy(const kept_flow& flow) const;

  flow_store flows;
  std::vector<std::uint32_t> order;
  std::unordered_map<endpoint_key, verdict, endpoint_hash> endpoints;
  std::unordered_map<std::uint64_t, attached_call> attached;  // by flow id
  std::shared_ptr<shaper::policy_set> policies;
  std::vector<std::string> files;
  std::string link;
  std::optional<flow_line_writer> lines;  // made at the first line

 private:
  void apply_endpoint(kept_flow& flow) const;
  void apply_call(kept_flow& flow) const;
};

}  // namespace callweir::engine

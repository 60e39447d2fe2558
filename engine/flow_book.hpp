// The flows that become records while the appliance runs: telephony, acted on, or sampled 1 in
// 1,000. Bounded: the oldest ended one makes room, else the oldest. Control thread only.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/record.hpp"
#include "classify/flow_event.hpp"
#include "engine/commands.hpp"

namespace callweir::engine {

/// What is known of one flow.
struct known_flow {
  classify::flow_identity flow;
  classify::flow_totals totals;
  verdict what;
  std::uint32_t decided_packet = 0;
  nanoseconds decided_after{0};
  std::string call;  // id, "" for none
  classify::call_slot slot = classify::no_call;
  std::string policy;  // name of the line, "" for the built-in allow
  shaper::action_kind action = shaper::action_kind::allow;
  time_point bound;  // when it came to this line
  bool emergency = false;
  bool ended = false;
};

class flow_book {
 public:
  /// `seed` keys the sampling. `links`: names by index.
  flow_book(std::uint32_t flows_max, std::array<std::uint64_t, 2> seed,
            std::vector<std::string> links);

  void on_event(const classify::flow_event& event);
  /// `policy`: name of the line; its change is dated `told.at`.
  void on_binding(const binding& told, const std::string& policy);
  void attach(std::uint64_t flow_id, classify::call_slot call_slot, const std::string& call,
              bool emergency);

  const known_flow* find(std::uint64_t flow_id) const;
  /// By the id of records ("f…"), nullptr when it is not known.
  const known_flow* find(const std::string& name) const;
  flow_record record(const known_flow& flow) const;
  /// Newest first, at most `most`.
  std::vector<const known_flow*> newest(std::size_t most) const;
  /// Fills in what of a call only its flows know: `actions`, from what they were bound to, and
  /// `link`.
  void complete(call_record& call) const;
  std::size_t size() const { return index_.size(); }
  /// Recognised endpoints whose earlier flows were not looked for: more than a second has time for.
  std::uint64_t endpoints_missed() const { return endpoints_missed_; }

 private:
  struct slot {
    known_flow flow;
    bool used = false;
    std::uint64_t order = 0;
  };
  known_flow& place(const classify::flow_identity& flow);
  std::uint32_t slot_to_use();
  bool sampled(std::uint64_t flow_id) const;
  void on_endpoint(const classify::flow_event& event);

  std::uint32_t flows_max_;
  std::array<std::uint64_t, 2> seed_;
  std::vector<std::string> links_;
  std::vector<slot> slots_;
  std::unordered_map<std::uint64_t, std::uint32_t> index_;
  std::unordered_map<std::string, std::uint64_t> names_;
  std::uint32_t cursor_ = 0;
  std::uint64_t placed_ = 0;
  // Each endpoint is a walk over all flows: a host that makes itself look like one by every port
  // must not keep the control thread from its calls.
  static constexpr int endpoints_a_second = 16;
  std::int64_t endpoints_second_ = 0;
  int endpoints_seen_ = 0;
  std::uint64_t endpoints_missed_ = 0;
};

/// A flow's record from what is known of it; `link` by index into `links`.
flow_record make_record(const known_flow& flow, const std::vector<std::string>& links);

}  // namespace callweir::engine

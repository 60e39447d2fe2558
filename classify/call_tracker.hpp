// Calls and hosts, made from the events of all workers. Runs on the control thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/record.hpp"
#include "classify/calls/call_quality.hpp"
#include "classify/flow_event.hpp"

namespace callweir::classify {

/// What the tracker asks of a worker. `call` is no_call when the flow's call is over and its slot
/// is wanted for another one.
struct attach_request {
  std::uint16_t worker = 0;
  flow_index flow = no_flow;
  std::uint64_t flow_id = 0;
  call_slot call = no_call;
  verdict call_what;
  bool emergency = false;
  bool mistaken =
      false;  // with no_call: the call was none, as its flows turned out; no record of it comes
};

struct tracked_call {
  call_slot slot = no_call;
  std::string id;
  verdict what;
  bool emergency = false;
  codec voice_codec = codec::unknown;
  double frame_ms = 20;  // estimated packet interval, mean of the directions
  bool ended = false;
  side initiator = side::inside;  // of the call's first media flow: what `way` below refers to
  std::vector<std::uint64_t> flows;
};

struct call_tracker_config {
  std::uint32_t calls_max = 20'000;
  std::uint32_t hosts_max = 100'000;
  nanoseconds call_idle = std::chrono::seconds(30);  // no media for so long ends a call
};

class call_tracker {
 public:
  explicit call_tracker(const call_tracker_config& config);
  ~call_tracker();

  void on_event(const flow_event& event);
  /// Ends idle calls. Call about once a second.
  void tick(time_point now);
  /// What changed since the last time, at most one request a flow and state.
  std::vector<attach_request> take_requests();

  std::vector<call_slot> active() const;
  /// nullptr for a slot without an active call.
  const tracked_call* find(call_slot slot) const;
  /// `way` is that of the call's first media flow, as the workers see it. Records speak of
  /// initiator and responder of the call, which differ where the called party's media came first.
  std::optional<call_quality> quality(call_slot slot, direction way) const;
  /// Enforcement of a call began: `mos_before` is fixed from the windows so far.
  void enforcement_began(call_slot slot, time_point at);

  /// Flows are named by `flow_name`; `actions` is left to who knows them.
  call_record record(call_slot slot) const;
  std::vector<call_record> records() const;  // active and recently ended
  std::vector<call_record> take_ended();     // ended since the last time, the newest 10,000
  std::vector<host_record> hosts() const;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

/// Record id of a flow: "f" and its number in base 36. Of a call: "c" and a count.
std::string flow_name(std::uint64_t id);

}  // namespace callweir::classify

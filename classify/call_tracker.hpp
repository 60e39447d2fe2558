// Calls and hosts, made from the events of all workers. Runs on the control thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/record.hpp"
#include "classify/flow_event.hpp"

namespace callweir::classify {

/// What the tracker asks of a worker.
struct attach_request {
  std::uint16_t worker = 0;
  flow_index flow = no_flow;
  std::uint64_t flow_id = 0;
  call_slot call = no_call;
  verdict call_what;
  bool emergency = false;
};

/// Quality of one direction of a call over the newest 20 s window, by the SPEC's definition of `mos`.
struct call_quality {
  double bitrate_kbps = 0;        // codec payload
  double loss = 0;                // already missing on arrival, with the late ones
  double inflicted_loss = 0;      // added by the appliance
  double added_delay_ms = 0;
  double jitter_ms = 0;
  double mos_arriving = 0;        // without what was inflicted
  double mos = 0;                 // with it
  double window_s = 0;            // seconds of media in the window, < 3: not to be used
};

struct tracked_call {
  call_slot slot = no_call;
  std::string id;
  verdict what;
  bool emergency = false;
  codec voice_codec = codec::unknown;
  double frame_ms = 20;           // estimated packet interval
  bool ended = false;
  std::vector<std::uint64_t> flows;
};

struct call_tracker_config {
  std::uint32_t calls_max = 20'000;
  std::uint32_t hosts_max = 100'000;
  nanoseconds call_idle = std::chrono::seconds(30);   // no media for so long ends a call
};

class call_tracker {
 public:
  explicit call_tracker(const call_tracker_config& config);
  ~call_tracker();

  void on_event(const flow_event& event);
  /// Ends idle calls. Call about once a second.
  void tick(time_point now);
  /// Requests since the last time, at most one a flow and state.
  std::vector<attach_request> take_requests();

  std::vector<call_slot> active() const;
  const tracked_call* find(call_slot slot) const;
  std::optional<call_quality> quality(call_slot slot, direction way) const;
  /// Enforcement of a call began: `mos_before` is fixed from the windows so far.
  void enforcement_began(call_slot slot, time_point at);

  /// `flow_names` turns a flow's number into the record's id.
  call_record record(call_slot slot) const;
  std::vector<call_record> records() const;           // active and recently ended
  std::vector<call_record> take_ended();              // ended since the last time
  std::vector<host_record> hosts() const;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

/// Record id of a flow: "f" and its number in base 36. Of a call: "c" and a count.
std::string flow_name(std::uint64_t id);

}  // namespace callweir::classify

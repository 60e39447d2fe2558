// One worker's view of its traffic: which flow each packet belongs to and what that flow is. Single
// thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/packet_view.hpp"
#include "base/verdict.hpp"
#include "classify/classifier_counters.hpp"
#include "classify/flow_event.hpp"

namespace callweir::classify {

struct classifier_config {
  std::uint32_t flows_max = 1'000'000;
  nanoseconds timeout_udp = std::chrono::seconds(200);
  nanoseconds timeout_tcp = std::chrono::hours(1);
  nanoseconds timeout_unclassified = std::chrono::seconds(5);
  std::vector<std::string> emergency_numbers;  // as dialled: "112"
  std::vector<ip_address> emergency_peers;
  std::uint16_t worker = 0;
  std::array<std::uint64_t, 2> seed{};  // random at each start: keys the table's hash
  bool ndpi = true;                     // off: our own detectors only (the supervisor's ladder)
  bool closed_flows = true;             // send `closed` for every flow, not only the noteworthy
  bool progress = false;  // send `progress`: captures have only the ends of flows to tell
  bool touch = true;      // make all memory present at start; captures: as it is used
  // Of the core's time, at most; 0: no bound (captures). nDPI's share is part of inspection's.
  std::uint8_t inspection_share_pct = 25;
  std::uint8_t ndpi_share_pct = 12;
};

/// Where a packet belongs. `flow` is no_flow for what has none (status not ok, table refused).
struct packet_flow {
  flow_index flow = no_flow;
  direction way = forward;
  flow_role role =
      flow_role::unknown;    // of this packet inside its flow, set only for flows with an action:
                             // STUN, DTLS, RTCP and keep-alives of a media flow are `signalling`
  std::uint32_t action = 0;  // the shaper's handle as the burst found it: what to load ahead
  bool in_call = false;      // the flow belongs to a call
  bool opened = false;       // first packet of the flow
  bool fresh = false;  // first packet of the flow, or its attributes changed: policy must look
};

/// What policies need to know of a flow.
struct flow_facts {
  flow_identity flow;
  verdict what;
  call_slot call = no_call;
  verdict call_what;  // the call's own verdict; confidence 0 without a call
  bool emergency = false;
};

class classifier {
 public:
  classifier(const classifier_config& config, event_sink& events);
  ~classifier();

  /// Looks up or opens the flow of each packet, counts it, inspects undecided flows, measures media
  /// flows. packets.size() <= 64 and equals flows.size(). Amortised sweep of idle flows included.
  /// No allocation after start-up.
  void process(std::span<const packet_view> packets, time_point now,
               std::span<packet_flow> flows) noexcept;

  /// Ages flows without packets (an idle link) and sends media samples that are due.
  void idle(time_point now) noexcept;
  /// End of a capture: closes every flow.
  void finish() noexcept;

  // The shaper's handle for a flow: opaque here, 0 (allow) at first.
  std::uint32_t action(flow_index flow) const noexcept;
  void set_action(flow_index flow, std::uint32_t handle) noexcept;
  flow_facts facts(flow_index flow) const noexcept;
  /// What became of a media packet that did not just pass: for the quality the receiver gets.
  void record_fate(const packet_flow& packet, bool dropped, nanoseconds added_delay) noexcept;

  // Commands of the control thread, applied between bursts. `id` guards against a reused index. A
  // call slot is below 32,768: any other is none.
  void attach_call(flow_index flow, std::uint64_t id, call_slot call, const verdict& call_what,
                   bool emergency) noexcept;
  void expect_media(const dialog_notice& notice) noexcept;  // signalling seen by another worker
  /// Numbers that make a call in clear SIP an emergency, and addresses that are one's peers: from
  /// the next message and event on. Nothing is copied: both outlive their use.
  void set_emergency(const std::vector<std::string>& numbers,
                     const std::vector<ip_address>& peers) noexcept;
  /// Marks every flow `fresh` at its next packet (a new policy).
  void refresh_all() noexcept;

  /// Overload: known flows keep their verdicts and measurements, nothing new is inspected
  /// meanwhile.
  void shed_inspection(bool shed) noexcept;

  const classifier_counters& counters() const noexcept;
  std::uint32_t flows_live() const noexcept;  // not yet timed out, or not yet found to be
  std::uint32_t flows_max() const noexcept;
  std::size_t table_bytes() const noexcept;   // of flows_max flows, whatever becomes of them
  std::size_t memory_bytes() const noexcept;  // taken at start-up, all in: with bounded pools
  /// How long the sweep takes to see each of so many records once.
  static nanoseconds sweep_round(std::uint32_t records) noexcept;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

/// A sentence for each bit set in verdict::reasons.
std::vector<std::string> reason_texts(std::uint64_t reasons);

}  // namespace callweir::classify

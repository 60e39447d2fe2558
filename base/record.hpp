// The records that `analyze`, the control socket and the store speak of: one struct a line type of
// the JSON Lines format. Strings are owned; a record is made on the control path only.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/packet_view.hpp"
#include "base/units.hpp"
#include "base/verdict.hpp"

namespace callweir {

template <class T>
using both_ways = std::array<T, 2>;  // indexed by `direction`

struct flow_record {
  std::string id;
  std::string file;  // captures only
  std::string link;
  ip_address source, destination;
  std::uint16_t source_port = 0, destination_port = 0;
  std::uint8_t protocol = 0;
  std::vector<std::uint16_t> vlan;
  tunnel_kind tunnel = tunnel_kind::none;
  verdict what;
  std::vector<std::string> reasons;
  time_point first, last;
  both_ways<std::uint64_t> packets{}, bytes{};
  std::optional<std::uint32_t> decided_packet;
  std::optional<double> decided_s;
  std::string call;    // "" for none
  std::string policy;  // "" for none
  std::string action;  // "allow", "degrade", …
};

struct call_action {
  std::string policy, action;
  std::vector<std::string> flows;
  time_point since;
  /// When the call was let go; nullopt: not before its end. Records of the stream only.
  std::optional<time_point> until{};
};

/// How a call's quality went: at the end of each step the MOS of the window of 20 s before it, with
/// what was inflicted. Steps are whole multiples of their length since the epoch; they double as
/// the call gets longer. step_s 0: nothing is known.
struct mos_course {
  static constexpr std::size_t points_max = 64;
  std::int64_t from_s = 0;   // start of the first step, seconds since the epoch
  std::uint32_t step_s = 0;  // 10, 20, 40, …
  both_ways<std::vector<std::optional<double>>> mos;  // as many both ways
};

struct call_record {
  std::string id;
  std::string link;  // of the first of its flows that is known; "" in captures
  app_id app = 0;
  std::vector<ip_address> parties;  // initiator first
  std::vector<std::string> flows;
  std::vector<flow_role> media;
  time_point start, end;  // end: of a call that runs, when it was last heard
  bool ended = true;      // false: it was running when this record was made; a later one follows
  tristate p2p = tristate::open;
  bool relayed = false, emergency = false;
  std::uint8_t confidence_pct = 0;
  std::vector<std::string> reasons;
  std::string codec;  // "opus~24k", "pcma", "" where it is not known
  both_ways<std::optional<double>> bitrate_kbps, loss, jitter_ms, mos_before, inflicted_loss,
      added_delay_ms, mos;
  std::string mos_scale;  // "nb" "wb" "fb"
  mos_course course;
  std::vector<call_action> actions;
};

struct host_record {
  ip_address address;
  std::vector<std::string> roles;  // "softphone", "supernode", "relay"
  std::uint8_t confidence_pct = 0;
  std::uint32_t peers = 0;  // distinct addresses seen in its voip and overlay flows
  std::uint32_t calls = 0, flows = 0;
  std::uint64_t bytes = 0;
  time_point first, last;
};

/// Bytes of one application at one inside host on one link over ten seconds. What a flow carried is
/// booked when it ends, and for heavy flows each time another mebibyte has passed.
struct traffic_record {
  time_point at;  // start of the ten seconds
  std::string link;
  std::string app;  // application name; "" where the table of aggregates was full
  ip_address host;  // the inside end; :: where the table of aggregates was full or none is inside
  bool voip = false;
  std::uint64_t flows = 0;                      // ended in this span
  both_ways<std::uint64_t> packets{}, bytes{};  // sent by the inside host, received by it
};

/// One second of one link, for the live page; kept as sums of ten seconds.
struct second_record {
  time_point at;  // start of the second
  std::string link;
  /// L3 bytes and packets by class: 0 packets of flows in a call, 1 everything else; each
  /// [from inside, from outside], as they arrived at the appliance.
  std::array<both_ways<std::uint64_t>, 2> bytes{}, packets{};
  std::uint64_t dropped = 0, delayed = 0;  // packets, by policy
  std::uint32_t calls = 0, degraded = 0;   // active at the end of the second, of all links
};

/// What one policy line did in ten seconds; of an observe line, what it would have done.
struct policy_record {
  time_point at;                          // start of the ten seconds
  std::uint32_t position = 0;             // in the list, from 0
  std::string name, match, action, mode;  // as `policy list` prints them
  std::uint64_t flows = 0, packets = 0, bytes = 0, dropped = 0, delayed = 0;
};

/// A stretch of time or a number of records that the appliance itself lost, and why.
struct gap_record {
  time_point from, to;
  std::string
      what;  // "engine" not inspecting, "records" lost, "events" lost, "overload", "dashboard"
  std::uint64_t count = 0;  // records or events; 0 for stretches of time
  std::string reason;       // a sentence
};

/// Who changed or enforced what.
struct audit_record {
  time_point at;
  std::string who;   // "uid 0 (pid 42)", "user anna from 127.0.0.1", "policy softphones"
  std::string verb;  // "policy-apply", "bypass", "enforce", "login", "user-add", …
  std::string what;  // a sentence
};

struct summary_record {
  std::uint64_t packets = 0, bytes = 0, flows = 0, calls = 0, undecoded = 0;
  double seconds = 0;  // wall-clock time the run took
  double packets_per_s = 0;
};

// One JSON object, without the line end, appended to `out`. (base/record_json.cpp)
void append_json(std::string& out, const flow_record& record);
void append_json(std::string& out, const call_record& record);
void append_json(std::string& out, const host_record& record);
void append_json(std::string& out, const summary_record& record);
void append_json(std::string& out, const traffic_record& record);
void append_json(std::string& out, const second_record& record);
void append_json(std::string& out, const policy_record& record);
void append_json(std::string& out, const gap_record& record);
void append_json(std::string& out, const audit_record& record);

}  // namespace callweir

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
};

struct call_record {
  std::string id;
  app_id app = 0;
  std::vector<ip_address> parties;  // initiator first
  std::vector<std::string> flows;
  std::vector<flow_role> media;
  time_point start, end;
  tristate p2p = tristate::open;
  bool relayed = false, emergency = false;
  std::uint8_t confidence_pct = 0;
  std::vector<std::string> reasons;
  std::string codec;  // "opus~24k", "pcma", "" where it is not known
  both_ways<std::optional<double>> bitrate_kbps, loss, jitter_ms, mos_before, inflicted_loss,
      added_delay_ms, mos;
  std::string mos_scale;  // "nb" "wb" "fb"
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

}  // namespace callweir

// What synthetic traffic consists of at a given number of live flows and of new flows a second:
// shares, lengths and life times that add up.
#pragma once

#include <array>
#include <cstdint>

#include "base/units.hpp"
#include "bench/traffic/frame_shapes.hpp"

namespace callweir::bench {

/// Flows are numbered as they open; the number alone tells the kind, in rounds of this many.
constexpr std::uint32_t kind_round = 200;

struct traffic_plan {
  std::uint32_t flows;      // live at any time: opened and not yet timed out
  std::uint32_t new_per_s;  // of the packets' own clock
  double packets_a_flow;    // on average: the published ratio of packets to new flows
  bool dns_answers;
  std::uint32_t voice_packets;  // of a voice flow, both ways, one every 10 ms
  std::array<flow_kind, kind_round> kinds;
  nanoseconds bulk_life;  // TLS and QUIC flows get packets for so long after they open
  nanoseconds time_out;   // of the flow table, so that `flows` are live

  double packets_per_s() const noexcept { return packets_a_flow * new_per_s; }
  double share(flow_kind kind) const noexcept;
};

/// The ratio of packets to new flows is taken from the published points (5,600, 550, 38 and 1.2 at
/// a thousand times as many flows as new flows a second would bring in ten seconds), in between by
/// the next lower one. `sweep_lag`: how long the table takes on average to find a silent flow.
traffic_plan plan_traffic(std::uint32_t flows, std::uint32_t new_per_s, nanoseconds sweep_lag);

}  // namespace callweir::bench

// One frame of every kind that the decoder reads, and of kinds that it must not, with what it
// should say.
#pragma once

#include <string>
#include <vector>

#include "base/packet_view.hpp"
#include "tests/support/packet_builder.hpp"

namespace callweir::test {

struct frame_fixture {
  std::string name;
  frame_bytes frame;
  decode_status status = decode_status::ok;
  std::string flow = {};  // "udp 10.0.0.5:40000 > 192.0.2.7:443", "" where there is none
  tunnel_kind tunnel = tunnel_kind::none;
  std::vector<int> vlan = {};
  int payload_bytes = -1;  // -1: not looked at
  int l3_bytes = -1;
  std::uint16_t link_type = 1;
};

const std::vector<frame_fixture>& frame_fixtures();

/// "udp 10.0.0.5:40000 > 192.0.2.7:443", "icmp 10.0.0.5 > 192.0.2.7".
std::string flow_text(const packet_view& packet);

}  // namespace callweir::test

#include <gtest/gtest.h>

#include "base/applications.hpp"
#include "tests/unit/classify/inspect_flow.hpp"

namespace callweir::test {
namespace {

struct fan_out {
  int peers = 40;
  bool function = true;  // low nibble 2 in the third byte
  bool many_ports = true;
  bool random_vector = true;
};

/// Runs one flow a peer; returns endpoint events.
int endpoint_events(const fan_out& o, int* voip = nullptr) {
  inspection_bench bench;
  random_source random(5);
  std::uint16_t id = 0x9b90;
  for (int i = 0; i < o.peers; ++i) {
    std::vector<std::uint8_t> b(18 + random() % 20, 7);
    if (o.random_vector) {
      for (auto& x : b) x = static_cast<std::uint8_t>(random());
    }
    id = static_cast<std::uint16_t>(id + 2);
    b[0] = static_cast<std::uint8_t>(id >> 8), b[1] = static_cast<std::uint8_t>(id);
    if (o.function) b[2] = 2;
    flow_ends ends;
    ends.outside = 0x40040000u + static_cast<std::uint32_t>(random() % 60000);
    ends.outside_port = static_cast<std::uint16_t>(o.many_ports ? 40000 + i * 7 : 6881);
    const inspected got =
        bench.run({{time_point{1'700'000'000'000'000'000 + i * 200'000'000LL}, forward, b}}, ends);
    if (voip != nullptr) *voip += got.what.voip && got.what.app == app_skype;
  }
  int n = 0;
  for (const auto& e : bench.events.all) n += e.type == classify::flow_event::kind::endpoint;
  return n;
}

TEST(skype_detector, names_the_endpoint_once_and_its_probes) {
  int voip = 0;
  EXPECT_EQ(endpoint_events({}, &voip), 1);
  EXPECT_GE(voip, 25);
}

TEST(skype_detector, other_fan_outs_are_left_alone) {
  EXPECT_EQ(endpoint_events({40, false, true, true}), 0);  // any random datagrams
  EXPECT_EQ(endpoint_events({40, true, false, true}), 0);  // one service port
  EXPECT_EQ(endpoint_events({40, true, true, false}), 0);  // a fixed body
  EXPECT_EQ(endpoint_events({6, true, true, true}), 0);    // too few
}

TEST(skype_detector, bittorrent_dht_is_left_alone) {
  inspection_bench bench;
  for (int i = 0; i < 200; ++i) {
    flow_ends ends;
    ends.outside = 0x50000000u + static_cast<std::uint32_t>(i) * 7919;
    ends.outside_port = static_cast<std::uint16_t>(6881 + i * 13);
    bench.run({said(i * 0.1, forward, "d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe")},
              ends);
  }
  EXPECT_TRUE(bench.events.all.empty());
}

}  // namespace
}  // namespace callweir::test

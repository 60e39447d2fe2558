// Tunnels that carry a talk, seen from their middle: the tunnel is what they are.
#include <gtest/gtest.h>

#include "tests/unit/classify/inspect_flow.hpp"

namespace callweir::test {
namespace {

inspected seen(const traffic& t, std::uint16_t port) {
  inspection_bench bench;
  flow_ends ends;
  ends.outside_port = port;
  return bench.run(t, ends);
}

TEST(innocent_detector, knows_openvpn_without_its_handshake) {
  for (const std::uint8_t first : {0x48, 0x4a, 0x30}) {
    for (const std::uint16_t port : {1194, 443, 30456}) {
      random_source random(first);
      const inspected got = seen(openvpn_talk(random, first, 5), port);
      EXPECT_LT(got.sure_after_s, 0) << int{first} << " on " << port;
      EXPECT_EQ(got.what.role, flow_role::other);
    }
  }
}

TEST(innocent_detector, wants_openvpns_counter_away_from_its_port) {
  random_source random(5);
  // A softphone may have the opcode's byte in front, too; its next bytes are noise.
  const traffic t =
      framed(talk(random, {}), [](const auto&) { return std::vector<std::uint8_t>{0x48}; });
  EXPECT_GE(seen(t, 30456).sure_after_s, 0);
  EXPECT_LT(seen(t, 1194).sure_after_s, 0);
}

TEST(innocent_detector, knows_quic_without_its_handshake) {
  for (const std::uint16_t port : {443, 30456}) {
    random_source random(6);
    EXPECT_LT(seen(quic_talk(random, 5), port).sure_after_s, 0) << port;
  }
}

TEST(innocent_detector, a_constant_first_byte_is_not_quic) {
  random_source random(7);
  const traffic t =
      framed(talk(random, {}), [](const auto&) { return std::vector<std::uint8_t>{0x5a}; });
  EXPECT_GE(seen(t, 443).sure_after_s, 0);
}

}  // namespace
}  // namespace callweir::test

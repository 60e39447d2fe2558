// STUN, ICE, TURN and DTLS: what is media being set up, and what is only a question for an address.
#include <gtest/gtest.h>

#include "base/applications.hpp"
#include "classify/detectors/dtls.hpp"
#include "classify/detectors/stun.hpp"
#include "tests/support/stun_builder.hpp"
#include "tests/unit/classify/inspect_flow.hpp"

namespace callweir::test {
namespace {

timed_payload at(double seconds, direction way, std::vector<std::uint8_t> bytes) {
  return {time_point{1'700'000'000'000'000'000} + from_seconds(seconds), way, std::move(bytes)};
}

traffic checks() {
  traffic t;
  for (int i = 0; i < 3; ++i) {
    t.push_back(at(i * 0.1, forward, stun_builder(0x0001).check("abcd:wxyz").build()));
    t.push_back(
        at(i * 0.1 + 0.02, backward, stun_builder(0x0101).attribute(0x0020, "addrport").build()));
    t.push_back(at(i * 0.1 + 0.03, backward, stun_builder(0x0001).check("wxyz:abcd").build()));
    t.push_back(
        at(i * 0.1 + 0.05, forward, stun_builder(0x0101).attribute(0x0020, "addrport").build()));
  }
  return t;
}

/// As a browser's: ClientHello with use_srtp.
std::vector<std::uint8_t> client_hello(bool srtp) {
  std::vector<std::uint8_t> b(13 + 12 + 34, 0);
  b[0] = 22, b[1] = 0xfe, b[2] = 0xff;
  b[13] = 1;
  const std::uint8_t rest[] = {0, 0, 0, 2, 0xc0, 0x2b, 1, 0, 0, 12, 0, 10, 0, 2, 0, 0};
  b.insert(b.end(), rest, rest + sizeof rest);
  const std::uint8_t extension[] = {0, static_cast<std::uint8_t>(srtp ? 14 : 35), 0, 2, 0, 1};
  b.insert(b.end(), extension, extension + 6);
  const std::size_t length = b.size() - 13;
  b[11] = static_cast<std::uint8_t>(length >> 8);
  b[12] = static_cast<std::uint8_t>(length);
  return b;
}

TEST(stun_detector, a_question_for_an_address_is_no_call) {
  traffic t;
  for (int i = 0; i < 20; ++i) {
    t.push_back(at(i, forward, stun_builder(0x0001).build()));
    t.push_back(at(i + 0.02, backward, stun_builder(0x0101).attribute(0x0020, "addrport").build()));
  }
  inspection_bench bench;
  EXPECT_FALSE(bench.run(t).what.voip);
}

TEST(stun_detector, a_browsers_channel_to_zooms_media_port_is_a_meeting) {
  for (const std::uint16_t port : {8801, 30456}) {
    traffic t = checks();
    t.push_back(at(0.5, forward, client_hello(true)));
    inspection_bench bench;
    flow_ends ends;
    ends.outside_port = port;
    const inspected got = bench.run(t, ends);
    EXPECT_EQ(got.what.confidence_pct >= 90, port == 8801);
    EXPECT_EQ(application_name(got.what.app), port == 8801 ? "Zoom" : "WebRTC");
  }
}

TEST(stun_detector, checks_alone_are_a_suspicion_with_a_session) {
  inspection_bench bench;
  const inspected got = bench.run(checks());
  EXPECT_TRUE(got.ties.ice);
  EXPECT_NE(got.ties.ice_session, 0u);
  EXPECT_LT(got.what.confidence_pct, 90);
}

TEST(stun_detector, both_orders_of_the_fragments_are_one_session) {
  classify::stun_message a, b;
  const auto x = stun_builder(1).check("abcd:wxyz").build(),
             y = stun_builder(1).check("wxyz:abcd").build();
  ASSERT_TRUE(classify::parse_stun({x.data(),
                                    static_cast<std::uint16_t>(x.size()),
                                    static_cast<std::uint16_t>(x.size()),
                                    forward,
                                    {}},
                                   a));
  ASSERT_TRUE(classify::parse_stun({y.data(),
                                    static_cast<std::uint16_t>(y.size()),
                                    static_cast<std::uint16_t>(y.size()),
                                    forward,
                                    {}},
                                   b));
  EXPECT_EQ(a.ice_session, b.ice_session);
}

TEST(stun_detector, ice_with_srtp_is_webrtc) {
  traffic t = checks();
  t.push_back(at(0.4, forward, client_hello(true)));
  random_source random(1);
  for (auto& p : rtp_talk(random, 111, 20, 48000, 80, 1, 2)) {
    p.time = p.time + from_seconds(0.5);
    t.push_back(p);
  }
  inspection_bench bench;
  const inspected got = bench.run(t);
  EXPECT_EQ(got.what.app, app_webrtc);
  EXPECT_EQ(got.what.p2p, tristate::yes);
  EXPECT_EQ(got.what.role, flow_role::voice);
  EXPECT_GE(got.what.confidence_pct, 90);
  EXPECT_LE(got.sure_after_packets, 13 + 10);
}

TEST(stun_detector, data_channels_alone_stay_a_suspicion) {
  traffic t = checks();
  t.push_back(at(0.4, forward, client_hello(true)));
  random_source random(2);
  for (int i = 0; i < 200; ++i) {
    std::vector<std::uint8_t> record(13 + 900);
    for (auto& b : record) b = static_cast<std::uint8_t>(random());
    record[0] = 23, record[1] = 0xfe, record[2] = 0xfd, record[11] = 900 >> 8,
    record[12] = 900 & 0xff;
    t.push_back(at(0.5 + i * 0.01, static_cast<direction>(i % 3 == 0), record));
  }
  inspection_bench bench;
  EXPECT_LT(bench.run(t).sure_after_s, 0);
}

TEST(stun_detector, a_relay_of_an_endpoint_in_a_call_belongs_to_it) {
  inspection_bench bench;
  traffic call = checks();
  random_source random(3);
  for (auto& p : rtp_talk(random, 111, 20, 48000, 80, 1, 2)) call.push_back(p);
  ASSERT_GE(bench.run(call).what.confidence_pct, 90);
  traffic relay;
  relay.push_back(at(1.0, forward, stun_builder(0x0003).attribute(0x0019, "udp1").build()));
  relay.push_back(at(1.1, backward, stun_builder(0x0103).attribute(0x0016, "addrport").build()));
  relay.push_back(at(1.2, forward, stun_builder(0x0008).attribute(0x0012, "addrport").build()));
  relay.push_back(at(1.3, backward, stun_builder(0x0108).build()));
  flow_ends server;
  server.outside = 0xc6336401;
  server.outside_port = 3478;
  const inspected got = bench.run(relay, server);
  EXPECT_TRUE(got.what.voip);
  EXPECT_GE(got.what.confidence_pct, 90);
  EXPECT_TRUE(got.ties.relayed);
}

TEST(stun_detector, reads_what_a_relay_carries) {
  traffic t;
  t.push_back(at(0, forward, stun_builder(0x0003).attribute(0x0019, "udp1").build()));
  t.push_back(at(0.02, backward, stun_builder(0x0103).attribute(0x0016, "addrport").build()));
  random_source random(4);
  for (auto& p : rtp_talk(random, 111, 20, 48000, 80, 1, 2)) {
    p.time = p.time + from_seconds(0.1);
    const auto size = static_cast<std::uint16_t>(p.bytes.size());
    const std::uint8_t channel[] = {0x40, 0x00, static_cast<std::uint8_t>(size >> 8),
                                    static_cast<std::uint8_t>(size)};
    p.bytes.insert(p.bytes.begin(), channel, channel + 4);
    t.push_back(p);
  }
  inspection_bench bench;
  const inspected got = bench.run(t);
  EXPECT_TRUE(is_media(got.what.role));
  EXPECT_GE(got.what.confidence_pct, 90);
  EXPECT_TRUE(got.ties.relayed);
}

TEST(stun_detector, refuses_attributes_beyond_the_message) {
  auto b = stun_builder(0x0001).attribute(0x0006, "abcd:wxyz").build();
  b[23] = 200;
  classify::stun_message m;
  EXPECT_FALSE(classify::parse_stun({b.data(),
                                     static_cast<std::uint16_t>(b.size()),
                                     static_cast<std::uint16_t>(b.size()),
                                     forward,
                                     {}},
                                    m));
}

TEST(dtls_detector, sees_use_srtp) {
  for (const bool srtp : {true, false}) {
    const auto b = client_hello(srtp);
    classify::dtls_detector d;
    EXPECT_TRUE(d.observe({b.data(),
                           static_cast<std::uint16_t>(b.size()),
                           static_cast<std::uint16_t>(b.size()),
                           forward,
                           {}}));
    EXPECT_TRUE(d.client_hello);
    EXPECT_EQ(d.srtp_offered, srtp);
  }
}

}  // namespace
}  // namespace callweir::test

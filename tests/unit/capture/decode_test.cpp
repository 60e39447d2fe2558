#include "capture/decode.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>

#include "tests/support/frame_fixtures.hpp"
#include "tests/support/reference_decoder.hpp"

namespace callweir::capture {
namespace {

using test::frame_fixture;
using test::frame_fixtures;

constexpr std::array<std::uint64_t, 2> seed = {1, 2};

TEST(decode, says_of_every_kind_of_frame_what_it_is) {
  decoder under_test({}, seed);
  for (const frame_fixture& each : frame_fixtures()) {
    SCOPED_TRACE(each.name);
    packet_view packet = test::view_of(each.frame);
    packet.vlan[1] = 99;  // left over from the burst before
    packet.tcp_flags = 0xff;
    packet.fragment = packet.later_fragment = true;
    packet.tunnel = tunnel_kind::gre;
    under_test.decode_frame(packet, each.link_type);
    EXPECT_STREQ(decode_status_name(packet.status), decode_status_name(each.status));
    if (!each.flow.empty()) {
      EXPECT_EQ(test::flow_text(packet), each.flow);
      EXPECT_EQ(packet.tunnel, each.tunnel);
      ASSERT_EQ(packet.vlan_count, each.vlan.size());
      for (std::size_t i = 0; i < 2; ++i)
        EXPECT_EQ(packet.vlan[i], i < each.vlan.size() ? each.vlan[i] : 0);
      EXPECT_TRUE(packet.protocol == proto_tcp || packet.tcp_flags == 0);
      EXPECT_EQ(packet.fragment, each.status == decode_status::orphan_fragment);
    }
    if (each.payload_bytes >= 0) {
      EXPECT_EQ(packet.payload_bytes, each.payload_bytes);
      EXPECT_EQ(packet.payload_captured, each.payload_bytes);
    }
    if (each.l3_bytes >= 0) {
      EXPECT_EQ(packet.l3_bytes, each.l3_bytes);
    }
  }
}

TEST(decode, reads_tcp_fields) {
  const auto frame = test::packet_builder()
                         .ethernet()
                         .ipv4("10.0.0.5", "192.0.2.7")
                         .tcp(1, 2, 0x12, 0xdeadbeef)
                         .build();
  packet_view packet = test::view_of(frame);
  decoder({}, seed).decode(packet);
  EXPECT_EQ(packet.tcp_flags, 0x12);
  EXPECT_EQ(packet.tcp_sequence, 0xdeadbeef);
}

// Each prefix of each frame lies in a block of its own, so that AddressSanitizer sees any byte read
// beyond it; and once as a short capture of a longer frame, once as a short frame.
TEST(decode, reads_nothing_beyond_what_was_captured) {
  for (const frame_fixture& each : frame_fixtures()) {
    decoder fast({}, seed);
    test::reference_decoder plain;
    for (std::size_t cut = 0; cut <= each.frame.size(); ++cut) {
      const auto block = std::make_unique<std::uint8_t[]>(cut);
      if (cut > 0) std::memcpy(block.get(), each.frame.data(), cut);
      for (const bool short_capture : {false, true}) {
        packet_view one;
        one.frame = block.get();
        one.captured = static_cast<std::uint32_t>(cut);
        one.wire = static_cast<std::uint32_t>(short_capture ? each.frame.size() : cut);
        packet_view other = one;
        fast.decode_frame(one, each.link_type);
        plain.decode(other, each.link_type);
        ASSERT_EQ(test::difference(one, other), "") << each.name << " cut at " << cut;
        ASSERT_LE(std::uint32_t{one.payload_offset} + one.payload_captured, one.captured);
        ASSERT_LE(one.payload_captured, one.payload_bytes);
      }
    }
  }
}

// Every value of every byte of the headers, against the plain decoder.
TEST(decode, agrees_with_the_plain_decoder_on_changed_bytes) {
  for (const frame_fixture& each : frame_fixtures()) {
    decoder fast({}, seed);
    test::reference_decoder plain;
    test::frame_bytes frame = each.frame;
    for (std::size_t at = 0; at < frame.size() && at < 120; ++at) {
      const std::uint8_t before = frame[at];
      for (int value = 0; value < 256; value += at % 3 == 0 ? 1 : 5) {
        frame[at] = static_cast<std::uint8_t>(value);
        packet_view one = test::view_of(frame), other = one;
        fast.decode_frame(one, each.link_type);
        plain.decode(other, each.link_type);
        ASSERT_EQ(test::difference(one, other), "")
            << each.name << " byte " << at << " = " << value;
      }
      frame[at] = before;
    }
  }
}

TEST(decode, clamps_a_short_capture_and_keeps_the_flow) {
  const auto frame = test::packet_builder()
                         .ethernet()
                         .ipv4("10.0.0.5", "192.0.2.7")
                         .tcp(1, 2, 0x10, 1, 12)
                         .payload(500)
                         .build();
  packet_view packet = test::view_of(frame);
  packet.captured = 54;  // the options and all payload are missing
  decoder({}, seed).decode(packet);
  EXPECT_EQ(packet.status, decode_status::ok);
  EXPECT_EQ(packet.payload_bytes, 500);
  EXPECT_EQ(packet.payload_captured, 0);
  EXPECT_EQ(packet.l3_bytes, 552);
}

TEST(decode, tells_the_side_by_the_innermost_source) {
  const std::vector<ip_prefix> inside = {ip_prefix::parse("10.0.0.0/8").value(),
                                         ip_prefix::parse("2001:db8::/48").value()};
  decoder under_test(inside, seed);
  const auto side_of = [&](const test::packet_builder& made) {
    const auto frame = made.build();
    packet_view packet = test::view_of(frame, {}, side::outside);
    under_test.decode(packet);
    return packet.from;
  };
  using test::packet_builder;
  EXPECT_EQ(side_of(packet_builder().ethernet().ipv4("10.9.9.9", "8.8.8.8").udp(1, 2)),
            side::inside);
  EXPECT_EQ(side_of(packet_builder().ethernet().ipv4("8.8.8.8", "10.9.9.9").udp(1, 2)),
            side::outside);
  EXPECT_EQ(side_of(packet_builder().ethernet().ipv6("2001:db8::9", "2001:db8:1::1").udp(1, 2)),
            side::inside);
  EXPECT_EQ(side_of(packet_builder()
                        .ethernet()
                        .ipv4("10.9.9.9", "8.8.8.8")
                        .gre()
                        .ipv4("9.9.9.9", "10.1.1.1")
                        .udp(1, 2)),
            side::outside);
  EXPECT_EQ(side_of(packet_builder()
                        .ethernet()
                        .ipv4("9.9.9.9", "8.8.8.8")
                        .ipv4("10.1.1.1", "8.8.8.8")
                        .udp(1, 2)),
            side::inside);
}

TEST(decode, leaves_the_side_alone_without_networks) {
  const auto frame =
      test::packet_builder().ethernet().ipv4("10.0.0.5", "192.0.2.7").udp(1, 2).build();
  for (const side from : {side::inside, side::outside}) {
    packet_view packet = test::view_of(frame, {}, from);
    decoder({}, seed).decode(packet);
    EXPECT_EQ(packet.from, from);
  }
}

TEST(decode, bursts_equal_single_frames) {
  decoder burst({}, seed), single({}, seed);
  std::vector<packet_view> views;
  for (const frame_fixture& each : frame_fixtures()) {
    if (each.link_type == 1) views.push_back(test::view_of(each.frame));
  }
  std::vector<packet_view> expected = views;
  for (packet_view& each : expected) single.decode(each);
  burst.decode_burst(views);
  for (std::size_t i = 0; i < views.size(); ++i)
    EXPECT_EQ(test::difference(views[i], expected[i]), "");
  burst.decode_burst({});
}

TEST(decode, takes_frames_longer_than_offsets_reach) {
  const auto frame = test::packet_builder()
                         .ethernet()
                         .ipv4("10.0.0.5", "192.0.2.7")
                         .udp(40'000, 443)
                         .payload(65'507)
                         .build();
  packet_view packet = test::view_of(frame);
  decoder({}, seed).decode(packet);
  EXPECT_EQ(packet.status, decode_status::ok);
  EXPECT_EQ(packet.payload_bytes, 65'507);
  EXPECT_EQ(packet.l3_bytes, 65'535);
  EXPECT_LE(std::uint32_t{packet.payload_offset} + packet.payload_captured, 65'535u);
}

TEST(decode, names_are_those_of_the_records) {
  EXPECT_EQ(tunnel_name(tunnel_kind::none), nullptr);
  EXPECT_STREQ(tunnel_name(tunnel_kind::six_in_four), "6in4");
  EXPECT_STREQ(ip_protocol_name(17), "udp");
  EXPECT_STREQ(ip_protocol_name(0), "0");
  EXPECT_STREQ(ip_protocol_name(97), "97");
  EXPECT_STREQ(ip_protocol_name(255), "255");
}

}  // namespace
}  // namespace callweir::capture

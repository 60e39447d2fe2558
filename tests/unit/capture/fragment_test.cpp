#include <gtest/gtest.h>

#include "capture/decode.hpp"
#include "capture/fragment_cache.hpp"
#include "tests/support/frame_fixtures.hpp"

namespace callweir::capture {
namespace {

using test::packet_builder;
constexpr std::array<std::uint64_t, 2> seed = {3, 4};
constexpr time_point start{1'700'000'000'000'000'000};

packet_view decoded(decoder& by, const test::frame_bytes& frame, time_point at = start) {
  packet_view packet = test::view_of(frame, at);
  by.decode(packet);
  return packet;
}

TEST(fragments, later_ones_inherit_the_first_ones_ports) {
  decoder under_test({}, seed);
  const auto whole = packet_builder()
                         .ethernet()
                         .vlan(7)
                         .ipv4("10.0.0.5", "192.0.2.7", {.id = 77})
                         .udp(40'000, 443)
                         .payload(3000)
                         .build();
  const auto parts = test::fragment_ipv4(whole, 18, 1500);
  ASSERT_EQ(parts.size(), 3u);
  std::size_t payload = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const packet_view packet = decoded(under_test, parts[i]);
    EXPECT_EQ(packet.status, decode_status::ok);
    EXPECT_EQ(test::flow_text(packet), "udp 10.0.0.5:40000 > 192.0.2.7:443");
    EXPECT_TRUE(packet.fragment);
    EXPECT_EQ(packet.later_fragment, i > 0);
    EXPECT_EQ(packet.vlan[0], 7);
    payload += packet.payload_bytes;
  }
  EXPECT_EQ(payload, 3000u);
}

TEST(fragments, of_ipv6_inherit_too) {
  decoder under_test({}, seed);
  const auto whole = packet_builder()
                         .ethernet()
                         .ipv6("2001:db8::5", "2001:db8::7")
                         .tcp(5, 6)
                         .payload(4000)
                         .build();
  for (const auto& part : test::fragment_ipv6(whole, 14, 1280, 0xabcd'ef01)) {
    const packet_view packet = decoded(under_test, part);
    EXPECT_EQ(packet.status, decode_status::ok);
    EXPECT_EQ(test::flow_text(packet), "tcp 2001:db8::5:5 > 2001:db8::7:6");
  }
}

TEST(fragments, of_a_tunnel_packet_belong_to_the_flow_inside) {
  decoder under_test({}, seed);
  const auto whole = packet_builder()
                         .ethernet()
                         .ipv4("198.51.100.1", "203.0.113.9", {.id = 5})
                         .vxlan()
                         .ethernet()
                         .ipv4("10.0.0.5", "192.0.2.7")
                         .udp(40'000, 443)
                         .payload(2000)
                         .build();
  for (const auto& part : test::fragment_ipv4(whole, 14, 1400)) {
    const packet_view packet = decoded(under_test, part);
    EXPECT_EQ(test::flow_text(packet), "udp 10.0.0.5:40000 > 192.0.2.7:443");
    EXPECT_EQ(packet.tunnel, tunnel_kind::vxlan);
  }
}

TEST(fragments, before_their_first_are_orphans) {
  decoder under_test({}, seed);
  const auto whole = packet_builder()
                         .ethernet()
                         .ipv4("10.0.0.5", "192.0.2.7", {.id = 1})
                         .udp(40'000, 443)
                         .payload(2000)
                         .build();
  const auto parts = test::fragment_ipv4(whole, 14, 1500);
  const packet_view early = decoded(under_test, parts[1]);
  EXPECT_EQ(early.status, decode_status::orphan_fragment);
  EXPECT_EQ(early.source_port, 0);
  EXPECT_EQ(early.l3_bytes, 548);
  EXPECT_EQ(decoded(under_test, parts[0]).status, decode_status::ok);
  EXPECT_EQ(decoded(under_test, parts[1]).status, decode_status::ok);
}

TEST(fragments, are_forgotten_after_the_time_out) {
  decoder under_test({}, seed);
  const auto whole = packet_builder()
                         .ethernet()
                         .ipv4("10.0.0.5", "192.0.2.7", {.id = 1})
                         .udp(40'000, 443)
                         .payload(2000)
                         .build();
  const auto parts = test::fragment_ipv4(whole, 14, 1500);
  decoded(under_test, parts[0]);
  EXPECT_EQ(decoded(under_test, parts[1], start + fragment_cache::time_out).status,
            decode_status::ok);
  EXPECT_EQ(decoded(under_test, parts[1], start + fragment_cache::time_out + nanoseconds(1)).status,
            decode_status::orphan_fragment);
  EXPECT_EQ(decoded(under_test, parts[1], start - fragment_cache::time_out - nanoseconds(1)).status,
            decode_status::orphan_fragment);
}

TEST(fragments, with_other_id_protocol_or_direction_do_not_match) {
  decoder under_test({}, seed);
  const auto whole = packet_builder()
                         .ethernet()
                         .ipv4("10.0.0.5", "192.0.2.7", {.id = 1})
                         .udp(40'000, 443)
                         .payload(2000)
                         .build();
  const auto parts = test::fragment_ipv4(whole, 14, 1500);
  decoded(under_test, parts[0]);
  for (const std::size_t at :
       {std::size_t{19}, std::size_t{23}, std::size_t{29}, std::size_t{33}}) {
    auto other = parts[1];
    other[at] ^= 1;
    EXPECT_EQ(decoded(under_test, other).status, decode_status::orphan_fragment) << at;
  }
}

TEST(fragments, too_small_for_the_transport_header_are_malformed) {
  decoder under_test({}, seed);
  const auto whole = packet_builder()
                         .ethernet()
                         .ipv4("10.0.0.5", "192.0.2.7", {.id = 1})
                         .tcp(40'000, 443)
                         .payload(100)
                         .build();
  const auto parts = test::fragment_ipv4(whole, 14, 28);  // 8 bytes each, RFC 1858's tiny fragments
  EXPECT_EQ(decoded(under_test, parts[0]).status, decode_status::malformed);
  EXPECT_EQ(decoded(under_test, parts[1]).status, decode_status::orphan_fragment);
}

TEST(fragment_cache, holds_what_it_was_given_and_gives_up_the_oldest) {
  fragment_cache cache(seed);
  fragment_key key;
  fragment_flow flow;
  constexpr std::uint32_t given = fragment_cache::entries_max * 4;
  for (std::uint32_t i = 0; i < given; ++i) {
    key.id = i;
    flow.source_port = static_cast<std::uint16_t>(i);
    cache.insert(key, flow, start + nanoseconds(i));
  }
  std::uint32_t found = 0;
  for (std::uint32_t i = 0; i < given; ++i) {
    key.id = i;
    if (const fragment_flow* known = cache.find(key, start)) {
      EXPECT_EQ(known->source_port, static_cast<std::uint16_t>(i));
      ++found;
    }
  }
  // The newest of each bucket are there: all buckets are full.
  EXPECT_EQ(found, fragment_cache::entries_max);
  key.id = given - 1;
  EXPECT_NE(cache.find(key, start), nullptr);
}

TEST(fragment_cache, replaces_under_the_same_key_and_survives_any_stamp) {
  fragment_cache cache(seed);
  const fragment_key key;
  EXPECT_EQ(cache.find(key, {INT64_MAX}), nullptr);
  EXPECT_EQ(cache.find(key, {INT64_MIN}), nullptr);
  fragment_flow flow;
  flow.source_port = 1;
  cache.insert(key, flow, {INT64_MIN});
  flow.source_port = 2;
  cache.insert(key, flow, {INT64_MAX});
  ASSERT_NE(cache.find(key, {INT64_MAX}), nullptr);
  EXPECT_EQ(cache.find(key, {INT64_MAX})->source_port, 2);
  EXPECT_EQ(cache.find(key, {INT64_MIN}), nullptr);
}

}  // namespace
}  // namespace callweir::capture

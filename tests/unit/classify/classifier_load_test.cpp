// What inspection does when time is short, and with flows that were settled early.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <vector>

#include "base/applications.hpp"
#include "classify/classifier.hpp"
#include "classify/inspector.hpp"
#include "tests/support/quic_builder.hpp"

namespace callweir::classify {
namespace {

constexpr std::int64_t millisecond = 1'000'000;
constexpr std::int64_t epoch = 1'700'000'000'000 * millisecond;

struct listener final : event_sink {
  bool push(const flow_event& event) noexcept override {
    if (event.type == flow_event::kind::closed) ++closed;
    last = event.what;
    return true;
  }
  int closed = 0;
  verdict last;
};

classifier_config settings(std::uint8_t share) {
  classifier_config c;
  c.flows_max = 4'096;
  c.seed = {3, 4};
  c.touch = false;
  c.ndpi = false;
  c.inspection_share_pct = c.ndpi_share_pct = share;
  return c;
}

/// One UDP packet of the flow with this number; its bytes live as long as `keep`.
packet_view udp(std::deque<std::vector<std::uint8_t>>& keep, std::uint32_t flow, bool out,
                std::vector<std::uint8_t> payload, std::int64_t at) {
  keep.push_back(std::move(payload));
  const auto& kept = keep.back();
  packet_view p;
  p.frame = kept.data();
  p.captured = p.wire = static_cast<std::uint32_t>(kept.size());
  p.time = {at};
  const auto inside = ip_address::v4(0x0a00'0000 + flow), outside = ip_address::v4(0xc633'6407);
  p.source = out ? inside : outside;
  p.destination = out ? outside : inside;
  p.source_port = out ? 40'000 : 443;
  p.destination_port = out ? 443 : 40'000;
  p.protocol = proto_udp;
  p.status = decode_status::ok;
  p.payload_captured = p.payload_bytes = static_cast<std::uint16_t>(kept.size());
  p.l3_bytes = static_cast<std::uint16_t>(kept.size() + 28);
  p.from = out ? side::inside : side::outside;
  return p;
}

void one(classifier& c, const packet_view& p) {
  packet_flow where;
  c.process({&p, 1}, p.time, {&where, 1});
}

std::vector<std::uint8_t> noise(std::size_t bytes, std::uint32_t seed) {
  std::vector<std::uint8_t> out(bytes);
  for (auto& each : out) {
    seed = seed * 1'664'525 + 1'013'904'223;
    each = static_cast<std::uint8_t>(seed >> 24);
  }
  return out;
}

/// RFC 9000 section 17: long header of version 1, or short header.
std::vector<std::uint8_t> quic(bool opening, std::uint32_t number) {
  auto out = noise(opening ? 1'200 : 300, number + 1);
  out[0] = static_cast<std::uint8_t>((opening ? 0xc0 : 0x40) | (out[0] & 0x1f));
  if (opening) {
    const std::uint8_t version_and_id[] = {0, 0, 0, 1, 8};
    std::copy(std::begin(version_and_id), std::end(version_and_id), out.begin() + 1);
  }
  return out;
}

std::vector<std::uint8_t> rtp(bool out, std::uint16_t sequence) {
  auto made = noise(92, sequence * 2u + out);
  const std::uint32_t stamp = 960u * sequence;
  const std::uint8_t header[] = {0x80,
                                 111,
                                 static_cast<std::uint8_t>(sequence >> 8),
                                 static_cast<std::uint8_t>(sequence),
                                 static_cast<std::uint8_t>(stamp >> 24),
                                 static_cast<std::uint8_t>(stamp >> 16),
                                 static_cast<std::uint8_t>(stamp >> 8),
                                 static_cast<std::uint8_t>(stamp),
                                 0x11,
                                 0x22,
                                 0x33,
                                 static_cast<std::uint8_t>(out)};
  std::copy(std::begin(header), std::end(header), made.begin());
  return made;
}

TEST(classifier_load, quic_is_settled_after_a_few_packets_and_woken_by_media_in_its_flow) {
  listener events;
  classifier c(settings(0), events);
  std::deque<std::vector<std::uint8_t>> keep;
  std::int64_t at = epoch;
  one(c, udp(keep, 1, true, quic(true, 0), at));
  for (std::uint32_t i = 1; i < 31; ++i)
    one(c, udp(keep, 1, i % 2 == 0, quic(i < 3, i), at += 5 * millisecond));
  const auto settled_after = c.counters().inspected.get();
  EXPECT_LE(settled_after, 8u);
  for (std::uint16_t i = 0; i < 60; ++i) {
    one(c, udp(keep, 1, true, rtp(true, i), at += 10 * millisecond));
    one(c, udp(keep, 1, false, rtp(false, i), at += 10 * millisecond));
  }
  c.finish();
  EXPECT_TRUE(events.last.voip) << "media that share QUIC's ports (RFC 9443)";
  EXPECT_GE(events.last.confidence_pct, 90);
}

TEST(classifier_load, quic_alone_stays_quic_however_often_it_is_looked_at_again) {
  listener events;
  classifier c(settings(0), events);
  std::deque<std::vector<std::uint8_t>> keep;
  std::int64_t at = epoch;
  for (std::uint32_t i = 0; i < 5'000; ++i)
    one(c, udp(keep, 1, i % 2 == 0, quic(i < 2, i), at += 5 * millisecond));
  EXPECT_LE(c.counters().inspected.get(), 8u + 8 * 12) << "8 second looks of 12 packets";
  c.finish();
  EXPECT_FALSE(events.last.voip);
  EXPECT_EQ(events.last.app, find_application("QUIC").value());
}

TEST(classifier_load, the_end_of_many_flows_is_spread_over_bursts) {
  listener events;
  classifier c(settings(0), events);
  std::deque<std::vector<std::uint8_t>> keep;
  constexpr int flows = 2'000;
  for (std::uint32_t i = 0; i < flows; ++i) one(c, udp(keep, i, true, noise(60, i), epoch));
  auto now = time_point{epoch} + std::chrono::hours(1);
  int rounds = 0;
  for (; events.closed < flows && rounds < 1'000; ++rounds) {
    const int before = events.closed;
    c.process({}, now, {});
    EXPECT_LE(events.closed - before, 64) << "flows closed in one burst";
    now = now + std::chrono::milliseconds(50);
  }
  EXPECT_EQ(events.closed, flows);
  EXPECT_LT(rounds, 100);
}

TEST(classifier_load, what_was_passed_over_does_not_try_at_each_packet) {
  listener events;
  // What a tenth of a second earns is there at first, and forty packets of each of many flows want
  // to be looked at. Who is kept from running for a while finds time saved up: another try.
  constexpr std::uint32_t packets = 20'000;
  std::uint64_t passed_over = 0;
  for (int attempt = 0; attempt < 10 && passed_over == 0; ++attempt) {
    classifier c(settings(1), events);  // a hundredth of the core, and that is gone at once
    std::deque<std::vector<std::uint8_t>> keep;
    std::int64_t at = epoch;
    for (std::uint32_t i = 0; i < packets; ++i)
      one(c, udp(keep, 10 + i % 500, i % 2 == 0, quic(false, i), at += millisecond / 10));
    passed_over = c.counters().inspections_shed.get();
  }
  EXPECT_GT(passed_over, 0u);
  EXPECT_LT(passed_over, packets) << "what was passed over does not try at each packet";
}

TEST(classifier_load,
     where_every_place_is_taken_a_silent_one_is_put_aside_for_each_that_may_be_a_call) {
  listener events;
  classifier c(settings(0), events);  // 1,024 inspections
  std::deque<std::vector<std::uint8_t>> keep;
  for (std::uint32_t flow = 0; flow < 1'900; ++flow)
    one(c, udp(keep, flow, true, rtp(true, 1), epoch + flow * millisecond));
  EXPECT_EQ(c.counters().inspections_parked.get(), 1'900U - 1'024U);
  EXPECT_EQ(c.counters().inspections_shed.get(), 0U);
}

TEST(classifier_load, a_trunk_of_clear_signalling_is_never_put_aside) {
  listener events;
  classifier c(settings(0), events);  // 1,024 inspections
  std::deque<std::vector<std::uint8_t>> keep;
  const std::string_view options =
      "OPTIONS sip:b@example.net SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"
      "From: <sip:a@example.net>;tag=1\r\nTo: <sip:b@example.net>\r\nCall-ID: 1@192.0.2.1\r\n"
      "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";
  constexpr std::uint32_t trunks = 20;
  for (std::uint32_t flow = 0; flow < trunks; ++flow)
    one(c, udp(keep, flow, true, {options.begin(), options.end()}, epoch));
  // The trunks are the longest silent ones of all.
  std::int64_t at = epoch;
  for (std::uint32_t flow = trunks; flow < 1'900; ++flow)
    one(c, udp(keep, flow, true, rtp(true, 1), at += millisecond));
  EXPECT_EQ(c.counters().inspections_parked.get(), 1'900U - 1'024U);
  const auto inspected = c.counters().inspected.get();
  for (std::uint32_t flow = 0; flow < trunks; ++flow)
    one(c, udp(keep, flow, true, {options.begin(), options.end()}, at += millisecond));
  EXPECT_EQ(c.counters().inspected.get() - inspected, trunks) << "each still reads its messages";
}

/// A call, told by its RTP, of the flow with this number; true once it is found.
bool finds_call(classifier& c, const listener& events, std::uint32_t flow, std::int64_t at) {
  std::deque<std::vector<std::uint8_t>> keep;
  for (std::uint16_t i = 0; i < 60; ++i) {
    one(c, udp(keep, flow, true, rtp(true, i), at += 10 * millisecond));
    one(c, udp(keep, flow, false, rtp(false, i), at += 10 * millisecond));
  }
  return events.last.voip && events.last.role == flow_role::voice;
}

TEST(classifier_load, made_up_signalling_neither_blinds_nor_drives_out_what_is_answered) {
  listener events;
  classifier c(settings(0), events);  // 1,024 inspections
  std::deque<std::vector<std::uint8_t>> keep;
  const std::string_view options =
      "OPTIONS sip:b@example.net SIP/2.0\r\nCall-ID: 1@192.0.2.1\r\nCSeq: 1 OPTIONS\r\n\r\n";
  const std::string_view fine = "SIP/2.0 200 OK\r\nCall-ID: 1@192.0.2.1\r\nCSeq: 1 OPTIONS\r\n\r\n";
  constexpr std::uint32_t trunks = 20;
  for (std::uint32_t flow = 0; flow < trunks; ++flow) {
    one(c, udp(keep, flow, true, {options.begin(), options.end()}, epoch));
    one(c, udp(keep, flow, false, {fine.begin(), fine.end()}, epoch));
  }
  std::int64_t at = epoch;
  for (std::uint32_t flow = trunks; flow < 1'800; ++flow)
    one(c, udp(keep, flow, true, {options.begin(), options.end()}, at += millisecond));
  EXPECT_TRUE(finds_call(c, events, 1'801, at));
  const auto inspected = c.counters().inspected.get();
  for (std::uint32_t flow = 0; flow < trunks; ++flow)
    one(c, udp(keep, flow, true, {options.begin(), options.end()}, at += millisecond));
  EXPECT_EQ(c.counters().inspected.get() - inspected, trunks);
}

TEST(classifier_load, signalling_that_is_answered_everywhere_does_not_blind) {
  listener events;
  classifier c(settings(0), events);
  std::deque<std::vector<std::uint8_t>> keep;
  const std::string_view options =
      "OPTIONS sip:b@example.net SIP/2.0\r\nCall-ID: 1@192.0.2.1\r\nCSeq: 1 OPTIONS\r\n\r\n";
  std::int64_t at = epoch;
  for (std::uint32_t i = 0; i < 2 * 1'100; ++i)
    one(c, udp(keep, i / 2, i % 2 == 0, {options.begin(), options.end()}, at += millisecond));
  EXPECT_TRUE(finds_call(c, events, 1'801, at));
}

TEST(classifier_load, a_silent_flow_leaves_its_place_with_ndpi) {
  listener events;
  auto wanted = settings(99);
  wanted.ndpi = true;
  wanted.flows_max = 65'536;  // 4,096 inspections, 2,048 places with nDPI
  classifier c(wanted, events);
  std::deque<std::vector<std::uint8_t>> keep;
  const auto seen_of = [&](std::uint32_t flow, std::int64_t at) {
    const auto before = c.counters().ndpi_packets.get();
    one(c, udp(keep, flow, true, rtp(true, 1), at));
    return c.counters().ndpi_packets.get() - before;
  };
  for (std::uint32_t flow = 0; flow < 2'048; ++flow)
    ASSERT_EQ(seen_of(flow, epoch + flow * millisecond / 4), 1U) << flow;
  EXPECT_EQ(seen_of(5'000, epoch + 1'000 * millisecond), 0U) << "nobody is silent for long";
  EXPECT_EQ(seen_of(5'001, epoch + 4'000 * millisecond), 1U);
}

TEST(classifier_load, opening_quic_counts_towards_the_share_of_ndpi) {
  listener events;
  auto wanted = settings(99);
  wanted.ndpi = true;
  wanted.ndpi_share_pct = 1;
  classifier c(wanted, events);
  std::deque<std::vector<std::uint8_t>> keep;
  const auto hello = test::client_hello("host.example.net");
  const auto packet = test::quic_initial_packet(test::crypto_frame(hello, 0, hello.size()));
  for (std::uint32_t flow = 0; flow < 2'000; ++flow)
    one(c, udp(keep, flow, true, packet, epoch + flow * millisecond));
  EXPECT_EQ(c.counters().ndpi_packets.get(), 0U);
  EXPECT_GT(c.counters().ndpi_shed.get(), 0U);
}

TEST(classifier_load, a_flow_does_not_end_inside_a_burst_that_it_is_in) {
  listener events;
  classifier c(settings(0), events);
  std::deque<std::vector<std::uint8_t>> keep;
  std::vector<packet_view> burst;
  burst.push_back(udp(keep, 1, true, noise(60, 1), epoch));
  burst.push_back(udp(keep, 1, false, noise(60, 2), epoch + 3'600'000 * millisecond));
  burst.push_back(udp(keep, 2, true, noise(60, 3), epoch + 3'600'000 * millisecond));
  std::vector<packet_flow> where(burst.size());
  c.process(burst, burst.back().time, where);
  EXPECT_EQ(where[0].flow, where[1].flow);
  EXPECT_NE(where[0].flow, where[2].flow) << "its place is not given to another";
}

TEST(classifier_load, first_bytes_tell_what_may_be_a_call) {
  std::deque<std::vector<std::uint8_t>> keep;
  const auto may = [&](std::vector<std::uint8_t> payload) {
    return inspector::may_be_call(udp(keep, 1, true, std::move(payload), epoch));
  };
  EXPECT_TRUE(may(rtp(true, 1)));
  EXPECT_TRUE(may({0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}));
  EXPECT_TRUE(may({22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10}));
  EXPECT_TRUE(may({'I', 'N', 'V', 'I', 'T', 'E', ' ', 's', 'i', 'p', ':'}));
  EXPECT_FALSE(may(quic(true, 1)));
  EXPECT_FALSE(may({}));
}

TEST(classifier, what_a_flow_takes_all_in_is_bounded) {
  listener nobody;
  const std::pair<std::uint32_t, std::size_t> bytes_of[] = {
      {1'000'000, 200}, {2'000'000, 175}, {10'000'000, 150}};
  for (const auto& [flows, bytes] : bytes_of) {
    auto wanted = settings(25);
    wanted.ndpi = true;
    wanted.flows_max = flows;
    const classifier c(wanted, nobody);
    EXPECT_LE(c.memory_bytes(), std::size_t{flows} * bytes) << flows;
  }
}

}  // namespace
}  // namespace callweir::classify

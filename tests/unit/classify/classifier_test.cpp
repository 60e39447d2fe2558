#include "classify/classifier.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <vector>

#include "base/applications.hpp"
#include "classify/flood_guard.hpp"
#include "tests/support/quic_builder.hpp"
#include "tests/support/stun_builder.hpp"

namespace callweir::classify {
namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t epoch = 1'700'000'000 * second;

struct recorder final : event_sink {
  bool push(const flow_event& event) noexcept override {
    events.push_back(event);
    return !full;
  }
  std::vector<flow_event> of(flow_event::kind kind) const {
    std::vector<flow_event> out;
    std::copy_if(events.begin(), events.end(), std::back_inserter(out),
                 [&](const flow_event& e) { return e.type == kind; });
    return out;
  }
  std::vector<flow_event> events;
  bool full = false;
};

/// Frames whose bytes live as long as the test.
class wire {
 public:
  packet_view udp(const char* from, std::uint16_t from_port, const char* to, std::uint16_t to_port,
                  std::vector<std::uint8_t> payload, std::int64_t at_ns) {
    const auto a = ip_address::parse(from)->v4_bits();
    const auto b = ip_address::parse(to)->v4_bits();
    std::vector<std::uint8_t> frame(28);
    const auto put16 = [&](std::size_t at, std::size_t v) {
      frame[at] = static_cast<std::uint8_t>(v >> 8);
      frame[at + 1] = static_cast<std::uint8_t>(v);
    };
    frame[0] = 0x45;
    put16(2, 28 + payload.size());
    frame[8] = 64;
    frame[9] = proto_udp;
    put16(12, a >> 16), put16(14, a & 0xffff), put16(16, b >> 16), put16(18, b & 0xffff);
    put16(20, from_port), put16(22, to_port), put16(24, 8 + payload.size());
    frame.insert(frame.end(), payload.begin(), payload.end());
    frames_.push_back(std::move(frame));
    const auto& kept = frames_.back();
    packet_view p;
    p.frame = kept.data();
    p.captured = p.wire = static_cast<std::uint32_t>(kept.size());
    p.time = {at_ns};
    p.source = ip_address::v4(a);
    p.destination = ip_address::v4(b);
    p.source_port = from_port;
    p.destination_port = to_port;
    p.protocol = proto_udp;
    p.status = decode_status::ok;
    p.l4_offset = 20;
    p.payload_offset = 28;
    p.payload_captured = p.payload_bytes = static_cast<std::uint16_t>(payload.size());
    p.l3_bytes = static_cast<std::uint16_t>(kept.size());
    p.from = (a >> 24) == 10 ? side::inside : side::outside;
    return p;
  }

  /// G.711 in RTP: 160 bytes each 20 ms.
  packet_view rtp(bool out, std::uint16_t sequence, std::int64_t at_ns) {
    std::vector<std::uint8_t> payload(172, 0xd5);
    const std::uint32_t stamp = 160u * sequence;
    const std::uint8_t header[12] = {0x80,
                                     8,
                                     static_cast<std::uint8_t>(sequence >> 8),
                                     static_cast<std::uint8_t>(sequence),
                                     static_cast<std::uint8_t>(stamp >> 24),
                                     static_cast<std::uint8_t>(stamp >> 16),
                                     static_cast<std::uint8_t>(stamp >> 8),
                                     static_cast<std::uint8_t>(stamp),
                                     1,
                                     2,
                                     3,
                                     static_cast<std::uint8_t>(out)};
    std::copy(std::begin(header), std::end(header), payload.begin());
    for (std::size_t i = 12; i < payload.size(); ++i) {
      payload[i] = static_cast<std::uint8_t>((i * 131 + sequence * 7919) >> 3);
    }
    return out ? udp("10.0.0.5", 40000, "198.51.100.7", 50000, payload, at_ns)
               : udp("198.51.100.7", 50000, "10.0.0.5", 40000, payload, at_ns);
  }

 private:
  std::deque<std::vector<std::uint8_t>> frames_;
};

classifier_config small(std::uint32_t flows_max = 4096) {
  classifier_config c;
  c.flows_max = flows_max;
  c.seed = {7, 8};
  c.touch = false;
  c.ndpi = false;
  c.inspection_share_pct = c.ndpi_share_pct = 0;
  return c;
}

packet_flow one(classifier& c, const packet_view& p) {
  packet_flow where;
  c.process({&p, 1}, p.time, {&where, 1});
  return where;
}

TEST(classifier, counts_both_directions_and_closes_with_the_totals) {
  recorder events;
  classifier c(small(), events);
  wire w;
  const std::vector<std::uint8_t> payload(40, 0xaa);
  const auto first = one(c, w.udp("10.0.0.5", 1000, "198.51.100.7", 2000, payload, epoch));
  ASSERT_NE(first.flow, no_flow);
  EXPECT_TRUE(first.opened);
  EXPECT_TRUE(first.fresh);
  EXPECT_EQ(first.way, forward);
  const auto answer =
      one(c, w.udp("198.51.100.7", 2000, "10.0.0.5", 1000, payload, epoch + second));
  EXPECT_EQ(answer.flow, first.flow);
  EXPECT_FALSE(answer.opened);
  EXPECT_EQ(answer.way, backward);
  c.finish();
  const auto closed = events.of(flow_event::kind::closed);
  ASSERT_EQ(closed.size(), 1u);
  EXPECT_EQ(closed[0].totals.packets[0], 1u);
  EXPECT_EQ(closed[0].totals.packets[1], 1u);
  EXPECT_EQ(closed[0].totals.bytes[0], 68u);
  EXPECT_EQ(closed[0].totals.first.ns, epoch);
  EXPECT_EQ(closed[0].totals.last.ns, epoch + second);
  EXPECT_NE(closed[0].what.reasons, 0u) << "every verdict says why";
}

TEST(classifier, what_has_no_flow_is_counted) {
  recorder events;
  classifier c(small(), events);
  wire w;
  auto p = w.udp("10.0.0.5", 1, "10.0.0.6", 2, {1}, epoch);
  p.status = decode_status::not_ip;
  EXPECT_EQ(one(c, p).flow, no_flow);
  EXPECT_EQ(c.counters().without_flow.get(), 1u);
}

TEST(classifier, a_probe_every_twenty_seconds_is_one_flow_and_silence_beyond_the_timeout_is_two) {
  recorder events;
  classifier c(small(), events);
  wire w;
  std::int64_t at = epoch;
  for (int i = 0; i < 20; ++i, at += 20 * second) {
    one(c, w.udp("10.0.0.5", 1000, "198.51.100.7", 2000, {1, 2, 3, 4}, at));
  }
  one(c, w.udp("10.0.0.5", 1000, "198.51.100.7", 2000, {1, 2, 3, 4}, at + 300 * second));
  c.finish();
  const auto closed = events.of(flow_event::kind::closed);
  ASSERT_EQ(closed.size(), 2u);
  EXPECT_EQ(closed[0].totals.packets[0], 20u);
  EXPECT_EQ(closed[1].totals.packets[0], 1u);
}

TEST(classifier, a_heavy_flow_tells_its_progress_once_a_mebibyte) {
  recorder events;
  auto wanted = small();
  wanted.progress = true;
  classifier c(wanted, events);
  wire w;
  const std::vector<std::uint8_t> payload(1'372, 0xaa);
  for (int i = 0; i < 3'000; ++i) {
    one(c, w.udp("10.0.0.5", 1000, "198.51.100.7", 2000, payload, epoch + i * second / 300));
  }
  for (int i = 0; i < 5; ++i) {
    one(c, w.udp("10.0.0.6", 1000, "198.51.100.7", 2000, payload, epoch + (12 + i) * second));
  }
  const auto told = events.of(flow_event::kind::progress);
  ASSERT_GE(told.size(), 3u);
  ASSERT_LE(told.size(), 4u);  // 4.2 MB
  for (std::size_t i = 1; i < told.size(); ++i) {
    EXPECT_GE(told[i].totals.bytes[0] >> 20, (told[i - 1].totals.bytes[0] >> 20) + 1);
  }
  c.finish();
  EXPECT_EQ(events.of(flow_event::kind::closed).size(), 2u);
}

TEST(classifier, protocols_that_carry_no_calls_are_named_at_once) {
  recorder events;
  classifier c(small(), events);
  wire w;
  auto p = w.udp("10.0.0.5", 0, "198.51.100.7", 0, {8, 0}, epoch);
  p.protocol = proto_icmp;
  one(c, p);
  c.finish();
  const auto closed = events.of(flow_event::kind::closed);
  ASSERT_EQ(closed.size(), 1u);
  EXPECT_EQ(application_name(closed[0].what.app), "ICMP");
  EXPECT_EQ(closed[0].decided_packet, 1u);
  EXPECT_EQ(c.counters().inspected.get(), 0u);
}

TEST(classifier, a_call_is_found_dated_measured_and_told) {
  recorder events;
  classifier c(small(), events);
  wire w;
  std::int64_t at = epoch;
  packet_flow where;
  for (std::uint16_t i = 0; i < 250; ++i, at += 20'000'000) {
    where = one(c, w.rtp(true, i, at));
    one(c, w.rtp(false, i, at + 3'000'000));
  }
  const auto facts = c.facts(where.flow);
  EXPECT_TRUE(facts.what.voip);
  EXPECT_TRUE(is_media(facts.what.role));
  EXPECT_GE(facts.what.confidence_pct, 90);
  EXPECT_TRUE(is_media(where.role)) << "the packet's own role is known for the shaper";
  EXPECT_FALSE(events.of(flow_event::kind::verdict).empty());
  EXPECT_GE(events.of(flow_event::kind::media).size(), 3u);
  c.finish();
  const auto closed = events.of(flow_event::kind::closed).at(0);
  EXPECT_GT(closed.decided_packet, 0u);
  EXPECT_LT(closed.decided_packet, 150u);
  EXPECT_GT(closed.decided_after.count(), 0);
}

TEST(classifier, the_codec_of_the_sdp_reaches_the_measurement) {
  recorder events;
  classifier c(small(), events);
  wire w;
  const auto text = [](const std::string& t) {
    return std::vector<std::uint8_t>(t.begin(), t.end());
  };
  const std::string head = "INVITE sip:b@x SIP/2.0\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n\r\n";
  std::int64_t at = epoch;
  one(c, w.udp("10.0.0.5", 5060, "192.0.2.7", 5060,
               text(head + "v=0\r\nc=IN IP4 10.0.0.5\r\nm=audio 4000 RTP/AVP 97\r\n"
                           "a=rtpmap:97 iLBC/8000\r\n"),
               at));
  for (int i = 0; i < 100; ++i) {
    at += second / 50;
    for (const bool out : {true, false}) {
      auto p = w.rtp(out, static_cast<std::uint16_t>(i), at);
      std::vector<std::uint8_t> payload(p.payload(), p.payload() + 62);
      payload[1] = 97;
      one(c, out ? w.udp("10.0.0.5", 4000, "192.0.2.7", 5000, payload, at)
                 : w.udp("192.0.2.7", 5000, "10.0.0.5", 4000, payload, at));
    }
  }
  const auto media = events.of(flow_event::kind::media);
  ASSERT_FALSE(media.empty());
  EXPECT_EQ(media.front().media.voice_codec, codec::ilbc);
}

TEST(classifier, a_call_is_attached_by_id_and_makes_its_flow_fresh) {
  recorder events;
  classifier c(small(), events);
  wire w;
  const std::vector<std::uint8_t> payload(30, 0x55);
  const auto where = one(c, w.udp("10.0.0.5", 1000, "198.51.100.7", 2000, payload, epoch));
  const auto id = c.facts(where.flow).flow.id;
  verdict call;
  call.voip = true;
  call.app = app_webrtc;
  call.confidence_pct = 97;
  c.attach_call(where.flow, id + 1, 5, call, false);
  EXPECT_EQ(c.facts(where.flow).call, no_call) << "another flow's id must not match";
  c.attach_call(where.flow, id, 5, call, true);
  const auto facts = c.facts(where.flow);
  EXPECT_EQ(facts.call, 5u);
  EXPECT_EQ(facts.call_what.app, app_webrtc);
  EXPECT_TRUE(facts.emergency);
  EXPECT_TRUE(one(c, w.udp("10.0.0.5", 1000, "198.51.100.7", 2000, payload, epoch + 1)).fresh);
  EXPECT_FALSE(one(c, w.udp("10.0.0.5", 1000, "198.51.100.7", 2000, payload, epoch + 2)).fresh);
}

TEST(classifier, a_new_policy_makes_every_flow_fresh_once_also_after_hundreds_of_changes) {
  recorder events;
  classifier c(small(), events);
  wire w;
  const auto quiet = w.udp("10.0.0.5", 1000, "198.51.100.7", 2000, {9, 9}, epoch);
  const auto busy = w.udp("10.0.0.5", 1001, "198.51.100.7", 2000, {9, 9}, epoch);
  const auto where = one(c, quiet);
  c.set_action(where.flow, 42);
  one(c, busy);
  for (int i = 1; i <= 600; ++i) {
    c.refresh_all();
    EXPECT_TRUE(one(c, busy).fresh) << i;
    EXPECT_FALSE(one(c, busy).fresh) << i;
    if (i == 255 || i == 256 || i == 600) {
      EXPECT_TRUE(one(c, quiet).fresh) << i;
    }
  }
  EXPECT_EQ(c.action(where.flow), 42u);
}

TEST(classifier, a_flood_never_stops_new_flows_and_spares_what_is_acted_on) {
  recorder events;
  classifier c(small(1024), events);
  wire w;
  const auto kept = w.udp("10.0.0.5", 1000, "198.51.100.7", 2000, {1}, epoch);
  const auto where = one(c, kept);
  const auto id = c.facts(where.flow).flow.id;
  c.set_action(where.flow, 7);
  auto p = w.udp("10.0.0.9", 1, "198.51.100.7", 53, {1, 2}, epoch);
  for (std::uint32_t i = 0; i < 50'000; ++i) {
    p.source = ip_address::v4(0x0b00'0000 + i * 977);
    p.source_port = static_cast<std::uint16_t>(i);
    p.time = {epoch + i * 1'000'000};
    one(c, p);
  }
  EXPECT_EQ(c.facts(where.flow).flow.id, id);
  EXPECT_EQ(c.action(where.flow), 7u);
  EXPECT_GT(c.counters().flows_opened.get(), 10'000u);
  EXPECT_EQ(c.counters().untracked_full.get(), 0u);
}

TEST(classifier, lost_events_are_counted) {
  recorder events;
  events.full = true;
  classifier c(small(), events);
  wire w;
  one(c, w.udp("10.0.0.5", 1000, "198.51.100.7", 2000, {1}, epoch));
  c.finish();
  EXPECT_EQ(c.counters().events_lost.get(), 1u);
}

TEST(classifier, strange_times_and_counts_are_survived) {
  recorder events;
  classifier c(small(64), events);
  wire w;
  const std::int64_t times[] = {0, -5, epoch, 1, std::numeric_limits<std::int64_t>::max() / 2, 7};
  for (int round = 0; round < 50; ++round) {
    for (const auto at : times) {
      std::vector<packet_view> burst;
      for (std::uint16_t port = 0; port < 64; ++port) {
        burst.push_back(w.udp("10.0.0.5", port, "198.51.100.7",
                              static_cast<std::uint16_t>(round * 64 + port), {1, 2, 3}, at));
      }
      std::vector<packet_flow> flows(burst.size());
      c.process(burst, {at}, flows);
      for (const auto& f : flows) {
        EXPECT_TRUE(f.flow == no_flow || f.flow < 64u);
      }
    }
  }
  c.finish();
}

TEST(flood_guard, bounds_a_source_before_it_bounds_the_worker) {
  flood_guard guard(16'000, keyed_hash({1, 2}));
  const auto loud = *ip_address::parse("203.0.113.9");
  int open = 0;
  for (int i = 0; i < 5000; ++i) open += guard.ask(loud, {epoch}) == flood_guard::answer::open;
  EXPECT_EQ(open, 100);
  EXPECT_EQ(guard.ask(*ip_address::parse("203.0.113.77"), {epoch}),
            flood_guard::answer::source_exceeds)
      << "the same network";
  EXPECT_EQ(guard.ask(*ip_address::parse("192.0.2.1"), {epoch}), flood_guard::answer::open);
  EXPECT_EQ(guard.ask(loud, {epoch + second / 10}), flood_guard::answer::open)
      << "tokens come back";
}

/// As after a restart of the engine: the talk goes on, its set-up was not seen.
TEST(classifier, what_reaches_an_emergency_peer_is_told_as_an_emergency) {
  recorder events;
  auto settings = small();
  settings.emergency_peers = {*ip_address::parse("203.0.113.1"),
                              *ip_address::parse("198.51.100.7")};
  classifier c(settings, events);
  wire w;
  const auto talk = [&](std::int64_t from) {
    events.events.clear();
    for (std::uint16_t i = 0; i < 150; ++i) {
      one(c, w.rtp(true, i, from + i * (second / 50)));
      one(c, w.rtp(false, i, from + i * (second / 50) + 3'000'000));
    }
    const auto media = events.of(flow_event::kind::media);
    EXPECT_FALSE(media.empty());
    return !media.empty() && media.back().ties.emergency;
  };
  EXPECT_TRUE(talk(epoch));
  const std::vector<std::string> numbers;
  const std::vector<ip_address> nobody;
  c.set_emergency(numbers, nobody);
  EXPECT_FALSE(talk(epoch + 1000 * second)) << "no peer any more";
}

TEST(classifier, endpoints_that_no_place_is_left_for_are_counted) {
  constexpr int hosts = 80, peers = 40;
  recorder events;
  classifier c(small(65'536), events);
  wire w;
  std::uint32_t random = 1;
  const auto next = [&] { return (random = random * 1'664'525u + 1'013'904'223u) >> 8; };
  for (int i = 0; i < peers; ++i) {  // a node's probes: id, function 2, the rest random
    for (int host = 0; host < hosts; ++host) {
      std::vector<std::uint8_t> probe(18 + next() % 20);
      for (auto& byte : probe) byte = static_cast<std::uint8_t>(next());
      const int id = 0x1b90 + 2 * i;
      probe[0] = static_cast<std::uint8_t>(id >> 8), probe[1] = static_cast<std::uint8_t>(id);
      probe[2] = 2;
      const auto from = "10.0." + std::to_string(host) + ".5";
      const auto to = "64.4." + std::to_string(next() % 250) + "." + std::to_string(i + 1);
      one(c, w.udp(from.c_str(), 40123, to.c_str(), static_cast<std::uint16_t>(40'000 + i * 7),
                   probe, epoch + i * (second / 5)));
    }
  }
  EXPECT_EQ(events.of(flow_event::kind::endpoint).size(), std::size_t{hosts});
  // The sweep has done with some of the first meanwhile.
  EXPECT_GT(c.counters().endpoints_missed.get(), 0u);
  EXPECT_LE(c.counters().endpoints_missed.get(), std::uint64_t{hosts - 64});
}

TEST(classifier, quic_is_named_also_when_its_second_packet_has_the_name) {
  for (const std::size_t before : {40u, 1'200u}) {
    recorder events;
    classifier_config wanted = small();
    wanted.ndpi = true;
    classifier c(wanted, events);
    wire w;
    const auto hello = test::client_hello("www.youtube.com", before);
    flow_index flow = no_flow;
    test::quic_initial_options o;
    for (std::size_t from = 0; from < hello.size(); from += 1'000, ++o.number) {
      const std::size_t part = std::min<std::size_t>(1'000, hello.size() - from);
      const auto packet = test::quic_initial_packet(test::crypto_frame(hello, from, part), o);
      flow = one(c, w.udp("10.0.0.5", 50000, "198.51.100.7", 443, packet, epoch + o.number)).flow;
    }
    EXPECT_EQ(c.facts(flow).what.app, find_application("YouTube").value()) << before;
    EXPECT_EQ(c.counters().ndpi_packets.get(), before < 1'000 ? 0U : 2U);
  }
}

TEST(classifier, ice_checks_in_settled_rtp_show_that_users_machines_set_it_up) {
  recorder events;
  classifier c(small(), events);
  wire w;
  flow_index flow = no_flow;
  for (std::uint16_t n = 0; n < 300; ++n) {
    const std::int64_t at = epoch + n * (second / 50);
    flow = one(c, w.rtp(true, n, at)).flow;
    one(c, w.rtp(false, n, at + second / 100));
  }
  ASSERT_EQ(c.facts(flow).what.app, app_rtp);
  ASSERT_EQ(c.facts(flow).what.p2p, tristate::open);
  const auto check = test::stun_builder(0x0001).check("abcd:efgh").build();
  one(c, w.udp("10.0.0.5", 40000, "198.51.100.7", 50000, check, epoch + 7 * second));
  EXPECT_EQ(c.facts(flow).what.app, app_webrtc);
  EXPECT_EQ(c.facts(flow).what.p2p, tristate::yes);
  EXPECT_TRUE(is_media(c.facts(flow).what.role));
}

}  // namespace
}  // namespace callweir::classify

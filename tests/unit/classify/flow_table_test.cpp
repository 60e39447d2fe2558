#include "classify/flow_table.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <unordered_map>
#include <vector>

namespace callweir::classify {
namespace {

packet_view udp(std::uint32_t from, std::uint16_t from_port, std::uint32_t to,
                std::uint16_t to_port) {
  packet_view p;
  p.status = decode_status::ok;
  p.source = ip_address::v4(from);
  p.destination = ip_address::v4(to);
  p.source_port = from_port;
  p.destination_port = to_port;
  p.protocol = proto_udp;
  p.time = {1'000'000'000};
  return p;
}

packet_view answer(packet_view p) {
  std::swap(p.source, p.destination);
  std::swap(p.source_port, p.destination_port);
  return p;
}

flow_table::config small(std::uint32_t flows_max) {
  flow_table::config c;
  c.flows_max = flows_max;
  c.seed = {1, 2};
  c.touch = false;
  return c;
}

struct opened {
  flow_index flow = no_flow;
  bool fresh = false;
};

/// Finds or opens without evicting.
opened touch(flow_table& table, const packet_view& p) {
  flow_table::burst b;
  table.prepare({&p, 1}, b);
  if (const flow_index i = table.find(b, 0); i != no_flow) return {i, false};
  if (table.find_place(b.hashes[0], {}).what != flow_table::place::kind::room) return {};
  const flow_index i = table.open(b.keys[0], b.hashes[0], b.swapped[0], p);
  table.hot(i).packets[0] = 1;
  return {i, true};
}

TEST(flow_table, both_directions_are_one_flow_and_the_first_packet_names_the_initiator) {
  flow_table table(small(64));
  for (const bool up : {true, false}) {
    auto p = udp(0x0a000001, up ? 5000 : 5001, 0xc0000207, 53);
    if (!up) p = answer(p);
    const auto first = touch(table, p);
    ASSERT_TRUE(first.fresh);
    const auto again = touch(table, answer(p));
    EXPECT_EQ(again.flow, first.flow);
    EXPECT_FALSE(again.fresh);
    const auto who = table.identity(first.flow);
    EXPECT_EQ(who.source, p.source);
    EXPECT_EQ(who.destination, p.destination);
    EXPECT_EQ(who.source_port, p.source_port);
    EXPECT_EQ(who.destination_port, p.destination_port);
    EXPECT_EQ(who.protocol, proto_udp);
  }
}

TEST(flow_table, a_flow_between_an_end_and_itself_works) {
  flow_table table(small(64));
  const auto p = udp(0x7f000001, 9, 0x7f000001, 9);
  const auto first = touch(table, p);
  EXPECT_EQ(touch(table, answer(p)).flow, first.flow);
}

TEST(flow_table, vlans_tunnel_link_and_protocol_part_flows) {
  flow_table table(small(64));
  const auto plain = udp(1, 2, 3, 4);
  std::vector<packet_view> variants(6, plain);
  variants[1].vlan_count = 1;
  variants[1].vlan[0] = 0;
  variants[2].vlan_count = 2;
  variants[2].vlan[1] = 7;
  variants[3].tunnel = tunnel_kind::gre;
  variants[4].link = 3;
  variants[5].protocol = proto_tcp;
  for (const auto& v : variants) EXPECT_TRUE(touch(table, v).fresh);
  for (const auto& v : variants) EXPECT_FALSE(touch(table, v).fresh);
  const auto who = table.identity(touch(table, variants[2]).flow);
  EXPECT_EQ(who.vlan_count, 2);
  EXPECT_EQ(who.vlan[1], 7);
  EXPECT_EQ(table.identity(touch(table, variants[3]).flow).tunnel, tunnel_kind::gre);
  EXPECT_EQ(table.identity(touch(table, variants[4]).flow).link, 3);
}

TEST(flow_table, ipv6_addresses_are_kept_behind_the_fingerprint) {
  flow_table table(small(64));
  auto p = udp(0, 5000, 0, 3478);
  p.source = *ip_address::parse("2001:db8::1");
  p.destination = *ip_address::parse("2001:db8:1::2");
  const auto first = touch(table, answer(p));
  EXPECT_EQ(touch(table, p).flow, first.flow);
  const auto who = table.identity(first.flow);
  EXPECT_EQ(who.source, p.destination);
  EXPECT_EQ(who.destination, p.source);
  p.source.low ^= 1;
  EXPECT_TRUE(touch(table, p).fresh);
}

TEST(flow_table, any_two_ipv6_addresses_come_back_out_of_key_and_lower_end) {
  flow_table table(small(5'000));
  std::mt19937_64 random(3);
  for (int i = 0; i < 4'000; ++i) {
    auto p = udp(0, static_cast<std::uint16_t>(random()), 0, static_cast<std::uint16_t>(random()));
    p.source = ip_address{random() | 1ULL << 63, random()};
    p.destination = ip_address{random() | 1ULL << 63, i % 7 == 0 ? 0 : random()};
    const auto o = touch(table, p);
    ASSERT_TRUE(o.fresh);
    const auto who = table.identity(o.flow);
    ASSERT_EQ(who.source, p.source);
    ASSERT_EQ(who.destination, p.destination);
  }
}

/// Two choices keep the fullest buckets rare, also after many ends at random.
TEST(flow_table, nearly_full_it_still_finds_a_place_for_nearly_every_flow) {
  flow_table table(small(50'000));
  std::mt19937_64 random(5);
  std::vector<flow_index> flows;
  int tries = 0, without = 0;
  const auto open_one = [&] {
    const std::uint64_t r = random();
    const auto o =
        touch(table, udp(static_cast<std::uint32_t>(r), static_cast<std::uint16_t>(r >> 32),
                         0xc0000207, static_cast<std::uint16_t>(r >> 48)));
    ++tries;
    without += o.flow == no_flow ? 1 : 0;
    if (o.fresh) flows.push_back(o.flow);
  };
  while (flows.size() < 49'500 && tries < 60'000) open_one();
  EXPECT_LE(without, 10);
  for (int i = 0; i < 500'000; ++i) {
    auto& gone = flows[random() % flows.size()];
    table.erase(gone);
    gone = flows.back();
    flows.pop_back();
    open_one();
  }
  EXPECT_LT(without * 1'000, tries) << without << " of " << tries;
}

TEST(flow_table, of_the_candidates_the_oldest_undecided_goes_first_and_kept_flows_never) {
  flow_table table(small(16));
  std::vector<flow_index> flows;
  for (std::uint16_t port = 0; flows.size() < 16 && port < 2000; ++port) {
    if (const auto o = touch(table, udp(1, port, 2, 2)); o.flow != no_flow) flows.push_back(o.flow);
  }
  ASSERT_EQ(flows.size(), 16u);
  for (std::size_t i = 0; i < flows.size(); ++i) {
    table.hot(flows[i]).last_ns = 100 + static_cast<std::int64_t>(i);
    table.hot(flows[i]).set(flow_decided);
  }
  const auto verdict_of = [&](std::uint64_t hash, std::span<const flow_index> pinned = {}) {
    return table.find_place(hash, pinned);
  };
  // Every hash sees some candidates; whoever is chosen, its class must be the best there is among
  // them.
  const std::uint64_t hash = 0x1234'5678'9abc'def0;
  const auto oldest = verdict_of(hash);
  ASSERT_EQ(oldest.what, flow_table::place::kind::evict);
  const flow_index pinned[] = {oldest.victim};
  const auto next = verdict_of(hash, pinned);
  ASSERT_NE(next.victim, oldest.victim);
  EXPECT_GT(table.hot(next.victim).last_ns, table.hot(oldest.victim).last_ns);
  table.hot(next.victim).clear(flow_decided);
  EXPECT_EQ(verdict_of(hash).victim, next.victim) << "undecided goes before older decided";
  for (const flow_index i : flows) table.hot(i).action = 1;
  EXPECT_EQ(verdict_of(hash).what, flow_table::place::kind::refused);
  for (const flow_index i : flows) table.hot(i).action = 0x8000'0003;
  EXPECT_EQ(verdict_of(hash).what, flow_table::place::kind::evict) << "a line lets them pass";
  for (const flow_index i : flows) {
    table.hot(i).action = 0;
    table.hot(i).set(flow_in_call);
  }
  EXPECT_EQ(verdict_of(hash).what, flow_table::place::kind::refused);
}

TEST(flow_table, short_timeout_of_undecided_flows_only_when_pressed) {
  auto c = small(16);
  flow_table table(c);
  const auto a = touch(table, udp(1, 1, 2, 2));
  const hot_flow& flow = table.hot(a.flow);
  EXPECT_FALSE(table.expired(flow, {flow.last_ns + 20'000'000'000}))
      << "a probe every 20 s is one flow";
  EXPECT_TRUE(table.expired(flow, {flow.last_ns + 201'000'000'000}));
  std::uint16_t port = 100;
  while (!table.pressed()) touch(table, udp(1, ++port, 2, 2));
  EXPECT_TRUE(table.expired(flow, {flow.last_ns + 6'000'000'000}));
  table.hot(a.flow).set(flow_decided);
  EXPECT_FALSE(table.expired(flow, {flow.last_ns + 6'000'000'000}));
  table.hot(a.flow).set(flow_closing);
  EXPECT_TRUE(table.expired(flow, {flow.last_ns + 16'000'000'000}));
}

TEST(flow_table, buckets_of_one_seed_say_nothing_of_another) {
  const keyed_hash one({1, 2}), two({1, 3});
  int same = 0;
  for (std::uint64_t i = 0; i < 4096; ++i)
    same += (one.bucket(i, 0, 0, 0) ^ two.bucket(i, 0, 0, 0)) % 64 == 0;
  EXPECT_LT(same, 160);
}

// Each operation goes to the table and to a naive map; both must agree on who is whom, for ever.
TEST(flow_table, agrees_with_a_naive_map_over_random_operations) {
  using naive_key = std::tuple<std::uint32_t, std::uint16_t, std::uint32_t, std::uint16_t,
                               std::uint8_t, std::uint16_t>;
  std::mt19937_64 random(20260101);
  flow_table table(small(512));
  std::map<naive_key, std::pair<flow_index, std::uint32_t>> model;
  std::uint64_t evictions = 0;
  for (int step = 0; step < 200'000; ++step) {
    auto p =
        udp(static_cast<std::uint32_t>(random() % 40), static_cast<std::uint16_t>(random() % 6),
            static_cast<std::uint32_t>(random() % 40), static_cast<std::uint16_t>(random() % 6));
    p.protocol = random() % 2 ? proto_udp : proto_tcp;
    p.link = random() % 3;
    p.time = {1 + step};
    naive_key key{p.source.v4_bits(), p.source_port, p.destination.v4_bits(),
                  p.destination_port, p.protocol,    p.link};
    if (std::pair(p.source, p.source_port) > std::pair(p.destination, p.destination_port)) {
      key = {p.destination.v4_bits(), p.destination_port, p.source.v4_bits(),
             p.source_port,           p.protocol,         p.link};
    }
    if (random() % 8 == 0) {  // the flow ends
      if (const auto at = model.find(key); at != model.end()) {
        table.erase(at->second.first);
        model.erase(at);
      }
      continue;
    }
    flow_table::burst b;
    table.prepare({&p, 1}, b);
    flow_index flow = table.find(b, 0);
    const auto known = model.find(key);
    ASSERT_EQ(flow == no_flow, known == model.end()) << "step " << step;
    if (flow == no_flow) {
      auto place = table.find_place(b.hashes[0], {});
      if (place.what == flow_table::place::kind::evict) {
        ++evictions;
        const auto gone = std::find_if(model.begin(), model.end(), [&](const auto& m) {
          return m.second.first == place.victim;
        });
        ASSERT_NE(gone, model.end());
        model.erase(gone);
        table.erase(place.victim);
        place = table.find_place(b.hashes[0], {});
      }
      if (place.what != flow_table::place::kind::room) continue;
      flow = table.open(b.keys[0], b.hashes[0], b.swapped[0], p);
      model[key] = {flow, 0};
    } else {
      ASSERT_EQ(flow, known->second.first);
    }
    hot_flow& hot = table.hot(flow);
    ++hot.packets[0];
    hot.last_ns = p.time.ns;
    ASSERT_EQ(hot.packets[0], ++model[key].second) << "step " << step;
    ASSERT_EQ(table.size(), model.size());
  }
  EXPECT_GT(evictions, 1000u);
  std::uint32_t swept = 0;
  const auto visit = [&](flow_index) {
    ++swept;
    return true;
  };
  while (!table.sweep(100, visit).round) {
  }
  EXPECT_EQ(swept, model.size());
}

TEST(flow_table, insertion_never_fails_while_anything_may_go) {
  flow_table table(small(1024));
  std::uint32_t refused = 0;
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    auto p = udp(i, 1, 0xffffffff - i, 2);
    p.time = {1 + i};
    flow_table::burst b;
    table.prepare({&p, 1}, b);
    auto place = table.find_place(b.hashes[0], {});
    if (place.what == flow_table::place::kind::evict) {
      table.erase(place.victim);
      place = table.find_place(b.hashes[0], {});
    }
    if (place.what != flow_table::place::kind::room) {
      ++refused;
      continue;
    }
    table.open(b.keys[0], b.hashes[0], b.swapped[0], p);
  }
  EXPECT_LE(refused, 100u);
}

}  // namespace
}  // namespace callweir::classify

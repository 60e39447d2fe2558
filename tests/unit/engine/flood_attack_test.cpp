// Floods of new flows and flows made to collide, through the whole pipeline.
#include <algorithm>

#include "classify/flow_table.hpp"
#include "tests/unit/engine/attack_lab.hpp"

namespace callweir::engine {
namespace {

constexpr int talkers = 40;
constexpr std::uint32_t table_flows = 65'536;
constexpr std::uint32_t table_buckets = 13'108;  // of eight flows each, five on average

packet_view view_of_ends(const ends& e) {
  packet_view out;
  out.source = ip_address::v4(e.source);
  out.destination = ip_address::v4(e.destination);
  out.source_port = e.source_port;
  out.destination_port = e.destination_port;
  out.protocol = proto_tcp;
  out.status = decode_status::ok;
  return out;
}

std::uint64_t hash_of(const ends& e, const keyed_hash& hash) {
  return classify::bucket_hash(classify::make_flow_key(view_of_ends(e), hash).key, hash);
}

/// The first of its two.
std::uint64_t bucket_of(const ends& e, const keyed_hash& hash) {
  return (hash_of(e, hash) & 0xffff'ffff) * table_buckets >> 32;
}

/// Flows of the fullest bucket when each goes to its first.
std::size_t fullest(const std::vector<ends>& flows, const keyed_hash& hash) {
  std::vector<std::uint16_t> load(table_buckets);
  for (const ends& e : flows) ++load[bucket_of(e, hash)];
  return *std::max_element(load.begin(), load.end());
}

/// SYNs of these flows into an empty table: how many of them it did not hold at the end.
std::uint64_t pushed_out(const std::vector<ends>& flows, std::array<std::uint64_t, 2> seed) {
  attack_lab lab(attacked_configuration("65536"), seed);
  EXPECT_EQ(lab.line->classifier().flows_max(), table_flows);
  for (const ends& e : flows) lab.send(tcp_frame(e, 2, 1));
  lab.expect_harmless();
  const auto& c = lab.line->classifier().counters();
  return c.flows_evicted.get() + c.untracked_full.get() + c.untracked_source.get() +
         c.untracked_worker.get();
}

TEST(attack, flows_that_collide_under_one_seed_do_not_under_another) {
  constexpr std::array<std::uint64_t, 2> known{0x1111, 0x2222};
  const keyed_hash hash(known);
  std::mt19937_64 random(7);
  std::vector<ends> flows;
  for (int i = 0; i < 20'000'000 && flows.size() < 8'192; ++i) {
    const std::uint64_t r = random();
    const ends e{static_cast<std::uint32_t>(r), 0x0a00'0001, static_cast<std::uint16_t>(r >> 32),
                 443};
    if (bucket_of(e, hash) < 16) flows.push_back(e);
  }
  ASSERT_EQ(flows.size(), 8'192U);
  EXPECT_GE(fullest(flows, hash), 400U);  // the attack works where the seed is known
  for (const std::uint64_t other : {1ULL, 0x1111ULL, 0xdead'beefULL})
    EXPECT_LE(fullest(flows, keyed_hash({other, 0x2223})), 8U) << other;
  EXPECT_EQ(pushed_out(flows, {0x1111, 0x2223}), 0U);
}

/// Differences that an AES round is known to make of a byte (FIPS 197 section 5.1): the addresses'
/// byte `x` and ports that are a column of MixColumns, whatever the key. 65,536 flows.
std::vector<ends> structured_flows(bool last_byte) {
  const auto twice = [](unsigned v) {
    return static_cast<std::uint8_t>(v << 1 ^ (v & 0x80 ? 0x1b : 0));
  };
  std::vector<ends> out;
  for (unsigned x = 0; x < 256; ++x) {
    for (unsigned s = 0; s < 256; ++s) {
      const unsigned two = twice(s), three = two ^ s;
      // Bytes of the ports in memory order of the key: the upper end's port, then the lower's.
      const unsigned column = last_byte ? (two | s << 8 | s << 16 | three << 24)
                                        : (s | s << 8 | three << 16 | two << 24);
      const std::uint32_t lower = last_byte ? 0x0a00'0000u + x : 0x0a00'0001u;
      const std::uint32_t upper = last_byte ? 0xc633'6407u : 0x0033'6407u + (x << 24);
      if (upper <= lower) continue;
      out.push_back({lower, upper, static_cast<std::uint16_t>(column >> 16),
                     static_cast<std::uint16_t>(column)});
    }
  }
  return out;
}

TEST(attack, who_knows_the_code_cannot_make_flows_collide_without_the_seed) {
  for (const bool last_byte : {true, false}) {
    const auto flows = structured_flows(last_byte);
    for (const std::uint64_t seed : {1ULL, 77ULL, 0x5eed'5eedULL}) {
      // 65,536 flows over 13,108 buckets: five each, by chance at most about 17.
      EXPECT_LE(fullest(flows, keyed_hash({seed, ~seed})), 24U) << last_byte << ' ' << seed;
    }
    // An eighth of the table's size: each finds a place.
    EXPECT_EQ(pushed_out({flows.begin(), flows.begin() + 8'192}, {77, 78}), 0U) << last_byte;
  }
}

/// A new flow of one packet: SYN and UDP in turn, from anywhere.
bytes flood_frame(std::mt19937_64& random) {
  const std::uint64_t r = random();
  const ends e{static_cast<std::uint32_t>(r), 0x0a02'0000u + static_cast<std::uint32_t>(r >> 52),
               static_cast<std::uint16_t>(r >> 32), static_cast<std::uint16_t>(random())};
  if ((r >> 40 & 1) != 0) return tcp_frame(e, 2, static_cast<std::uint32_t>(r >> 8));
  bytes payload(48);
  for (auto& b : payload) b = static_cast<std::uint8_t>(random());
  return udp_frame(e, payload);
}

TEST(attack, a_flood_of_new_flows_leaves_calls_and_memory_as_they_are) {
  const configuration whole = attacked_configuration("32768");
  std::uint64_t announced = 0;
  for (const auto& part : memory_plan(whole, 1)) {
    if (part.what.rfind("program", 0) != 0 && part.what.rfind("frames", 0) != 0)
      announced += part.bytes;
  }
  const std::uint64_t before = resident_bytes();
  attack_lab lab(whole, {3, 4}, true);
  lab.pause(4, talkers);
  const auto calls = lab.calls();
  ASSERT_EQ(calls.size(), std::size_t{talkers});
  for (const auto& [port, call] : calls) EXPECT_TRUE(call.voip && call.in_call) << port;

  std::mt19937_64 random(5);
  lab.tick = std::chrono::microseconds(5);  // 200,000 a second: 12 times the table in two seconds
  std::uint64_t half_way = 0;
  constexpr int flood_packets = 400'000;
  for (int i = 0; i < flood_packets; ++i) {
    lab.talk_when_due(talkers);
    lab.send(flood_frame(random));
    if (i == flood_packets / 2) half_way = resident_bytes();
  }
  lab.expect_harmless();
  const auto& counters = lab.line->classifier().counters();
  EXPECT_GT(counters.flows_opened.get(), 30'000U);
  EXPECT_EQ(lab.calls(), calls);
  EXPECT_EQ(lab.calls_closed, 0U);
  lab.pause(2, talkers);
  EXPECT_EQ(lab.calls(), calls);
  const std::uint64_t after = resident_bytes();
  if (!resident_bytes_mean_something) return;
  EXPECT_LE(after, half_way + (4 << 20));
  EXPECT_LE(after, before + announced);
}

TEST(attack, a_flood_of_one_flow_per_source_port_is_met_by_the_source_networks_bound) {
  attack_lab lab(attacked_configuration("32768"));
  lab.pause(4, talkers);
  const auto calls = lab.calls();
  ASSERT_EQ(calls.size(), std::size_t{talkers});
  for (const auto& [port, call] : calls) EXPECT_TRUE(call.voip && call.in_call) << port;
  lab.tick = std::chrono::microseconds(5);
  for (std::uint32_t i = 0; i < 200'000; ++i) {
    lab.talk_when_due(talkers);
    lab.send(tcp_frame({0xcb00'7100u + (i & 0xff), 0x0a02'0001u, static_cast<std::uint16_t>(i >> 8),
                        static_cast<std::uint16_t>(1 + (i >> 4) % 60'000)},
                       2, i));
  }
  lab.expect_harmless();
  const auto& counters = lab.line->classifier().counters();
  EXPECT_GT(counters.untracked_source.get(), 100'000U);
  EXPECT_EQ(counters.flows_evicted.get(), 0U);
  EXPECT_EQ(lab.calls(), calls);
  // Others still get in while the flood goes on.
  const auto opened = counters.flows_opened.get();
  lab.send(tcp_frame({0xc633'6401u, 0x0a02'0002u, 1'234, 443}, 2, 1));
  lab.flush();
  EXPECT_EQ(counters.flows_opened.get(), opened + 1);
}

}  // namespace
}  // namespace callweir::engine

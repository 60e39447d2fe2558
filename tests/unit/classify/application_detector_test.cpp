// Applications with a form of their own: IAX2, TeamSpeak, Tox; a call in an overlay's flow.
#include <gtest/gtest.h>

#include "base/applications.hpp"
#include "classify/detectors/gateway_control.hpp"
#include "tests/unit/classify/inspect_flow.hpp"

namespace callweir::test {
namespace {

using bytes = std::vector<std::uint8_t>;

timed_payload at(double seconds, direction way, bytes b) {
  return {time_point{1'700'000'000'000'000'000} + from_seconds(seconds), way, std::move(b)};
}
bytes noise(random_source& random, std::size_t size) {
  bytes b(size);
  for (auto& x : b) x = static_cast<std::uint8_t>(random());
  return b;
}
bytes of_kind(random_source& random, std::uint8_t kind, std::size_t size, std::uint8_t key) {
  bytes b = noise(random, size);
  b[0] = kind;
  for (std::size_t i = 1; i < 33; ++i) b[i] = static_cast<std::uint8_t>(key + i);
  return b;
}

bytes iax_full(std::uint16_t source, std::uint16_t destination, std::uint8_t out, std::uint8_t in,
               std::uint8_t type, std::uint8_t subclass, bytes tail = {}) {
  bytes b{static_cast<std::uint8_t>(0x80 | source >> 8),
          static_cast<std::uint8_t>(source),
          static_cast<std::uint8_t>(destination >> 8),
          static_cast<std::uint8_t>(destination),
          0,
          0,
          0,
          3,
          out,
          in,
          type,
          subclass};
  b.insert(b.end(), tail.begin(), tail.end());
  return b;
}
/// G.711 in mini frames: not noise, so that no rhythm stands in for the detector.
void iax_minis(traffic& t, double seconds) {
  for (int i = 0; i * 0.02 < seconds; ++i) {
    for (int way = 0; way < 2; ++way) {
      bytes b(164, 0xd5);
      b[0] = 0;
      b[1] = static_cast<std::uint8_t>(5 + way);
      b[2] = static_cast<std::uint8_t>(i * 20 >> 8);
      b[3] = static_cast<std::uint8_t>(i * 20);
      t.push_back(at(0.1 + i * 0.02, static_cast<direction>(way), std::move(b)));
    }
  }
}

TEST(application_detector, reads_iax) {
  for (const std::uint16_t port : {4569, 30456}) {
    traffic t{at(0, forward, iax_full(5, 0, 0, 0, 6, 1, {11, 2, 0, 2})),
              at(0.02, backward, iax_full(6, 5, 0, 1, 6, 7))};
    inspection_bench bench;
    flow_ends ends;
    ends.outside_port = port;
    EXPECT_EQ(bench.run(t, ends).what.role, flow_role::signalling);
    iax_minis(t, 1);
    const inspected got = bench.run(t, ends);
    EXPECT_GE(got.what.confidence_pct, 90);
    EXPECT_EQ(got.what.role, flow_role::voice);
    EXPECT_EQ(application_name(got.what.app), "IAX");
    EXPECT_EQ(got.what.p2p, tristate::no);
  }
}

TEST(application_detector, believes_iax_in_the_middle_on_its_port_only) {
  traffic t;
  iax_minis(t, 1);
  for (const std::uint16_t port : {4569, 30456}) {
    inspection_bench bench;
    flow_ends ends;
    ends.outside_port = port;
    EXPECT_EQ(bench.run(t, ends).what.voip, port == 4569);
  }
}

TEST(application_detector, noise_on_iaxs_port_is_no_call) {
  random_source random(8);
  inspection_bench bench;
  flow_ends ends;
  ends.outside_port = 4569;
  for (int flow = 0; flow < 50; ++flow) {
    traffic t;
    for (int i = 0; i < 300; ++i) {
      t.push_back(at(i * 0.013, static_cast<direction>(random() & 1), noise(random, 200)));
    }
    EXPECT_LT(bench.run(t, ends).sure_after_s, 0);
  }
}

TEST(application_detector, megaco_says_version_and_sender) {
  const auto seen = [](std::string text) {
    const classify::sample s{reinterpret_cast<const std::uint8_t*>(text.data()),
                             static_cast<std::uint16_t>(text.size()),
                             static_cast<std::uint16_t>(text.size()),
                             forward,
                             {}};
    return classify::recognise_gateway(s, false, 1000, 2000) == classify::gateway_protocol::megaco;
  };
  EXPECT_TRUE(seen("MEGACO/1 [192.0.2.7]:2944 Transaction = 1 {"));
  EXPECT_TRUE(seen("!/2\n<gw.example.net> T=1{"));
  for (const char* other : {"!/x9k[zz<qq", "!/1", "!/1[x]", "!/123 [x]", "!/1 x[y]", "MEGACO/ [x]"})
    EXPECT_FALSE(seen(other)) << other;
}

traffic teamspeak(random_source& random, bool with_voice) {
  traffic t;
  const auto greet = [&](double s, direction way, std::size_t type_at) {
    bytes b = noise(random, type_at + 22);
    for (std::size_t i = 0; i < 8; ++i) b[i] = static_cast<std::uint8_t>("TS3INIT1"[i]);
    b[type_at] = 0x88;
    t.push_back(at(s, way, std::move(b)));
  };
  greet(0, forward, 12);
  greet(0.02, backward, 10);
  for (int i = 0; i < 100 && with_voice; ++i) {
    bytes b = noise(random, 13 + 60);
    b[8] = 0;
    b[9] = static_cast<std::uint8_t>(i);
    b[12] = 0;
    t.push_back(at(0.5 + i * 0.02, forward, std::move(b)));
  }
  return t;
}

TEST(application_detector, reads_teamspeak_where_one_speaks) {
  random_source random(1);
  inspection_bench bench;
  const inspected quiet = bench.run(teamspeak(random, false));
  EXPECT_EQ(quiet.what.role, flow_role::signalling);
  const inspected got = bench.run(teamspeak(random, true));
  EXPECT_GE(got.what.confidence_pct, 90);
  EXPECT_EQ(got.what.role, flow_role::voice);
  EXPECT_EQ(application_name(got.what.app), "TeamSpeak");
}

traffic tox_directory(random_source& random) {
  return {at(0, forward, of_kind(random, 0x02, 113, 1)),
          at(0.03, backward, of_kind(random, 0x04, 82 + 2 * 39 + 51, 2)),
          at(1, forward, of_kind(random, 0x00, 82, 1)),
          at(1.03, backward, of_kind(random, 0x01, 82, 2))};
}

TEST(application_detector, reads_toxs_directory) {
  random_source random(2);
  inspection_bench bench;
  const inspected got = bench.run(tox_directory(random));
  EXPECT_GE(got.what.confidence_pct, 90);
  EXPECT_EQ(got.what.role, flow_role::overlay);
  EXPECT_EQ(got.what.app, app_tox);
  EXPECT_EQ(got.what.p2p, tristate::yes);
}

TEST(application_detector, tox_keeps_its_key_and_its_lengths) {
  random_source random(3);
  inspection_bench bench;
  traffic other_keys;
  for (int i = 0; i < 6; ++i) {
    const auto key = static_cast<std::uint8_t>(20 * i);
    other_keys.push_back(at(i, forward, of_kind(random, 0x00, 82, key)));
    other_keys.push_back(
        at(i + 0.1, backward, of_kind(random, 0x01, 82, static_cast<std::uint8_t>(key + 7))));
  }
  EXPECT_FALSE(bench.run(other_keys).what.voip);
  traffic longer = tox_directory(random);
  for (auto& p : longer) p.bytes.push_back(0);
  EXPECT_FALSE(bench.run(longer).what.voip);
}

TEST(application_detector, finds_a_call_in_an_overlays_flow) {
  random_source random(4);
  traffic t = tox_directory(random);
  std::uint16_t nonce = 700;
  // Ten minutes between friends, then they talk.
  for (int i = 0; i < 300; ++i) {
    for (const direction way : {forward, backward}) {
      bytes b = noise(random, 60);
      b[0] = 0x1b, b[1] = static_cast<std::uint8_t>(nonce >> 8),
      b[2] = static_cast<std::uint8_t>(nonce);
      t.push_back(at(2 + i * 0.4 + (way == forward ? 0 : 0.01), way, std::move(b)));
    }
    ++nonce;
  }
  traffic call = framed(talk(random, {}), [&](const bytes&) {
    ++nonce;
    return bytes{0x1b, static_cast<std::uint8_t>(nonce >> 8), static_cast<std::uint8_t>(nonce)};
  });
  for (auto& p : call) p.time = p.time + from_seconds(130);
  inspection_bench bench;
  EXPECT_EQ(bench.run(t).what.role, flow_role::overlay);
  t.insert(t.end(), call.begin(), call.end());
  const inspected got = bench.run(t);
  EXPECT_EQ(got.what.role, flow_role::voice);
  EXPECT_EQ(got.what.app, app_tox);
  EXPECT_GE(got.what.confidence_pct, 90);
}

}  // namespace
}  // namespace callweir::test

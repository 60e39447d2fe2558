// Whole calls over a network in memory with a fake clock.
#include <gtest/gtest.h>

#include "tests/unit/p2p/fake_network.hpp"

namespace callweir::p2p::testing {
namespace {

/// Loses every datagram of a window of `burst` out of every `period`, delays the others by
/// `delay_ms`.
fake_network::fate bursts(nanoseconds burst, nanoseconds period, double delay_ms) {
  return [=](bool, time_point now) {
    if (nanoseconds{now.ns % period.count()} < burst) return std::vector<nanoseconds>{};
    return arrives_after(delay_ms);
  };
}

fake_network::fate random_loss(double share, double delay_ms) {
  auto engine = std::make_shared<std::mt19937>(7);
  return [=](bool, time_point) {
    return std::uniform_real_distribution<>(0, 1)(*engine) < share ? std::vector<nanoseconds>{}
                                                                   : arrives_after(delay_ms);
  };
}

using std::chrono::milliseconds;

TEST(Call, CleanNetworkConcealsNothing) {
  fake_network net([](bool, time_point) { return arrives_after(30); });
  net.run(20);
  for (const auto* events : {&net.caller_events, &net.callee_events}) {
    const heard h = hear(*events, 1);
    EXPECT_EQ(h.received, h.expected);
    EXPECT_EQ(h.concealed, 0);
    EXPECT_EQ(h.residual, 0);
    EXPECT_NEAR(h.last.delay_mean_ms, 30, 1);
    EXPECT_GT(h.last.mos, 3.8);
    EXPECT_NEAR(h.last.packets_expected, 50, 1);
    EXPECT_GT(h.last.payload_kbps, 12);
    EXPECT_LT(h.last.payload_kbps, 28);
  }
}

TEST(Call, LostOffersAndAnswersAreRepeated) {
  int seen = 0;
  fake_network net([&](bool, time_point) {
    return ++seen <= 4 ? std::vector<nanoseconds>{} : arrives_after(10);
  });
  net.run(6);
  ASSERT_FALSE(net.caller_events.empty());
  EXPECT_EQ(net.caller_events.front().what, endpoint_event::kind::connected);
  EXPECT_GT(hear(net.callee_events, 0).received, 100);
}

TEST(Call, NobodyThereEndsWithNoAnswer) {
  fake_network net([](bool, time_point) { return std::vector<nanoseconds>{}; });
  net.run(16);
  ASSERT_EQ(net.caller_events.size(), 1U);
  EXPECT_EQ(net.caller_events[0].why, call_session::ending::no_answer);
  EXPECT_EQ(net.caller().calls(), 0U);
}

TEST(Call, HangingUpEndsBothSides) {
  fake_network net([](bool, time_point) { return arrives_after(20); });
  net.run(3);
  net.caller().hang_up_all(net.now());
  net.deliver();
  net.run(0.2);
  EXPECT_EQ(net.caller_events.back().why, call_session::ending::hung_up);
  EXPECT_EQ(net.callee_events.back().why, call_session::ending::peer_hung_up);
  EXPECT_EQ(net.callee().calls(), 0U);
}

TEST(Call, SilenceOfThePeerEndsTheCall) {
  fake_network net([](bool, time_point) { return arrives_after(20); });
  net.run(2);
  net.change([](bool, time_point) { return std::vector<nanoseconds>{}; });
  net.run(31);
  EXPECT_EQ(net.caller_events.back().why, call_session::ending::connection_lost);
}

TEST(Call, RandomLossIsMostlyRepairedByFec) {
  fake_network net(random_loss(0.08, 30));
  net.run(40);
  const heard h = hear(net.callee_events, 15);
  EXPECT_NEAR(1 - h.received / h.expected, 0.08, 0.03);
  EXPECT_LT(h.concealed, 0.05);
  EXPECT_LT(h.residual, 0.05);
}

TEST(Call, BurstsAreConcealedAsLost) {
  fake_network net(bursts(milliseconds(200), milliseconds(2500), 250));
  net.run(45);
  const heard h = hear(net.callee_events, 15);
  const double lost = 1 - h.received / h.expected;
  EXPECT_NEAR(lost, 0.08, 0.01);
  EXPECT_NEAR(h.concealed, lost, 0.02);  // FEC repairs one frame in ten at most
  EXPECT_NEAR(h.last.delay_mean_ms, 250, 2);
  EXPECT_LT(h.last.mos, 2.6);
}

TEST(Call, HeavyLossLowersTheRateAndItComesBack) {
  fake_network net(bursts(milliseconds(240), milliseconds(1000), 30));
  net.run(30);
  const heard bad = hear(net.callee_events, 25);
  EXPECT_LT(bad.last.sending.rate_bps, 16'000);
  EXPECT_GE(bad.last.sending.frame_ticks, 2);
  EXPECT_EQ(bad.last.sending.redundancy, 2);
  EXPECT_GT(bad.last.peer_loss, 0.1);
  net.change([](bool, time_point) { return arrives_after(30); });
  net.run(30);
  const heard good = hear(net.callee_events, 55);
  EXPECT_EQ(good.last.sending, sender_settings{});
  EXPECT_LT(good.concealed, 0.005);
}

TEST(Call, AGrowingDelayCostsLittleAndAShrinkingOneIsCaughtUp) {
  const auto start = 1'700'000'000'000'000'000;
  fake_network net([&](bool, time_point now) {
    return arrives_after(30 + 25 * std::clamp((now.ns - start) * 1e-9 - 10, 0.0, 10.0));
  });
  net.run(40);
  EXPECT_NEAR(hear(net.callee_events, 30).last.delay_mean_ms, 280, 2);
  EXPECT_LT(hear(net.callee_events, 10, 22).concealed, 0.05);
  EXPECT_LT(hear(net.callee_events, 25).concealed, 0.002);
  net.change([](bool, time_point) { return arrives_after(30); });
  net.run(15);
  const heard after = hear(net.callee_events, 45);
  EXPECT_LT(after.concealed, 0.005);
  EXPECT_LT(after.last.buffer_ms, 140);
}

TEST(Call, ReorderedAndRepeatedDatagramsAreHarmless) {
  auto engine = std::make_shared<std::mt19937>(11);
  fake_network net([=](bool, time_point) {
    std::uniform_real_distribution<> ms(20, 55);
    std::vector<nanoseconds> copies{from_seconds(ms(*engine) / 1e3)};
    if ((*engine)() % 4 == 0) copies.push_back(from_seconds(ms(*engine) / 1e3));
    return copies;
  });
  net.run(30);
  const heard h = hear(net.callee_events, 5);
  EXPECT_NEAR(h.received, h.expected, 3);  // copies do not count twice
  EXPECT_LT(h.concealed, 0.02);
}

TEST(Call, ForgedDatagramsChangeNothing) {
  fake_network net([](bool, time_point) { return arrives_after(20); });
  net.run(2);
  std::mt19937 engine(3);
  const std::size_t recorded = net.wire.size();
  for (int i = 0; i < 4000; ++i) {
    // Noise, recorded datagrams (also this side's own), and recorded ones with a bit turned over.
    std::vector<std::uint8_t> bytes(engine() % 200);
    for (auto& b : bytes) b = static_cast<std::uint8_t>(engine());
    if (i % 3 != 0) bytes = net.wire[engine() % recorded];
    if (i % 3 == 2 && !bytes.empty()) bytes[engine() % bytes.size()] ^= 1U << engine() % 8;
    net.callee().on_datagram(fake_network::caller_address, bytes, net.now());
    net.callee().on_datagram({ip_address::v4(0x0a000009), 9}, bytes, net.now());
  }
  net.deliver();
  net.run(3);
  const heard h = hear(net.callee_events, 2);
  EXPECT_EQ(h.received, h.expected);
  EXPECT_EQ(h.concealed, 0);
  EXPECT_LE(net.callee().calls(), endpoint::calls_max);
}

TEST(Call, NothingOnTheWireIsConstant) {
  fake_network net([](bool, time_point) { return arrives_after(20); });
  net.run(20);
  ASSERT_GT(net.wire.size(), 1500U);
  // Each of the first 16 bytes must take about all values; 1,900 draws of 256 leave 0.06 % unseen.
  for (std::size_t at = 0; at < 16; ++at) {
    std::array<int, 256> counts{};
    for (const auto& d : net.wire) ++counts[d.at(at)];
    int seen = 0, most = 0;
    for (const int c : counts) {
      seen += c > 0;
      most = std::max(most, c);
    }
    EXPECT_GT(seen, 240) << "byte " << at;
    EXPECT_LT(most, 30) << "byte " << at;
  }
}

TEST(Endpoint, ANetworkOfAnotherNameIsNoise) {
  const auto voice = voice_like();
  endpoint other({network_key("other"), voice, 0}, seeded_random(5), true);
  endpoint caller({network_key("test"), voice, 0}, seeded_random(6), false);
  const time_point now{1'700'000'000'000'000'000};
  ASSERT_TRUE(caller.call(fake_network::callee_address, now));
  for (const auto& d : caller.take_datagrams()) {
    other.on_datagram(fake_network::caller_address, d.bytes, now);
  }
  EXPECT_EQ(other.calls(), 0U);
  EXPECT_EQ(other.strays(), 1U);
  EXPECT_TRUE(other.take_datagrams().empty());
}

TEST(Endpoint, CallsAreBounded) {
  const auto voice = voice_like();
  const time_point now{1'700'000'000'000'000'000};
  endpoint callee({network_key("test"), voice, 0}, seeded_random(5), true);
  const auto random = seeded_random(9);
  for (std::uint32_t i = 0; i < 3 * endpoint::calls_max; ++i) {
    const auto offer = seal_hello({hello::kind::offer, i, make_key_pair(random).open},
                                  network_key("test"), random);
    callee.on_datagram({ip_address::v4(0x0a010000 + i), 5000}, offer, now);
  }
  EXPECT_EQ(callee.calls(), endpoint::calls_max);
  // Offers that are not followed by proof of the key are forgotten.
  callee.on_time(now + std::chrono::seconds(16));
  EXPECT_EQ(callee.calls(), 0U);
}

TEST(PeerAddress, ReadsWhatItWrites) {
  for (const char* text : {"192.0.2.7:4000", "[2001:db8::1]:65535"}) {
    const auto parsed = peer_address::parse(text, true);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed->text(), text);
  }
  EXPECT_TRUE(peer_address::parse("192.0.2.7", false));
  EXPECT_TRUE(peer_address::parse("2001:db8::1", false));
  for (const char* text : {"", "192.0.2.7", "192.0.2.7:", "192.0.2.7:0", "192.0.2.7:65536", "x:1",
                           "192.0.2.7:4000x", "[2001:db8::1", "[2001:db8::1]4000", "1.2.3.4:-1"}) {
    EXPECT_FALSE(peer_address::parse(text, true)) << text;
  }
}

}  // namespace
}  // namespace callweir::p2p::testing

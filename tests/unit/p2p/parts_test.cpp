// The parts of a call: encryption, messages, adaptation, speech files.
#include <gtest/gtest.h>

#include "tests/unit/p2p/fake_network.hpp"

namespace callweir::p2p::testing {
namespace {

struct channels {
  secure_channel caller, callee;
};

channels established() {
  const auto random = seeded_random(4);
  const key_pair a = make_key_pair(random), b = make_key_pair(random);
  const key_bytes network = network_key("test");
  return {*secure_channel::derive(a, b.open, network, true),
          *secure_channel::derive(b, a.open, network, false)};
}

TEST(SecureChannel, OpensOnceWhatTheOtherSealed) {
  channels c = established();
  const std::vector<std::uint8_t> plain{1, 2, 3, 4, 5};
  const auto first = c.caller.seal(plain), second = c.caller.seal(plain);
  EXPECT_EQ(first.size(), plain.size() + secure_channel::overhead);
  const auto opened = c.callee.open(second);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->plain, plain);
  EXPECT_EQ(opened->number, 1U);
  EXPECT_TRUE(c.callee.open(first));
  EXPECT_FALSE(c.callee.open(first));   // replay
  EXPECT_FALSE(c.caller.open(second));  // reflection
}

TEST(SecureChannel, EveryBitIsProtected) {
  channels c = established();
  const auto sealed = c.caller.seal(std::vector<std::uint8_t>(40, 7));
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    auto forged = sealed;
    forged[bit / 8] ^= 1U << bit % 8;
    EXPECT_FALSE(c.callee.open(forged)) << bit;
  }
  for (std::size_t length = 0; length < sealed.size(); ++length) {
    EXPECT_FALSE(c.callee.open(std::span(sealed).first(length)));
  }
  EXPECT_TRUE(c.callee.open(sealed));
}

TEST(SecureChannel, RefusesAPointOfLowOrder) {
  const auto random = seeded_random(4);
  EXPECT_FALSE(secure_channel::derive(make_key_pair(random), {}, network_key("test"), true));
}

TEST(SecureChannel, EndsOfDifferentNetworksDoNotMeet) {
  const auto random = seeded_random(4);
  const key_pair a = make_key_pair(random), b = make_key_pair(random);
  auto caller = *secure_channel::derive(a, b.open, network_key("one"), true);
  auto callee = *secure_channel::derive(b, a.open, network_key("two"), false);
  EXPECT_FALSE(callee.open(caller.seal(std::vector<std::uint8_t>(8))));
}

TEST(ReplayWindow, AgreesWithASet) {
  replay_window window;
  std::map<std::uint32_t, bool> seen;
  std::uint32_t newest = 0;
  std::mt19937 engine(5);
  for (int i = 0; i < 50'000; ++i) {
    const std::uint32_t number = newest + engine() % 40 > 1500 && engine() % 2
                                     ? newest - engine() % 1500
                                     : newest + engine() % 40;
    const bool is_new = seen.empty() || number > newest ||
                        (newest - number < replay_window::width && !seen[number]);
    ASSERT_EQ(window.is_new(number), is_new) << number;
    if (!is_new) continue;
    window.mark(number);
    seen[number] = true;
    newest = std::max(newest, number);
  }
}

TEST(Hello, IsReadByItsNetworkOnly) {
  const auto random = seeded_random(4);
  hello h{hello::kind::offer, 0x1234'5678'9abc'def0, make_key_pair(random).open};
  for (int i = 0; i < 100; ++i) {
    const auto sealed = seal_hello(h, network_key("test"), random);
    EXPECT_GE(sealed.size(), hello_bytes_min);
    EXPECT_LE(sealed.size(), hello_bytes_min + hello_padding_max);
    const auto opened = open_hello(sealed, network_key("test"));
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->call, h.call);
    EXPECT_EQ(opened->open, h.open);
    EXPECT_FALSE(open_hello(sealed, network_key("toast")));
  }
}

TEST(Message, ReadsWhatItWrites) {
  std::vector<std::uint8_t> frame(60, 1), copy(50, 2), buffer(message_bytes_max);
  message m;
  m.send_time = 0xabcdef;
  m.report = reception_report{1000, 900};
  m.tick = 0xfffe;
  m.frame_ticks = 3;
  m.redundant_ticks = 2;
  m.redundant = copy;
  m.frame = frame;
  const std::size_t bytes = write_message(m, buffer);
  const auto read = read_message(std::span(buffer).first(bytes));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->send_time, m.send_time);
  EXPECT_EQ(read->report->received, 900U);
  EXPECT_EQ(read->tick, m.tick);
  EXPECT_EQ(read->frame_ticks, 3);
  EXPECT_EQ(read->redundant_ticks, 2);
  EXPECT_TRUE(std::ranges::equal(read->redundant, copy));
  EXPECT_TRUE(std::ranges::equal(read->frame, frame));
}

TEST(Message, ShortAndOddOnesAreRefused) {
  const std::vector<std::vector<std::uint8_t>> bad{{},
                                                   {0x10},
                                                   {0x10, 0, 0, 0},
                                                   {0x10, 0, 0, 0, 0, 0},
                                                   {0x00, 0, 0, 0, 0, 0, 1},
                                                   {0xd0, 0, 0, 0, 0, 0, 1},
                                                   {0x11, 0, 0, 0, 0, 0, 1},
                                                   {0x18, 0, 0, 0, 1, 2, 3},
                                                   {0x12, 0, 0, 0, 0, 0, 0, 9, 1, 2},
                                                   {0x12, 0, 0, 0, 0, 0, 0, 0, 1}};
  for (const auto& bytes : bad) EXPECT_FALSE(read_message(bytes)) << bytes.size();
}

TEST(Message, SendTimesWrapAndGoBack) {
  const time_point sent{1'700'000'000'123'400'000};
  for (const double ms : {0.0, 0.5, 250.0, 5000.0, 600'000.0, -300.0}) {
    const nanoseconds delay = one_way_delay(send_time_of(sent), sent + from_seconds(ms / 1e3));
    EXPECT_NEAR(1e3 * to_seconds(delay), ms, 0.11);
  }
}

TEST(RateAdapter, AModerateLossLeavesTheRate) {
  time_point now{0};
  rate_adapter adapter(now);
  reception_report totals;
  for (int s = 0; s < 60; ++s) {
    now = now + std::chrono::seconds(1);
    totals = {totals.expected + 50, totals.received + 46};
    adapter.on_report(totals, totals.expected, now);
  }
  EXPECT_NEAR(adapter.loss(), 0.08, 0.001);
  EXPECT_EQ(adapter.settings().rate_bps, 24'000);
  EXPECT_EQ(adapter.settings().loss_pct, 8);
  EXPECT_EQ(adapter.settings().redundancy, 1);
}

TEST(RateAdapter, ImpossibleReportsAreIgnored) {
  rate_adapter adapter(time_point{0});
  const time_point later{1'000'000'000};
  adapter.on_report({100, 0}, 50, later);  // more than was sent
  adapter.on_report({10, 20}, 50, later);  // more than expected
  EXPECT_EQ(adapter.loss(), 0);
  adapter.on_report({50, 50}, 60, later);
  adapter.on_report({40, 0}, 60, later);  // backwards
  EXPECT_EQ(adapter.loss(), 0);
}

TEST(JitterBuffer, HostileFramesAreRefused) {
  jitter_buffer buffer;
  voice_encoder encoder;
  const auto voice = voice_like();
  const auto frame = encoder.encode(std::span(voice).first(tick_samples));
  buffer.insert(0, std::vector<std::uint8_t>{0xff, 0xff}, false);
  buffer.insert(0, {}, false);
  EXPECT_EQ(buffer.level_ticks(), 0);
  for (std::uint32_t i = 0; i < 1000; ++i) buffer.insert(i * 2, frame, false);
  for (int i = 0; i < 1000; ++i) buffer.play();
  buffer.insert(0xffff'ffff, frame, false);
  buffer.insert(0x7fff'ffff, frame, false);
  EXPECT_LT(buffer.level_ticks(), 10'000);
  EXPECT_EQ(buffer.played().size(), static_cast<std::size_t>(tick_samples));
}

std::vector<std::uint8_t> wav(std::size_t samples, std::uint32_t rate, std::uint8_t channels) {
  const auto word = [](std::vector<std::uint8_t>& out, std::uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  };
  std::vector<std::uint8_t> out;
  for (const char c : {'R', 'I', 'F', 'F'}) out.push_back(static_cast<std::uint8_t>(c));
  word(out, 0xffff'ffff, 4);  // as a writer to a pipe leaves it
  for (const char c : std::string_view("WAVEfmt ")) out.push_back(static_cast<std::uint8_t>(c));
  word(out, 16, 4);
  word(out, 1, 2);
  word(out, channels, 2);
  word(out, rate, 4);
  word(out, rate * 2, 4);
  word(out, 2, 2);
  word(out, 16, 2);
  for (const char c : std::string_view("data")) out.push_back(static_cast<std::uint8_t>(c));
  word(out, 0x7fff'f000, 4);
  for (std::size_t i = 0; i < samples; ++i) word(out, static_cast<std::uint32_t>(i), 2);
  return out;
}

TEST(Speech, ReadsWhatEspeakWritesToAPipe) {
  const auto pcm = parse_speech(wav(3200, 16'000, 1), "x.wav");
  ASSERT_TRUE(pcm);
  EXPECT_EQ(pcm->size(), 3200U);
  EXPECT_EQ((*pcm)[100], 100);
  speech_source source(*pcm, 3199);
  std::array<std::int16_t, 3> out{};
  source.read(out);
  EXPECT_EQ(out, (std::array<std::int16_t, 3>{3199, 0, 1}));
}

TEST(Speech, RefusesOtherFilesAndSaysWhy) {
  EXPECT_FALSE(parse_speech(wav(3200, 22'050, 1), "x.wav"));
  EXPECT_FALSE(parse_speech(wav(3200, 16'000, 2), "x.wav"));
  EXPECT_FALSE(parse_speech(wav(10, 16'000, 1), "x.wav"));
  EXPECT_NE(read_speech("no such file").error().mend, "");
  const auto whole = wav(100, 16'000, 1);
  for (std::size_t length = 0; length < 60; ++length) {
    EXPECT_FALSE(parse_speech(std::span(whole).first(length), "x.wav"));
  }
}

}  // namespace
}  // namespace callweir::p2p::testing

#include "classify/media_monitor.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "base/applications.hpp"

namespace callweir::classify {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr time_point start{1'700'000'000'000'000'000};

packet_view datagram(const std::vector<std::uint8_t>& bytes, time_point at) {
  packet_view p;
  p.frame = bytes.data();
  p.captured = p.wire = static_cast<std::uint32_t>(bytes.size());
  p.payload_captured = p.payload_bytes = static_cast<std::uint16_t>(bytes.size());
  p.protocol = proto_udp;
  p.status = decode_status::ok;
  p.time = at;
  return p;
}

std::vector<std::uint8_t> rtp(std::uint8_t type, std::uint16_t sequence, std::uint32_t timestamp,
                              std::uint32_t ssrc, std::size_t payload, bool marker = false) {
  std::vector<std::uint8_t> b(12 + payload, 0x55);
  b[0] = 0x80;
  b[1] = static_cast<std::uint8_t>(type | (marker ? 0x80 : 0));
  b[2] = static_cast<std::uint8_t>(sequence >> 8);
  b[3] = static_cast<std::uint8_t>(sequence);
  for (int i = 0; i < 4; ++i) {
    b[static_cast<std::size_t>(4 + i)] = static_cast<std::uint8_t>(timestamp >> (24 - 8 * i));
    b[static_cast<std::size_t>(8 + i)] = static_cast<std::uint8_t>(ssrc >> (24 - 8 * i));
  }
  return b;
}

verdict plain_call() {
  verdict v;
  v.app = app_sip;
  v.role = flow_role::voice;
  v.voip = true;
  v.p2p = tristate::no;
  return v;
}

verdict unknown_call(flow_role role = flow_role::voice) {
  verdict v;
  v.app = app_unknown_call;
  v.role = role;
  v.voip = true;
  v.p2p = tristate::yes;
  return v;
}

/// Sums of all samples of a role in a direction.
struct sums {
  std::uint32_t packets = 0, bytes = 0, expected = 0, late = 0, dropped = 0;
  float jitter_ms = 0;
  int samples = 0;
  bool loss_known = false;
  codec heard = codec::unknown;
};

struct probe {
  media_monitor monitor;
  spare_streams spares{16, false};
  std::vector<media_sample> samples;

  flow_role feed(const std::vector<std::uint8_t>& bytes, time_point at, direction way = forward) {
    collect(at);
    return monitor.observe(datagram(bytes, at), way, spares);
  }
  void collect(time_point at) {
    for (media_sample s; monitor.sample(at, spares, s);) samples.push_back(s);
  }
  sums total(direction way, bool video = false) const {
    sums t;
    for (const media_sample& s : samples) {
      if ((s.role == flow_role::video) != video) continue;
      const media_direction& d = s.way[way];
      t.packets += d.packets, t.bytes += d.codec_bytes, t.expected += d.expected, t.late += d.late;
      t.dropped += d.dropped, t.jitter_ms = d.jitter_ms;
      t.loss_known |= d.loss_known, t.heard = s.voice_codec, ++t.samples;
    }
    return t;
  }
};

TEST(media_monitor, g711_with_five_percent_loss) {
  probe p;
  p.monitor.begin(plain_call(), codec::unknown, start);
  for (std::uint32_t i = 0; i < 500; ++i) {
    if (i % 20 == 7) continue;
    EXPECT_EQ(p.feed(rtp(8, static_cast<std::uint16_t>(65'400 + i), i * 160, 77, 160),
                     start + milliseconds(20 * i)),
              flow_role::voice);
  }
  p.collect(start + seconds(10));
  const sums t = p.total(forward);
  EXPECT_EQ(t.expected, 500u);  // across the wrap of the sequence number
  EXPECT_EQ(t.packets, 475u);
  EXPECT_EQ(t.bytes, 475u * 160);
  EXPECT_EQ(t.late, 0u);
  EXPECT_TRUE(t.loss_known);
  EXPECT_EQ(t.heard, codec::pcma);
  EXPECT_LT(t.jitter_ms, 0.01F);
  EXPECT_EQ(p.total(backward).packets, 0u);
  EXPECT_EQ(t.samples, 10);
}

TEST(media_monitor, jitter_follows_rfc3550_by_hand) {
  probe p;
  p.monitor.begin(plain_call(), codec::pcmu, start);
  const int late_ms[] = {0, 0, 8, 0, 4};  // |D| = 0, 8, 8, 4 ms
  double j = 0;
  for (std::uint32_t i = 0; i < 5; ++i) {
    p.feed(rtp(0, static_cast<std::uint16_t>(i), i * 160, 1, 160),
           start + milliseconds(20 * i + static_cast<std::uint32_t>(late_ms[i])));
    if (i > 0) j += (std::abs(late_ms[i] - late_ms[i - 1]) - j) / 16;
  }
  p.collect(start + seconds(1));
  EXPECT_NEAR(p.total(forward).jitter_ms, j, 1e-4);
}

TEST(media_monitor, late_packets_are_60_ms_behind_the_fastest) {
  probe p;
  p.monitor.begin(plain_call(), codec::pcmu, start);
  for (std::uint32_t i = 0; i < 300; ++i) {
    const int off = i == 100 ? 59 : i == 101 ? 61 : i == 102 ? 200 : 0;
    p.feed(rtp(0, static_cast<std::uint16_t>(i), i * 160, 1, 160),
           start + milliseconds(20 * i) + milliseconds(off));
  }
  p.collect(start + seconds(6));
  EXPECT_EQ(p.total(forward).late, 2u);
  EXPECT_EQ(p.total(forward).expected, 300u);
}

TEST(media_monitor, reordering_and_copies_are_no_loss) {
  probe p;
  p.monitor.begin(plain_call(), codec::pcmu, start);
  const int order[] = {0, 1, 3, 2, 2, 4, 6, 5, 7, 7, 8, 9};
  int n = 0;
  for (const int i : order) {
    p.feed(rtp(0, static_cast<std::uint16_t>(i), static_cast<std::uint32_t>(i) * 160, 1, 160),
           start + milliseconds(20 * n++));
  }
  p.collect(start + seconds(1));
  EXPECT_EQ(p.total(forward).expected, 10u);
  EXPECT_EQ(p.total(forward).packets, 10u);
}

TEST(media_monitor, a_new_ssrc_and_a_restarted_sequence_are_no_loss) {
  probe p;
  p.monitor.begin(plain_call(), codec::pcmu, start);
  for (std::uint32_t i = 0; i < 300; ++i) {
    const std::uint32_t ssrc = i < 100 ? 1 : 2;
    const std::uint32_t sequence = i < 200 ? i + ssrc * 9'000 : i + 40'000;
    const std::uint32_t stamp = i < 200 ? i * 160 : 77'000'000 + i * 160;
    p.feed(rtp(0, static_cast<std::uint16_t>(sequence), stamp, ssrc, 160),
           start + milliseconds(20 * i));
  }
  p.collect(start + seconds(6));
  // The restart costs the one packet that had to be followed by another to be believed.
  EXPECT_NEAR(p.total(forward).expected, 299, 1);
  EXPECT_EQ(p.total(forward).expected, p.total(forward).packets);
  EXPECT_EQ(p.total(forward).late, 0u);
}

TEST(media_monitor, voice_and_video_in_one_flow_are_told_apart) {
  verdict v;
  v.app = app_webrtc;
  v.role = flow_role::media;
  v.p2p = tristate::yes;
  probe p;
  p.monitor.begin(v, codec::unknown, start);
  std::uint16_t picture = 0;
  flow_role of_voice{}, of_video{};
  for (std::uint32_t i = 0; i < 500; ++i) {
    of_voice = p.feed(rtp(111, static_cast<std::uint16_t>(i), i * 960, 10, 80 + i % 7),
                      start + milliseconds(20 * i));
    if (i % 2 != 0) continue;  // 25 pictures a second, three packets each
    for (int k = 0; k < 3; ++k) {
      of_video = p.feed(rtp(96, picture++, i / 2 * 3600, 20, 1100, k == 2),
                        start + milliseconds(20 * i) + microseconds(100 * k));
    }
  }
  p.collect(start + seconds(10));
  EXPECT_EQ(of_voice, flow_role::voice);
  EXPECT_EQ(of_video, flow_role::video);
  const sums voice = p.total(forward);
  EXPECT_NEAR(voice.packets, 500, 60);  // the first second may still be mixed
  EXPECT_EQ(voice.heard, codec::opus);
  EXPECT_NEAR(voice.bytes / static_cast<double>(voice.packets), 73, 30);
  EXPECT_NEAR(p.total(forward, true).packets, 750, 60);
  EXPECT_EQ(p.samples.back().role, flow_role::video);
}

TEST(media_monitor, two_voices_in_one_direction_add_up) {
  probe p;
  p.monitor.begin(plain_call(), codec::unknown, start);
  for (std::uint32_t i = 0; i < 100; ++i) {
    p.feed(rtp(0, static_cast<std::uint16_t>(i), i * 160, 1, 160), start + milliseconds(20 * i));
    p.feed(rtp(0, static_cast<std::uint16_t>(500 + i), i * 160, 2, 160),
           start + milliseconds(20 * i + 7));
    p.feed(rtp(0, static_cast<std::uint16_t>(900 + i), i * 160, 3, 160),
           start + milliseconds(20 * i + 9), backward);
  }
  p.collect(start + seconds(2));
  EXPECT_EQ(p.total(forward).expected, 200u);
  EXPECT_EQ(p.total(forward).packets, 200u);
  EXPECT_EQ(p.total(backward).packets, 100u);
}

TEST(media_monitor, opus_payload_is_counted_without_header_extension_and_tag) {
  verdict v;
  v.app = app_webrtc;
  v.role = flow_role::voice;
  probe p;
  p.monitor.begin(v, codec::unknown, start);
  for (std::uint32_t i = 0; i < 50; ++i) {
    auto b = rtp(111, static_cast<std::uint16_t>(i), i * 960, 5, 8 + 60 + 10);
    b[0] |= 0x10;  // one word of extension
    b[12] = 0xbe, b[13] = 0xde, b[14] = 0, b[15] = 1;
    p.feed(b, start + milliseconds(20 * i));
  }
  p.collect(start + seconds(1));
  EXPECT_EQ(p.total(forward).bytes, 50u * 60);
}

TEST(media_monitor, padding_in_the_clear_is_no_payload) {
  probe p;
  p.monitor.begin(plain_call(), codec::unknown, start);
  for (std::uint32_t i = 0; i < 50; ++i) {
    auto b = rtp(0, static_cast<std::uint16_t>(i), i * 160, 5, 164);
    b[0] |= 0x20;
    b.back() = 4;
    p.feed(b, start + milliseconds(20 * i));
  }
  p.collect(start + seconds(1));
  EXPECT_EQ(p.total(forward).bytes, 50u * 160);
}

TEST(media_monitor, multiplexed_control_is_signalling) {
  probe p;
  p.monitor.begin(plain_call(), codec::unknown, start);
  std::vector<std::uint8_t> stun(20, 0);
  stun[1] = 1, stun[4] = 0x21, stun[5] = 0x12, stun[6] = 0xa4, stun[7] = 0x42;
  std::vector<std::uint8_t> dtls(40, 9);
  dtls[0] = 22, dtls[1] = 0xfe, dtls[2] = 0xfd, dtls[11] = 0, dtls[12] = 27;
  std::vector<std::uint8_t> rtcp(28, 1);
  rtcp[0] = 0x80, rtcp[1] = 200, rtcp[2] = 0, rtcp[3] = 6;
  for (const auto& b :
       {stun, dtls, rtcp, std::vector<std::uint8_t>{}, std::vector<std::uint8_t>{13, 10, 13, 10}}) {
    EXPECT_EQ(p.feed(b, start), flow_role::signalling);
  }
  p.collect(start + seconds(1));
  EXPECT_EQ(p.total(forward).packets, 0u);
}

TEST(media_monitor, media_inside_a_turn_channel_and_a_turn_indication) {
  probe p;
  p.monitor.begin(plain_call(), codec::unknown, start);
  for (std::uint32_t i = 0; i < 50; ++i) {
    const auto inner = rtp(0, static_cast<std::uint16_t>(i), i * 160, 5, 160);
    std::vector<std::uint8_t> b;
    if (i < 25) {
      b = {0x40, 0x01, 0, static_cast<std::uint8_t>(inner.size())};
    } else {  // Data indication with XOR-PEER-ADDRESS before DATA
      b = {0,    0x17, 0,    static_cast<std::uint8_t>(12 + 4 + inner.size()),
           0x21, 0x12, 0xa4, 0x42,
           1,    2,    3,    4,
           5,    6,    7,    8,
           9,    10,   11,   12,
           0,    0x12, 0,    8,
           0,    1,    2,    3,
           4,    5,    6,    7,
           0,    0x13, 0,    static_cast<std::uint8_t>(inner.size())};
    }
    b.insert(b.end(), inner.begin(), inner.end());
    EXPECT_EQ(p.feed(b, start + milliseconds(20 * i)), flow_role::voice);
  }
  p.collect(start + seconds(1));
  EXPECT_EQ(p.total(forward).packets, 50u);
  EXPECT_EQ(p.total(forward).bytes, 50u * 160);
}

TEST(media_monitor, unknown_format_is_measured_by_its_rhythm) {
  std::mt19937 random(7);
  std::vector<std::uint8_t> b;
  probe p;
  p.monitor.begin(unknown_call(), codec::unknown, start);
  int voice = 0, control = 0;
  for (int i = 0; i < 500; ++i) {
    b.resize(24 + 50 + random() % 20);
    for (auto& x : b) x = static_cast<std::uint8_t>(random());
    voice += p.feed(b, start + milliseconds(20 * i)) == flow_role::voice;
    if (i % 50 == 25) {  // a small control packet between two beats, and a keep-alive
      b.resize(30);
      control += p.feed(b, start + milliseconds(20 * i + 5)) == flow_role::signalling;
      b.resize(3);
      control += p.feed(b, start + milliseconds(20 * i + 6)) == flow_role::signalling;
    }
  }
  p.collect(start + seconds(10));
  EXPECT_EQ(voice, 500);
  EXPECT_EQ(control, 20);
  const sums t = p.total(forward);
  EXPECT_EQ(t.packets, 500u);
  EXPECT_EQ(t.expected, 500u);
  EXPECT_FALSE(t.loss_known);
  EXPECT_LT(t.jitter_ms, 0.5F);
  EXPECT_NEAR(t.bytes / 500.0, 59.5, 2);
}

TEST(media_monitor, fate_counts_drops_and_delay) {
  probe p;
  p.monitor.begin(plain_call(), codec::unknown, start);
  for (std::uint32_t i = 0; i < 150; ++i) {
    const flow_role role = p.feed(rtp(0, static_cast<std::uint16_t>(i), i * 160, 1, 160),
                                  start + milliseconds(20 * i));
    if (i % 10 == 0)
      p.monitor.fate(forward, role, true, nanoseconds{0});
    else
      p.monitor.fate(forward, role, false, i == 75 ? milliseconds(350) : milliseconds(250));
    p.monitor.fate(forward, flow_role::signalling, false, nanoseconds{0});
  }
  p.collect(start + seconds(3));
  const sums t = p.total(forward);
  EXPECT_EQ(t.dropped, 15u);
  EXPECT_EQ(t.late, 0u) << "what is added is delay, nothing else";
  EXPECT_NEAR(p.samples[2].way[0].added_delay_ms, 250, 0.5);
}

TEST(media_monitor, silence_gives_samples_of_zeros_and_gaps_do_not_pile_up) {
  probe p;
  p.monitor.begin(plain_call(), codec::unknown, start);
  for (int i = 1; i <= 5; ++i) p.collect(start + seconds(i));
  ASSERT_EQ(p.samples.size(), 5u);
  EXPECT_EQ(p.samples[3].way[0].packets, 0u);
  EXPECT_EQ(p.samples[3].second, start + seconds(3));
  p.collect(start + seconds(1000));
  EXPECT_EQ(p.samples.size(), 6u);
}

TEST(media_monitor, a_talk_spurt_may_begin_with_the_senders_clock_set_anew) {
  probe p;
  p.monitor.begin(plain_call(), codec::unknown, start);
  for (std::uint32_t i = 0; i < 200; ++i) {
    const auto silence = milliseconds(i < 100 ? 0 : 480);  // 400 ms by the time stamps
    p.feed(rtp(0, static_cast<std::uint16_t>(i), i * 160 + (i < 100 ? 0 : 3200), 1, 160, i == 100),
           start + milliseconds(20 * i) + silence);
  }
  p.collect(start + seconds(5));
  EXPECT_EQ(p.total(forward).late, 0u);
}

TEST(media_monitor, probing_with_padding_is_neither_video_nor_payload) {
  verdict v;
  v.app = app_webrtc;
  v.role = flow_role::voice;
  probe p;
  p.monitor.begin(v, codec::unknown, start);
  std::uint16_t sequence = 0;
  for (std::uint32_t i = 0; i < 100; ++i) {
    p.feed(rtp(111, sequence++, i * 960, 5, 70), start + milliseconds(20 * i));
    for (int k = 0; k < 2; ++k) {
      auto b = rtp(111, sequence++, i * 960, 5, 200);
      b[0] |= 0x20;
      EXPECT_EQ(p.feed(b, start + milliseconds(20 * i + 5)), flow_role::voice);
    }
  }
  p.collect(start + seconds(2));
  EXPECT_EQ(p.total(forward).bytes, 100u * 60);
  EXPECT_EQ(p.total(forward, true).packets, 0u);
}

TEST(media_monitor, further_sources_take_places_and_give_them_back) {
  probe p;
  p.monitor.begin(plain_call(), codec::unknown, start);
  const auto speak = [&](std::uint32_t ssrc, std::uint32_t i) {
    p.feed(rtp(0, static_cast<std::uint16_t>(i), i * 160, ssrc, 160), start + milliseconds(20 * i));
  };
  for (std::uint32_t i = 0; i < 50; ++i)
    for (const std::uint32_t ssrc : {1U, 2U, 3U, 4U, 5U})
      if (ssrc < 5 || i > 5) speak(ssrc, i);
  EXPECT_EQ(p.spares.in_use(), 3U);  // four a direction, of which the first is the monitor's own
  // Silent ones are kept for half a minute.
  for (std::uint32_t i = 50; i < 1'500; ++i) speak(1, i);
  EXPECT_EQ(p.spares.in_use(), 3U);
  for (std::uint32_t i = 1'500; i < 1'700; ++i) speak(1, i);
  EXPECT_EQ(p.spares.in_use(), 0U);
  p.collect(start + seconds(40));
  EXPECT_EQ(p.total(forward).packets, 1'700U + 3 * 50U);
  speak(6, 1'700);
  EXPECT_EQ(p.spares.in_use(), 1U);
  p.monitor.end(p.spares);
  EXPECT_EQ(p.spares.in_use(), 0U);
}

TEST(media_monitor, without_a_place_a_silent_source_gives_way) {
  probe p;
  spare_streams none(1, false);
  p.monitor.begin(plain_call(), codec::unknown, start);
  const auto speak = [&](std::uint32_t ssrc, std::uint32_t i) {
    p.monitor.observe(datagram(rtp(0, static_cast<std::uint16_t>(i), i * 160, ssrc, 160),
                               start + milliseconds(20 * i)),
                      forward, none);
  };
  for (std::uint32_t i = 0; i < 500; ++i) {
    speak(1, i);
    if (i < 20) speak(2, i);
    if (i > 400) speak(3, i);
  }
  EXPECT_EQ(none.in_use(), 1U);
  EXPECT_EQ(none.refused(), 1U) << "asked once, then it had the place of the second";
}

TEST(media_monitor, hostile_bytes_never_upset_it) {
  std::mt19937 random(11);
  std::vector<std::uint8_t> b;
  media_monitor monitor;
  spare_streams spares(4, false);
  verdict v = unknown_call(flow_role::media);
  monitor.begin(v, codec::unknown, start);
  time_point now = start;
  for (int i = 0; i < 20'000; ++i) {
    b.resize(random() % 80);
    for (auto& x : b) x = static_cast<std::uint8_t>(random());
    if (b.size() > 12 && random() % 2 == 0) {
      b[0] = static_cast<std::uint8_t>(0x80 | random() % 64);
      b[8] = b[9] = b[10] = 0, b[11] = static_cast<std::uint8_t>(random() % 6);
    }
    packet_view packet = datagram(b, now);
    packet.protocol = random() % 4 == 0 ? proto_tcp : proto_udp;
    packet.payload_bytes =
        static_cast<std::uint16_t>(b.size() + (random() % 8 == 0 ? random() % 1000 : 0));
    packet.later_fragment = random() % 50 == 0;
    const auto way = static_cast<direction>(random() % 2);
    const flow_role role = monitor.observe(packet, way, spares);
    if (random() % 2 == 0)
      monitor.fate(way, role, random() % 3 == 0, milliseconds(random() % 2000));
    now = now + milliseconds(random() % 100) - milliseconds(random() % 20);
    for (media_sample s; monitor.sample(now, spares, s);) {
      for (const auto& d : s.way) {
        EXPECT_TRUE(std::isfinite(d.jitter_ms) && d.jitter_ms >= 0);
        EXPECT_TRUE(std::isfinite(d.added_delay_ms) && d.added_delay_ms >= 0);
      }
    }
  }
}

}  // namespace
}  // namespace callweir::classify

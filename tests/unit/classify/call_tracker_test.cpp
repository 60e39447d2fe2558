#include "classify/call_tracker.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "base/applications.hpp"
#include "base/e_model.hpp"

namespace callweir::classify {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr time_point start{1'700'000'000'000'000'000};
const ip_address alice = ip_address::v4(0x0a00'0005);
const ip_address bob = ip_address::v4(0xc000'0207);
const ip_address carol = ip_address::v4(0xc000'0208);

struct flow_maker {
  flow_event event;

  flow_maker(std::uint64_t id, ip_address from, std::uint16_t sport, ip_address to,
             std::uint16_t dport, app_id app, flow_role role = flow_role::voice) {
    event.flow.id = id;
    event.flow.index = static_cast<flow_index>(id);
    event.flow.source = from;
    event.flow.destination = to;
    event.flow.source_port = sport;
    event.flow.destination_port = dport;
    event.flow.protocol = proto_udp;
    event.flow.initiator = from == alice ? side::inside : side::outside;
    event.what.app = app;
    event.what.role = role;
    event.what.voip = true;
    event.what.p2p = app == app_sip ? tristate::no : tristate::yes;
    event.what.confidence_pct = 95;
  }
  flow_maker& tied(std::uint64_t dialog, std::uint64_t ice) {
    event.ties.dialog = dialog;
    event.ties.ice_session = ice;
    return *this;
  }
};

struct bench {
  explicit bench(const call_tracker_config& config = {}) : tracker(config) {}

  call_tracker tracker;
  std::vector<attach_request> told;

  void send(flow_maker& flow, flow_event::kind kind, time_point at) {
    flow.event.type = kind;
    flow.event.at = at;
    if (flow.event.totals.first.ns == 0) flow.event.totals.first = at;
    flow.event.totals.last = at;
    tracker.on_event(flow.event);
    for (const auto& r : tracker.take_requests()) told.push_back(r);
  }
  void verdict(flow_maker& flow, time_point at) { send(flow, flow_event::kind::verdict, at); }
  void close(flow_maker& flow, time_point at) { send(flow, flow_event::kind::closed, at); }
  /// The second that ended at `at`: 50 packets of 60 bytes each way, changed by `edit`.
  template <class F>
  void media(flow_maker& flow, time_point at, F edit) {
    flow.event.media = media_sample{};
    flow.event.media.second = at - seconds(1);
    flow.event.media.role = flow_role::voice;
    for (auto& way : flow.event.media.way) {
      way.packets = way.expected = 50;
      way.codec_bytes = 50 * 60;
      way.loss_known = true;
    }
    edit(flow.event.media);
    send(flow, flow_event::kind::media, at);
    tracker.tick(at);
    for (const auto& r : tracker.take_requests()) told.push_back(r);
  }
  void media(flow_maker& flow, time_point at) {
    media(flow, at, [](media_sample&) {});
  }
  void dialog(std::uint64_t id, flow_maker& signalling, dialog_notice::step step, time_point at,
              bool emergency = false, ip_address caller_media = alice) {
    signalling.event.dialog = dialog_notice{};
    signalling.event.dialog.dialog = id;
    signalling.event.dialog.what = step;
    signalling.event.dialog.emergency = emergency;
    signalling.event.dialog.endpoints = 1;
    signalling.event.dialog.media[0].address = caller_media;
    send(signalling, flow_event::kind::dialog, at);
  }
  std::vector<call_record> calls() const { return tracker.records(); }
  call_slot only() const {
    const auto slots = tracker.active();
    EXPECT_EQ(slots.size(), 1u);
    return slots.empty() ? no_call : slots[0];
  }
};

TEST(call_tracker, three_calls_between_the_same_two_addresses_stay_three) {
  bench b;
  flow_maker secret(1, alice, 40'123, bob, 51'000, app_unknown_call),
      rtc(2, alice, 40'200, bob, 52'000, app_webrtc),
      sip(3, alice, 5060, bob, 5060, app_sip, flow_role::signalling),
      rtp(4, alice, 4000, bob, 4002, app_sip);
  rtc.tied(0, 77);
  rtp.tied(88, 0);
  b.dialog(88, sip, dialog_notice::step::offered, start);
  b.dialog(88, sip, dialog_notice::step::answered, start);
  for (flow_maker* f : {&secret, &rtc, &rtp}) b.verdict(*f, start + seconds(1));
  for (int s = 2; s < 10; ++s)
    for (flow_maker* f : {&secret, &rtc, &rtp}) b.media(*f, start + seconds(s));
  const auto calls = b.calls();
  ASSERT_EQ(calls.size(), 3u);
  for (const call_record& c : calls) {
    EXPECT_EQ(c.parties, (std::vector<ip_address>{alice, bob}));
    EXPECT_EQ(c.media, std::vector<flow_role>{flow_role::voice});
    EXPECT_EQ(c.confidence_pct, 95);
    if (c.app == app_sip)
      EXPECT_EQ(c.flows.size(), 2u);
    else
      EXPECT_EQ(c.flows.size(), 1u);
    EXPECT_EQ(c.p2p, c.app == app_sip ? tristate::no : tristate::yes);
  }
  for (const std::uint64_t flow : {1, 2, 3, 4}) {
    EXPECT_TRUE(std::any_of(b.told.begin(), b.told.end(),
                            [&](const auto& r) { return r.flow_id == flow && r.call != no_call; }));
  }
}

TEST(call_tracker, an_ice_session_gathers_its_flows_on_whatever_ports) {
  bench b;
  flow_maker check(1, alice, 40'000, carol, 3478, app_webrtc, flow_role::signalling),
      direct(2, alice, 40'001, bob, 50'000, app_webrtc),
      relayed(3, alice, 40'002, carol, 3478, app_webrtc);
  for (flow_maker* f : {&check, &direct, &relayed}) f->tied(0, 5);
  relayed.event.ties.relayed = true;
  b.verdict(check, start);
  EXPECT_TRUE(b.tracker.active().empty());
  b.verdict(direct, start + seconds(1));
  b.verdict(relayed, start + seconds(1));
  const auto call = b.tracker.record(b.only());
  EXPECT_EQ(call.flows.size(), 3u);
  EXPECT_TRUE(call.relayed);
}

TEST(call_tracker, audio_and_video_of_a_dialog_share_a_call) {
  bench b;
  flow_maker audio(1, alice, 4000, bob, 6000, app_rtp),
      video(2, alice, 4002, bob, 6002, app_rtp, flow_role::video);
  audio.tied(9, 0), video.tied(9, 0);
  b.verdict(audio, start);
  b.verdict(video, start);
  b.media(audio, start + seconds(1));
  b.media(video, start + seconds(1), [](media_sample& m) { m.role = flow_role::video; });
  const auto call = b.tracker.record(b.only());
  EXPECT_EQ(call.media, (std::vector<flow_role>{flow_role::voice, flow_role::video}));
  EXPECT_EQ(call.app, app_sip);
  EXPECT_EQ(call.p2p, tristate::no);
  EXPECT_EQ(b.tracker.find(b.only())->what.role, flow_role::media);
}

TEST(call_tracker, rtcp_on_the_adjacent_ports_belongs_to_its_rtp_in_either_order) {
  bench b;
  flow_maker rtcp(1, alice, 4001, bob, 6001, app_rtp, flow_role::signalling),
      rtp(2, alice, 4000, bob, 6000, app_rtp);
  flow_maker rtp2(3, alice, 7000, bob, 8000, app_rtp),
      rtcp2(4, bob, 8001, alice, 7001, app_rtp, flow_role::signalling);
  for (flow_maker* f : {&rtcp, &rtp, &rtp2, &rtcp2}) b.verdict(*f, start);
  ASSERT_EQ(b.calls().size(), 2u);
  for (const auto& c : b.calls()) EXPECT_EQ(c.flows.size(), 2u);
}

TEST(call_tracker, a_softphone_that_moves_stays_in_its_call) {
  bench b;
  flow_maker direct(1, alice, 40'000, bob, 50'000, app_unknown_call),
      hopped(2, alice, 40'000, carol, 443, app_unknown_call),
      tcp(3, alice, 41'000, bob, 443, app_unknown_call);
  tcp.event.flow.protocol = proto_tcp;
  b.verdict(direct, start);
  for (int s = 1; s <= 5; ++s) b.media(direct, start + seconds(s));
  const call_slot slot = b.only();
  b.verdict(hopped, start + seconds(10));  // the same inside port, another peer
  for (int s = 11; s <= 15; ++s) b.media(hopped, start + seconds(s));
  EXPECT_EQ(b.only(), slot);
  b.verdict(tcp, start + seconds(25));  // the same pair, another port and protocol
  b.media(tcp, start + seconds(26));
  EXPECT_EQ(b.only(), slot);
  EXPECT_EQ(b.tracker.record(slot).flows.size(), 3u);
  EXPECT_EQ(b.told.back().call, slot);
}

TEST(call_tracker, a_move_that_overlaps_is_found_when_the_old_path_dies) {
  bench b;
  flow_maker old_path(1, alice, 40'000, bob, 50'000, app_unknown_call),
      new_path(2, alice, 40'000, carol, 443, app_unknown_call);
  b.verdict(old_path, start);
  for (int s = 1; s <= 8; ++s) b.media(old_path, start + seconds(s));
  const call_slot slot = b.only();
  b.verdict(new_path, start + seconds(8));
  EXPECT_EQ(b.tracker.active().size(), 2u);
  for (int s = 9; s <= 12; ++s) b.media(new_path, start + seconds(s));
  EXPECT_EQ(b.only(), slot);
  EXPECT_EQ(b.told.back().flow_id, 2u);
  EXPECT_EQ(b.told.back().call, slot);
  EXPECT_EQ(b.tracker.quality(slot, forward)->window_s, 12);
}

TEST(call_tracker, calls_alive_at_once_and_other_applications_do_not_join) {
  bench b;
  flow_maker one(1, alice, 40'000, bob, 50'000, app_unknown_call),
      two(2, alice, 40'002, bob, 50'002, app_unknown_call),
      other(3, alice, 40'000, bob, 50'004, app_tox), pbx(4, alice, 40'010, bob, 50'010, app_rtp),
      pbx_next(5, alice, 40'010, carol, 50'010, app_rtp);
  b.verdict(one, start);
  for (int s = 1; s <= 20; ++s) b.media(one, start + seconds(s));
  b.verdict(two, start + seconds(20));
  b.close(one, start + seconds(21));
  b.verdict(other, start + seconds(25));
  b.verdict(pbx, start + seconds(26));
  b.close(pbx, start + seconds(27));
  b.verdict(pbx_next, start + seconds(28));  // a gateway's port serves another call
  EXPECT_EQ(b.calls().size(), 5u);
}

TEST(call_tracker, a_call_becomes_an_emergency_while_it_lasts_when_its_peer_is_named_one) {
  bench b;
  flow_maker f(1, alice, 4000, bob, 5000, app_unknown_call);
  const auto run = [&](int from, int to) {
    for (int s = from; s < to; ++s) b.media(f, start + seconds(s), [](media_sample&) {});
    return b.tracker.record(b.only()).emergency;
  };
  b.verdict(f, start);
  EXPECT_FALSE(run(1, 5));
  f.event.ties.emergency = true;  // as the worker tells from then on
  EXPECT_TRUE(run(5, 8));
  EXPECT_TRUE(b.told.back().emergency);
  f.event.ties.emergency = false;
  EXPECT_FALSE(run(8, 11));
  EXPECT_FALSE(b.told.back().emergency);
}

TEST(call_tracker, emergency_is_the_answered_calls_own_media_for_its_life) {
  bench b;
  flow_maker sip(1, alice, 5060, carol, 5060, app_sip, flow_role::signalling),
      rtp(2, alice, 4000, bob, 6000, app_sip),
      other(3, alice, 40'000, bob, 50'000, app_unknown_call);
  rtp.tied(9, 0);
  b.dialog(9, sip, dialog_notice::step::offered, start, true);
  b.verdict(rtp, start);
  b.verdict(other, start);
  EXPECT_FALSE(b.told[0].emergency);
  b.dialog(9, sip, dialog_notice::step::answered, start + seconds(2));
  const auto last_of = [&](std::uint64_t flow) {
    return std::find_if(b.told.rbegin(), b.told.rend(),
                        [&](const auto& r) { return r.flow_id == flow; });
  };
  EXPECT_TRUE(last_of(2)->emergency);
  EXPECT_FALSE(last_of(3)->emergency);
  b.dialog(9, sip, dialog_notice::step::ended, start + seconds(60));
  EXPECT_FALSE(last_of(2)->emergency);
}

TEST(call_tracker, the_caller_is_first_even_if_the_called_party_s_media_came_first) {
  bench b;
  flow_maker sip(1, alice, 5060, carol, 5060, app_sip, flow_role::signalling),
      rtp(2, bob, 6000, alice, 4000, app_sip);
  rtp.tied(9, 0);
  b.dialog(9, sip, dialog_notice::step::offered, start);
  b.verdict(rtp, start);
  for (int s = 1; s <= 5; ++s)
    b.media(rtp, start + seconds(s), [](media_sample& m) { m.way[forward].packets = 40; });
  const auto call = b.tracker.record(b.only());
  EXPECT_EQ(call.parties, (std::vector<ip_address>{alice, bob}));
  EXPECT_NEAR(*call.loss[forward], 0, 1e-9);
  EXPECT_NEAR(*call.loss[backward], 0.2, 1e-9);  // bob to alice
  EXPECT_NEAR(b.tracker.quality(b.only(), forward)->loss, 0.2, 1e-9);
}

TEST(call_tracker, quality_by_the_definition) {
  bench b;
  flow_maker rtp(1, alice, 4000, bob, 6000, app_webrtc);
  b.verdict(rtp, start);
  for (int s = 1; s <= 30; ++s) {
    b.media(rtp, start + seconds(s), [&](media_sample& m) {
      m.voice_codec = codec::opus;
      m.way[forward].packets = 48;
      m.way[forward].late = 1;
      m.way[forward].codec_bytes = 3000;
      m.way[forward].dropped = 6;
      m.way[forward].added_delay_ms = 250;
    });
  }
  const auto q = *b.tracker.quality(b.only(), forward);
  EXPECT_EQ(q.window_s, 20);
  EXPECT_NEAR(q.bitrate_kbps, 24, 1e-9);
  EXPECT_NEAR(q.loss, 0.06, 1e-9);
  EXPECT_NEAR(q.inflicted_loss, 6.0 / 48, 1e-9);
  EXPECT_NEAR(q.added_delay_ms, 250, 1e-3);
  EXPECT_NEAR(q.mos, mos({codec_model::opus_fb, 24, 1 - 0.94 * (1 - 0.125), 330}), 1e-6);
  EXPECT_NEAR(q.mos_arriving, mos({codec_model::opus_fb, 24, 0.06, 80}), 1e-9);
  const auto call = b.tracker.record(b.only());
  EXPECT_EQ(call.codec, "opus~24k");
  EXPECT_EQ(call.mos_scale, "fb");
  EXPECT_NEAR(*call.mos[backward], mos({codec_model::opus_fb, 24, 0, 80}), 1e-9);
  EXPECT_EQ(b.tracker.find(b.only())->frame_ms, 20);
}

TEST(call_tracker, windows_slide_and_what_was_before_enforcement_stays) {
  bench b;
  flow_maker rtp(1, alice, 4000, bob, 6000, app_sip);
  b.verdict(rtp, start);
  const auto pcma = [](media_sample& m) { m.voice_codec = codec::pcma; };
  b.media(rtp, start + seconds(1), pcma);
  b.media(rtp, start + seconds(2), pcma);
  EXPECT_FALSE(b.tracker.record(b.only()).mos_before[forward]);  // less than 3 s of media
  EXPECT_FALSE(b.tracker.record(b.only()).mos[forward]);
  for (int s = 3; s <= 20; ++s) b.media(rtp, start + seconds(s), pcma);
  b.tracker.enforcement_began(b.only(), start + seconds(20));
  for (int s = 21; s <= 60; ++s) {
    b.media(rtp, start + seconds(s), [](media_sample& m) {
      m.voice_codec = codec::pcma;
      m.way[forward].dropped = 10;
    });
    const double expected = 0.2 * std::min(s - 20, 20) / 20;
    EXPECT_NEAR(b.tracker.quality(b.only(), forward)->inflicted_loss, expected, 1e-9) << s;
  }
  const auto call = b.tracker.record(b.only());
  EXPECT_NEAR(*call.mos_before[forward], mos({codec_model::g711_plc, 64, 0, 80}), 0.011);
  EXPECT_NEAR(*call.mos[forward], mos({codec_model::g711_plc, 64, 0.2, 80}), 1e-9);
  EXPECT_EQ(call.mos_scale, "nb");
  EXPECT_EQ(call.codec, "pcma");
}

TEST(call_tracker, figures_stay_as_last_known_when_the_call_ends) {
  bench b;
  flow_maker rtp(1, alice, 4000, bob, 6000, app_unknown_call);
  b.verdict(rtp, start);
  for (int s = 1; s <= 10; ++s) b.media(rtp, start + seconds(s));
  for (int s = 11; s <= 39; ++s) {
    b.media(rtp, start + seconds(s), [](media_sample& m) { m.way = {}; });
  }
  EXPECT_EQ(b.tracker.active().size(), 1u);
  b.tracker.tick(start + seconds(40));
  EXPECT_TRUE(b.tracker.active().empty());
  const auto ended = b.tracker.take_ended();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_GT(*ended[0].mos[forward], 4);
  EXPECT_GT(*ended[0].mos_before[backward], 4);
  EXPECT_NEAR((ended[0].end - start).count() * 1e-9, 11, 1.01);
  EXPECT_TRUE(b.tracker.take_ended().empty());
  EXPECT_EQ(b.calls().size(), 1u);
  b.media(rtp, start + seconds(50));  // media again: another call
  EXPECT_EQ(b.calls().size(), 2u);
  EXPECT_NE(b.calls()[0].id, b.calls()[1].id);
}

TEST(call_tracker, a_dialog_holds_its_call_while_silent_and_ends_it) {
  bench b;
  flow_maker sip(1, alice, 5060, carol, 5060, app_sip, flow_role::signalling),
      rtp(2, alice, 4000, bob, 6000, app_sip);
  rtp.tied(9, 0);
  b.dialog(9, sip, dialog_notice::step::answered, start);
  b.verdict(rtp, start);
  b.media(rtp, start + seconds(1));
  b.tracker.tick(start + seconds(120));
  EXPECT_EQ(b.tracker.active().size(), 1u);
  b.dialog(9, sip, dialog_notice::step::ended, start + seconds(121));
  rtp.tied(10, 0);  // the same ports serve the next call
  b.verdict(rtp, start + seconds(122));
  EXPECT_EQ(b.calls().size(), 2u);
}

TEST(call_tracker, tables_are_bounded_and_slots_reused_are_told) {
  call_tracker_config small;
  small.calls_max = 4;
  small.hosts_max = 8;
  bench b(small);
  std::vector<flow_maker> flows;
  for (std::uint16_t i = 0; i < 20; ++i) {
    flows.emplace_back(100u + i, ip_address::v4(0x0a00'0100u + i), std::uint16_t(4000 + i), bob,
                       std::uint16_t(9000 + i), app_webrtc);
    flows.back().event.flow.initiator = side::inside;
    b.verdict(flows.back(), start + seconds(i));
    EXPECT_LE(b.tracker.active().size(), 4u);
  }
  EXPECT_LE(b.tracker.hosts().size(), 8u);
  EXPECT_TRUE(std::any_of(b.told.begin(), b.told.end(),
                          [](const auto& r) { return r.flow_id == 100 && r.call == no_call; }));
  EXPECT_EQ(b.calls().size(), 20u);
}

TEST(call_tracker, hosts_know_softphones_and_their_peers) {
  bench b;
  for (std::uint32_t i = 0; i < 100; ++i) {
    flow_maker f(i + 1, ip_address::v4(0xcb00'7100u + i), 9000, alice, 40'000, app_skype,
                 flow_role::overlay);
    b.verdict(f, start + seconds(1));
    f.event.totals.bytes = {100, 50};
    b.close(f, start + seconds(2));
  }
  const auto hosts = b.tracker.hosts();
  ASSERT_EQ(hosts.size(), 1u);
  EXPECT_EQ(hosts[0].address, alice);
  EXPECT_NEAR(hosts[0].peers, 100, 4);
  EXPECT_EQ(hosts[0].flows, 100u);
  EXPECT_EQ(hosts[0].bytes, 15'000u);
  EXPECT_EQ(hosts[0].roles, (std::vector<std::string>{"softphone", "supernode"}));
}

TEST(call_tracker, any_order_of_events_gives_finite_figures) {
  std::mt19937 random(5);
  for (int round = 0; round < 20; ++round) {
    bench b;
    std::vector<flow_maker> flows;
    const app_id apps[] = {app_unknown_call, app_webrtc, app_sip, app_rtp, app_skype};
    for (std::uint16_t i = 0; i < 12; ++i) {
      const auto port = static_cast<std::uint16_t>(4000 + random() % 4);
      flows.emplace_back(i + 1, random() % 2 ? alice : bob, port, random() % 2 ? bob : carol,
                         std::uint16_t(6000 + random() % 3), apps[random() % 5],
                         random() % 3 ? flow_role::voice : flow_role::signalling);
      flows.back().tied(random() % 3, random() % 3);
    }
    for (int step = 0; step < 800; ++step) {
      flow_maker& f = flows[random() % flows.size()];
      const time_point at = start + milliseconds(step * 300 - static_cast<int>(random() % 900));
      switch (random() % 8) {
        case 0:
          b.verdict(f, at);
          break;
        case 1:
          b.close(f, at);
          break;
        case 2:
          b.dialog(1 + random() % 3, f, static_cast<dialog_notice::step>(random() % 3), at,
                   random() % 2 != 0);
          break;
        case 3:
          f.tied(random() % 3, random() % 3);
          break;
        default:
          b.media(f, at, [&](media_sample& m) {
            for (auto& w : m.way) {
              w.packets = random() % 60, w.expected = random() % 60, w.late = random() % 10,
              w.dropped = random() % 60;
              w.codec_bytes = random() % 9000;
              w.added_delay_ms = random() % 20 == 0 ? NAN : static_cast<float>(random() % 900);
              w.jitter_ms = random() % 20 == 0 ? INFINITY : static_cast<float>(random() % 90);
            }
          });
      }
      if (step % 50 == 0 && !b.tracker.active().empty())
        b.tracker.enforcement_began(b.tracker.active()[0], at);
      for (const call_slot slot : b.tracker.active()) {
        for (const direction way : {forward, backward}) {
          const auto q = b.tracker.quality(slot, way);
          if (!q) continue;
          for (const double v : {q->bitrate_kbps, q->loss, q->inflicted_loss, q->added_delay_ms,
                                 q->jitter_ms, q->mos_arriving, q->mos}) {
            ASSERT_TRUE(std::isfinite(v) && v >= 0);
          }
          ASSERT_TRUE(q->mos >= 1 && q->mos <= 4.5 && q->loss <= 1 && q->inflicted_loss <= 1);
        }
      }
    }
    for (const auto& c : b.calls()) EXPECT_LE(c.start, c.end);
  }
}

TEST(call_tracker, the_codec_of_the_answer_stands_in_for_one_that_packets_do_not_show) {
  bench b;
  flow_maker sip(1, alice, 5060, carol, 5060, app_sip, flow_role::signalling);
  flow_maker rtp(2, alice, 4000, bob, 6000, app_sip);
  rtp.tied(9, 0);
  sip.event.dialog = dialog_notice{};
  sip.event.dialog.dialog = 9;
  sip.event.dialog.what = dialog_notice::step::answered;
  sip.event.dialog.endpoints = 1;
  sip.event.dialog.media[0] = {bob, 6000, codec::ilbc, flow_role::voice};
  b.send(sip, flow_event::kind::dialog, start);
  b.verdict(rtp, start + seconds(1));
  b.media(rtp, start + seconds(2));
  EXPECT_EQ(b.tracker.record(b.only()).codec, "ilbc");
  EXPECT_EQ(b.tracker.record(b.only()).mos_scale, "nb");
}

TEST(call_tracker, the_rate_leaves_out_the_time_after_the_last_packet) {
  bench b;
  flow_maker rtp(1, alice, 4000, bob, 6000, app_webrtc);
  b.verdict(rtp, start);
  for (int s = 1; s <= 5; ++s) b.media(rtp, start + seconds(s));
  rtp.event.media.second = start + seconds(5);  // 0.2 s of a second
  for (auto& way : rtp.event.media.way) way.packets = way.expected = 10, way.codec_bytes = 600;
  rtp.event.type = flow_event::kind::media;
  rtp.event.at = start + seconds(6);
  rtp.event.totals.last = start + milliseconds(5200);
  b.tracker.on_event(rtp.event);
  EXPECT_NEAR(b.tracker.quality(b.only(), forward)->bitrate_kbps, 24, 0.01);
}

TEST(call_tracker, a_call_whose_flows_turn_out_otherwise_never_was) {
  bench b;
  flow_maker probe(1, alice, 40'000, bob, 3478, app_webrtc);
  b.verdict(probe, start);
  EXPECT_EQ(b.tracker.active().size(), 1u);
  probe.event.what.role = flow_role::signalling;
  b.verdict(probe, start + seconds(1));
  EXPECT_TRUE(b.calls().empty());
  EXPECT_EQ(b.told.back().call, no_call);
  EXPECT_TRUE(b.told.back().mistaken);
}

TEST(call_tracker, parties_are_those_that_media_came_by) {
  bench b;
  flow_maker relay_probe(1, alice, 40'000, carol, 3478, app_webrtc);
  flow_maker media(2, bob, 50'000, alice, 40'000, app_webrtc);
  relay_probe.tied(0, 5), media.tied(0, 5);
  b.verdict(relay_probe, start);
  b.verdict(media, start);
  b.media(media, start + seconds(1), [](media_sample& m) { m.way[forward].packets = 25; });
  const auto call = b.tracker.record(b.only());
  EXPECT_EQ(call.parties, (std::vector<ip_address>{bob, alice}));
  EXPECT_NEAR(*call.loss[forward], 0.5, 1e-9);
}

TEST(call_tracker, flow_names_are_base_36) {
  EXPECT_EQ(flow_name(0), "f0");
  EXPECT_EQ(flow_name(35), "fz");
  EXPECT_EQ(flow_name(36), "f10");
}

}  // namespace
}  // namespace callweir::classify

#include "classify/detectors/sip.hpp"

#include <gtest/gtest.h>

#include "base/applications.hpp"
#include "classify/detectors/sip_stream.hpp"
#include "tests/unit/classify/inspect_flow.hpp"

namespace callweir::test {
namespace {

using classify::dialog_notice;

std::string sdp(const char* address, int port, const char* media = "RTP/AVP 0 8") {
  return std::string("v=0\r\no=- 1 1 IN IP4 ") + address + "\r\ns=-\r\nc=IN IP4 " + address +
         "\r\nt=0 0\r\nm=audio " + std::to_string(port) + " " + media +
         "\r\na=rtpmap:111 opus/48000/2\r\n";
}
std::string invite(const std::string& uri, const std::string& body) {
  return "INVITE " + uri + " SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.5\r\nf: <sip:a@x>\r\nt: <" + uri +
         ">\r\ni:\r\n one@x\r\nCSeq: 1 INVITE\r\n\r\n" + body;
}
std::string ok(const std::string& body) {
  return "SIP/2.0 200 OK\r\nCall-ID: one@x\r\nTo: <sip:b@x>;tag=1\r\nCSeq: 1 INVITE\r\n\r\n" + body;
}
const std::string bye = "BYE sip:b@x SIP/2.0\r\nCall-ID: one@x\r\nCSeq: 2 BYE\r\n\r\n";

const flow_ends signalling{0x0a000005, 0xc0000207, 5062, 5093, proto_udp, side::inside};
const flow_ends media{0x0a000005, 0xc0000207, 4000, 5000, proto_udp, side::inside};

traffic talk_of_sip(const std::string& uri) {
  return {said(0, forward, invite(uri, sdp("10.0.0.5", 4000))),
          said(1, backward, ok(sdp("192.0.2.7", 5000, "RTP/AVP 111")))};
}

/// Adds Content-Length to each message, as TCP wants it.
traffic with_length(traffic t) {
  for (timed_payload& p : t) {
    const std::string text(p.bytes.begin(), p.bytes.end());
    const std::size_t end = text.find("\r\n\r\n");
    const std::string line = "\r\nl: " + std::to_string(text.size() - end - 4);
    p.bytes.insert(p.bytes.begin() + static_cast<std::ptrdiff_t>(end), line.begin(), line.end());
  }
  return t;
}

TEST(sip_detector, reads_compact_and_folded_headers) {
  const std::string text = invite("sip:b@x", sdp("10.0.0.5", 4000));
  classify::sip_message m;
  ASSERT_TRUE(classify::parse_sip(text, m));
  EXPECT_TRUE(m.request);
  EXPECT_EQ(m.method, "INVITE");
  EXPECT_EQ(m.uri, "sip:b@x");
  EXPECT_NE(m.call_id.find("one@x"), std::string_view::npos);
  EXPECT_TRUE(m.body.starts_with("v=0"));
}

TEST(sip_detector, refuses_what_only_resembles_it) {
  classify::sip_message m;
  for (const char* text :
       {"GET / HTTP/1.1\r\n\r\n", "INVITE sip:b@x SIP/3.0\r\n\r\n", "SIP/2.0 99 Low\r\n\r\n",
        "RTSP/1.0 200 OK\r\n\r\n", "HELLO sip:b@x SIP/2.0\r\n\r\n", "", "SIP/2.0 "}) {
    EXPECT_FALSE(classify::parse_sip(text, m)) << text;
  }
}

TEST(sip_detector, media_belongs_to_its_dialog) {
  inspection_bench bench;
  const inspected clear = bench.run(talk_of_sip("sip:b@x"), signalling);
  EXPECT_EQ(clear.what.app, app_sip);
  EXPECT_EQ(clear.what.role, flow_role::signalling);
  EXPECT_EQ(clear.what.p2p, tristate::no);
  ASSERT_EQ(bench.events.all.size(), 2u);
  const dialog_notice& answered = bench.events.all[1].dialog;
  EXPECT_EQ(answered.what, dialog_notice::step::answered);
  ASSERT_EQ(answered.endpoints, 2);
  EXPECT_EQ(answered.media[0].voice_codec, classify::codec::pcmu);
  EXPECT_EQ(answered.media[1].voice_codec, classify::codec::opus);
  EXPECT_EQ(answered.media[1].port, 5000);
  random_source random(1);
  const inspected voice = bench.run(rtp_talk(random, 0, 20, 8000, 160, 2, 1), media);
  EXPECT_EQ(voice.what.app, app_sip);
  EXPECT_EQ(voice.what.p2p, tristate::no);
  EXPECT_GE(voice.what.confidence_pct, 90);
  EXPECT_EQ(voice.ties.dialog, answered.dialog);
  EXPECT_FALSE(voice.ties.emergency);
}

TEST(sip_detector, only_the_answered_emergency_calls_own_media_is_one) {
  for (const char* uri :
       {"sip:112@example.org;user=phone", "tel:1-1-2", "urn:service:sos.police"}) {
    inspection_bench bench({"112", "911"});
    traffic t = talk_of_sip(uri);
    random_source random(2);
    const traffic talk = rtp_talk(random, 0, 20, 8000, 160, 1, 2);
    bench.run({t[0]}, signalling);
    EXPECT_FALSE(bench.run(talk, media).ties.emergency) << uri;
    bench.run({t[1]}, signalling);
    EXPECT_TRUE(bench.events.all.back().dialog.emergency) << uri;
    EXPECT_TRUE(bench.run(talk, media).ties.emergency) << uri;
    flow_ends other = media;
    other.inside_port = 4444;
    other.outside_port = 5555;
    EXPECT_FALSE(bench.run(talk, other).ties.emergency) << uri;
    bench.run({said(9, forward, bye)}, signalling);
    EXPECT_EQ(bench.events.all.back().dialog.what, dialog_notice::step::ended);
    EXPECT_FALSE(bench.run(talk, media).ties.emergency) << uri;
  }
}

TEST(sip_detector, other_emergency_numbers_count_from_the_next_call_on) {
  inspection_bench bench({"112"});
  const std::vector<std::string> numbers{"999"};
  bench.inspector().set_emergency_numbers(numbers);
  for (const auto& step : talk_of_sip("sip:999@x")) bench.run({step}, signalling);
  EXPECT_TRUE(bench.events.all.back().dialog.emergency);
}

TEST(sip_detector, a_number_that_only_begins_like_one_is_none) {
  const std::vector<std::string> numbers{"112"};
  EXPECT_FALSE(classify::is_emergency("sip:1123@x", numbers));
  EXPECT_FALSE(classify::is_emergency("sip:12@x", numbers));
  EXPECT_FALSE(classify::is_emergency("urn:service:sosial", numbers));
  EXPECT_TRUE(classify::is_emergency("<sip:112@x>;tag=7", numbers));
}

TEST(sip_detector, reads_ipv6_and_refused_media) {
  std::array<dialog_notice::media_endpoint, 4> out{};
  const char* body =
      "v=0\r\nc=IN IP6 2001:db8::7\r\nm=audio 4000 RTP/AVP 9\r\nm=video 0 RTP/AVP 97\r\nm=video "
      "4002 RTP/AVP 98\r\nc=IN IP4 192.0.2.9/127\r\n";
  ASSERT_EQ(classify::parse_sdp(body, out), 2);
  EXPECT_EQ(out[0].address.text(), "2001:db8::7");
  EXPECT_EQ(out[0].voice_codec, classify::codec::g722);
  EXPECT_EQ(out[1].address.text(), "192.0.2.9");
  EXPECT_EQ(out[1].role, flow_role::video);
}

TEST(sip_detector, joins_messages_that_tcp_cut_in_two) {
  flow_ends over_tcp = signalling;
  over_tcp.protocol = proto_tcp;
  const traffic whole = with_length(talk_of_sip("sip:112@example.org"));
  for (const std::size_t cut : {40u, 120u, 190u}) {
    inspection_bench bench({"112"});
    traffic t;
    for (int i = 0; i < 2; ++i) {
      timed_payload head = whole[static_cast<std::size_t>(i)], tail = head;
      ASSERT_GT(head.bytes.size(), cut);
      head.bytes.resize(cut);
      tail.bytes.erase(tail.bytes.begin(), tail.bytes.begin() + static_cast<std::ptrdiff_t>(cut));
      t.push_back(head);
      t.push_back(tail);
    }
    bench.run(t, over_tcp);
    random_source random(4);
    const inspected voice = bench.run(rtp_talk(random, 0, 20, 8000, 160, 2, 2), media);
    EXPECT_EQ(voice.what.app, app_sip) << cut;
    EXPECT_TRUE(voice.ties.emergency) << cut;
  }
}

TEST(sip_detector, reads_two_messages_of_one_segment) {
  flow_ends over_tcp = signalling;
  over_tcp.protocol = proto_tcp;
  inspection_bench bench;
  const traffic t = with_length(talk_of_sip("sip:bob@example.org"));
  traffic both{t[0]};
  both[0].bytes.insert(both[0].bytes.end(), t[1].bytes.begin(), t[1].bytes.end());
  bench.run(both, over_tcp);
  ASSERT_EQ(bench.events.all.size(), 2u);
  EXPECT_EQ(bench.events.all[1].dialog.what, dialog_notice::step::answered);
}

TEST(sip_stream_store, takes_no_repeated_segment_and_no_gap) {
  classify::sip_stream_store store(2);
  const time_point now{1'000'000'000};
  store.keep(7, "INVITE ", 107, now);
  EXPECT_EQ(store.join(7, "again", 100, now), "");
  EXPECT_EQ(store.join(7, "sip:", 107, now), "INVITE sip:");
  store.keep(7, "INVITE sip:", 111, now);
  EXPECT_EQ(store.join(7, "later", 200, now), "later");
  EXPECT_EQ(store.join(7, "x", 111, now), "x");  // given up
  store.keep(1, "a", 1, now);
  store.keep(2, "b", 1, time_point{now.ns + 1});
  store.keep(3, "c", 1, time_point{now.ns + 2});  // the oldest makes room
  EXPECT_EQ(store.join(1, "x", 1, now), "x");
  EXPECT_EQ(store.join(3, "x", 1, now), "cx");
  store.keep(3, std::string(classify::sip_stream_store::bytes_max + 1, 'x'), 1, now);
  EXPECT_EQ(store.join(3, "y", 1, now), "y");
}

TEST(sip_stream_store, finds_the_end_of_a_message) {
  EXPECT_EQ(classify::sip_message_bytes("A\r\n\r\nv=0"), 8u);
  EXPECT_EQ(classify::sip_message_bytes("A\r\nl : 2\r\n\r\nxyz"), 14u);
  EXPECT_EQ(classify::sip_message_bytes("A\r\nContent-Length: 4\r\n\r\nxyz"), 0u);
  EXPECT_EQ(classify::sip_message_bytes("A\r\nContent-Length: 4294967295\r\n\r\nxyz"), 0u);
  EXPECT_EQ(classify::sip_message_bytes("A\r\n"), 0u);
}

TEST(sip_detector, a_camera_that_streams_by_rtsp_is_no_telephone) {
  inspection_bench bench;
  flow_ends control = media;
  control.protocol = proto_tcp;
  control.outside_port = 554;
  bench.run({said(0, forward, "PLAY rtsp://cam/1 RTSP/1.0\r\nCSeq: 4\r\n\r\n"),
             said(0.1, backward, "RTSP/1.0 200 OK\r\nCSeq: 4\r\n\r\n")},
            control);
  random_source random(3);
  EXPECT_FALSE(bench.run(rtp_talk(random, 0, 20, 8000, 160, 2, 1), media).what.voip);
}

}  // namespace
}  // namespace callweir::test

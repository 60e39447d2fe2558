#include "classify/detectors/sip.hpp"

#include <gtest/gtest.h>

#include "base/applications.hpp"
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

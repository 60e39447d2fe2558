#include "base/record_stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "base/applications.hpp"

namespace callweir::stream {
namespace {

flow_record some_flow() {
  flow_record out;
  out.id = "f1z";
  out.link = "uplink";
  out.source = ip_address::v4(0x0a000005);
  out.destination = *ip_address::parse("2001:db8::7");
  out.source_port = 40'123;
  out.destination_port = 65'535;
  out.protocol = proto_udp;
  out.vlan = {7, 4095};
  out.tunnel = tunnel_kind::gtp_u;
  out.what.app = app_skype;
  out.what.ndpi_master = *find_ndpi_name("Skype_Teams");
  out.what.ndpi_app = *find_ndpi_name("SkypeCall");
  out.what.role = flow_role::voice;
  out.what.p2p = tristate::yes;
  out.what.voip = true;
  out.what.confidence_pct = 97;
  out.reasons = {"a \"quoted\" one\n", "\u00fcber", ""};
  out.first = {1'700'000'000'123'456'000};
  out.last = {1'700'000'009'999'999'000};
  out.packets = {120, 0xffff'ffff'ffff'ffff};
  out.bytes = {9000, 8800};
  out.decided_packet = 12;
  out.decided_s = 0.61;
  out.call = "c7";
  out.policy = "softphones";
  out.action = "degrade";
  return out;
}

call_record some_call() {
  call_record out;
  out.link = "uplink";
  out.id = "c7";
  out.app = app_webrtc;
  out.parties = {ip_address::v4(0x0a000005), ip_address::v4(0xc0000207)};
  out.flows = {"f1", "f2"};
  out.media = {flow_role::voice, flow_role::video};
  out.start = {1'700'000'000'000'001'000};
  out.end = {1'700'000'065'000'000'000};
  out.ended = false;
  out.p2p = tristate::no;
  out.relayed = true;
  out.emergency = true;
  out.confidence_pct = 100;
  out.reasons = {"because"};
  out.codec = "opus~24k";
  out.bitrate_kbps = {31.2, std::nullopt};
  out.loss = {0.0, 0.01};
  out.mos_before = {4.2, 4.1};
  out.mos = {1.9, std::nullopt};
  out.mos_scale = "fb";
  out.course = {1'700'000'010, 10, {{{4.2, std::nullopt, 1.9}, {4.1, 3.08, std::nullopt}}}};
  out.actions = {
      {"softphones", "degrade", {"f1"}, {1'700'000'012'000'000'000}, {}},
      {"video", "limit", {"f1"}, {1'700'000'012'000'000'000}, {{1'700'000'042'000'000'000}}}};
  return out;
}

host_record some_host() {
  host_record out;
  out.address = ip_address::v4(0x0a000005);
  out.roles = {"softphone", "relay"};
  out.confidence_pct = 90;
  out.peers = 81;
  out.calls = 3;
  out.flows = 200;
  out.bytes = 1ULL << 63;
  out.first = {1'000'000'000};
  out.last = {2'000'000'000};
  return out;
}

std::vector<any_record> one_of_each() {
  const time_point at{1'700'000'010'000'000'000};
  return {some_flow(),
          flow_record{},
          some_call(),
          call_record{},
          some_host(),
          traffic_record{at, "uplink", "QUIC", ip_address::v4(1), true, 4, {1, 2}, {3, 4}},
          second_record{at, "uplink", {{{1, 2}, {3, 4}}}, {{{5, 6}, {7, 8}}}, 9, 10, 11, 12},
          policy_record{at, 3, "soft", "voip: true", "degrade", "observe", 1, 2, 3, 4, 5},
          gap_record{at, at + std::chrono::seconds(2), "engine", 7, "it crashed"},
          audit_record{at, "uid 0 (pid 42)", "bypass", "bypass on"}};
}

std::string text_of(const any_record& record) {
  std::string out;
  std::visit([&](const auto& one) { append_json(out, one); }, record);
  return out;
}

std::string problem_of(const std::string& text) {
  const auto got = read_record(text);
  return got ? "" : got.error().what;
}

TEST(record_stream, every_record_comes_back_as_it_went) {
  for (const auto& record : one_of_each()) {
    const std::string text = text_of(record);
    const auto read = read_record(text);
    ASSERT_TRUE(read) << text << ": " << read.error().what;
    EXPECT_EQ(read->index(), record.index());
    EXPECT_EQ(text_of(*read), text);
  }
}

TEST(record_stream, a_flow_keeps_what_text_alone_does_not_show) {
  const auto read = read_record(text_of(some_flow()));
  ASSERT_TRUE(read);
  const auto& flow = std::get<flow_record>(*read);
  EXPECT_EQ(flow.what, some_flow().what);
  EXPECT_EQ(flow.first, some_flow().first);
  EXPECT_EQ(flow.last, some_flow().last);
  EXPECT_EQ(flow.decided_packet, 12U);
  const auto bare = read_record(text_of(flow_record{}));
  ASSERT_TRUE(bare);
  EXPECT_FALSE(std::get<flow_record>(*bare).decided_packet);
  EXPECT_EQ(std::get<flow_record>(*bare).what.p2p, tristate::open);
}

TEST(record_stream, any_protocol_and_time_come_back) {
  std::mt19937_64 random(2026);
  for (int i = 0; i < 512; ++i) {
    flow_record flow = some_flow();
    flow.protocol = static_cast<std::uint8_t>(i);
    flow.first = {static_cast<std::int64_t>(random() % 4'000'000'000'000'000) * 1000};
    const auto read = read_record(text_of(flow));
    ASSERT_TRUE(read) << i;
    EXPECT_EQ(std::get<flow_record>(*read).protocol, flow.protocol);
    EXPECT_EQ(std::get<flow_record>(*read).first, flow.first);
  }
}

TEST(record_stream, a_call_of_before_has_no_link) {
  std::string text = text_of(some_call());
  const std::string key = ",\"link\":\"uplink\"";
  ASSERT_NE(text.find(key), std::string::npos);
  text.erase(text.find(key), key.size());
  const auto read = read_record(text);
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(std::get<call_record>(*read).link, "");
}

TEST(record_stream, a_call_without_the_key_has_ended) {
  std::string text = text_of(some_call());
  const auto at = text.find(",\"ended\":false");
  text.erase(at, std::string(",\"ended\":false").size());
  const auto read = read_record(text);
  ASSERT_TRUE(read);
  EXPECT_TRUE(std::get<call_record>(*read).ended);
}

TEST(record_stream, a_course_that_cannot_be_is_refused) {
  const std::string call = text_of(some_call());
  const std::string course =
      "{\"from\":1700000010,\"step\":10,\"mos\":[[4.2,null,1.9],[4.1,3.08,null]]}";
  const auto with = [&](const std::string& other) {
    std::string text = call;
    const auto at = text.find(course);
    EXPECT_NE(at, std::string::npos) << call;
    return problem_of(text.replace(at, course.size(), other));
  };
  EXPECT_EQ(with("null"), "");
  for (const char* wrong :
       {"{}", "{\"from\":1,\"step\":0,\"mos\":[[],[]]}", "{\"from\":1,\"step\":10,\"mos\":[[1]]}",
        "{\"from\":1,\"step\":10,\"mos\":[[1],[1,2]]}",
        "{\"from\":1,\"step\":10,\"mos\":[[1],[\"x\"]]}", "{\"from\":1,\"step\":10,\"mos\":[1,2]}",
        "{\"from\":99999999999,\"step\":10,\"mos\":[[],[]]}"}) {
    EXPECT_THAT(with(wrong), testing::HasSubstr("mos_course")) << wrong;
  }
  std::string many = "1";
  for (std::size_t i = 0; i < mos_course::points_max; ++i) many += ",1";
  EXPECT_THAT(with("{\"from\":1,\"step\":10,\"mos\":[[" + many + "],[" + many + "]]}"),
              testing::HasSubstr("mos_course"));
}

TEST(record_stream, what_does_not_fit_is_named) {
  const std::string flow = text_of(some_flow());
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = flow;
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return problem_of(text.replace(at, from.size(), to));
  };
  EXPECT_THAT(with("\"sport\":40123", "\"sport\":65536"), testing::HasSubstr("'sport'"));
  EXPECT_THAT(with("\"sport\":40123", "\"sport\":-1"), testing::HasSubstr("'sport'"));
  EXPECT_THAT(with("\"sport\":40123", "\"sport\":\"x\""), testing::HasSubstr("'sport'"));
  EXPECT_THAT(with("\"src\":\"10.0.0.5\"", "\"src\":\"10.0.0.256\""), testing::HasSubstr("'src'"));
  EXPECT_THAT(with("\"voip\":true", "\"voip\":1"), testing::HasSubstr("'voip'"));
  EXPECT_THAT(with("\"role\":\"voice\"", "\"role\":\"king\""), testing::HasSubstr("'role'"));
  EXPECT_THAT(with("\"vlan\":[7,4095]", "\"vlan\":[7,4096]"), testing::HasSubstr("'vlan'"));
  EXPECT_THAT(with("\"vlan\":[7,4095]", "\"vlan\":[1,2,3,4,5,6,7,8,9]"),
              testing::HasSubstr("'vlan'"));
  EXPECT_THAT(with("\"bytes\":[9000,8800]", "\"bytes\":[9000]"), testing::HasSubstr("'bytes'"));
  EXPECT_THAT(with("\"confidence\":0.97", "\"confidence\":97"), testing::HasSubstr("'confidence'"));
  EXPECT_THAT(with("\"first\":1700000000", "\"first\":1e300,\"x\":1"),
              testing::HasSubstr("'first'"));
  EXPECT_THAT(with("\"id\":\"f1z\"", "\"id\":\"" + std::string(9000, 'a') + "\""),
              testing::HasSubstr("'id'"));
  EXPECT_THAT(with("\"type\":\"flow\"", "\"type\":\"cow\""), testing::HasSubstr("'type'"));
  EXPECT_THAT(with("\"link\":\"uplink\",", ""), testing::HasSubstr("'link'"));
  EXPECT_EQ(with("\"type\":\"flow\"", "\"type\":\"flow\",\"newer\":[{}]"), "");
}

TEST(record_stream, frames_come_back) {
  hello said{version, "0123456789abcdef", 17, 4711, "hq", "Europe/Berlin", true, {"a", "b"}};
  std::string text;
  append_json(text, said);
  const auto read = read_from_engine(text);
  ASSERT_TRUE(read) << read.error().what;
  const auto& got = std::get<hello>(*read);
  EXPECT_EQ(got.engine, said.engine);
  EXPECT_EQ(got.oldest, 17U);
  EXPECT_EQ(got.next, 4711U);
  EXPECT_EQ(got.site, "hq");
  EXPECT_EQ(got.timezone, "Europe/Berlin");
  EXPECT_TRUE(got.pseudonymise);
  EXPECT_EQ(got.links, said.links);

  text.clear();
  append_durable(text, 4001, text_of(some_call()));
  const auto numbered = read_from_engine(text);
  ASSERT_TRUE(numbered);
  EXPECT_EQ(std::get<durable>(*numbered).number, 4001U);
  EXPECT_EQ(text_of(std::get<durable>(*numbered).record), text_of(some_call()));

  text.clear();
  append_live(text, text_of(some_host()));
  const auto now = read_from_engine(text);
  ASSERT_TRUE(now);
  EXPECT_EQ(text_of(std::get<live>(*now).record), text_of(some_host()));

  text.clear();
  append_json(text, lost{312, 5000});
  const auto gone = read_from_engine(text);
  ASSERT_TRUE(gone);
  EXPECT_EQ(std::get<lost>(*gone).count, 312U);
  EXPECT_EQ(std::get<lost>(*gone).next, 5000U);

  text.clear();
  append_json(text, resume{version, "0123456789abcdef", 4000});
  const auto asked = read_resume(text);
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->engine, "0123456789abcdef");
  EXPECT_EQ(asked->after, 4000U);
}

TEST(record_stream, hostile_frames_are_errors) {
  for (const char* text :
       {"", "{", "[]", "null", "{}", R"({"n":0,"record":{}})", R"({"n":1})",
        R"({"n":1,"record":[]})", R"({"live":3})", R"({"lost":-1,"next":2})",
        R"({"type":"hello","version":1})", R"({"n":1,"record":{"type":"flow"}})",
        R"({"type":"hello","version":1,"engine":"xyz","oldest":1,"next":2,"site":"","timezone":"",)"
        R"("pseudonymise":false,"links":[]})"}) {
    EXPECT_FALSE(read_from_engine(text)) << text;
    EXPECT_FALSE(read_resume(text)) << text;
  }
  EXPECT_FALSE(read_resume(R"({"type":"resume","version":1,"engine":"0123","after":1})"));
  EXPECT_FALSE(read_from_engine(std::string(frame_bytes_max + 1, ' ')));
  EXPECT_FALSE(read_from_engine(std::string(10'000, '[')));
}

TEST(record_stream, the_socket_lies_beside_the_control_socket) {
  EXPECT_EQ(socket_path("/run/callweir/control.sock"), "/run/callweir/records.sock");
  EXPECT_EQ(socket_path("control.sock"), "records.sock");
}

}  // namespace
}  // namespace callweir::stream

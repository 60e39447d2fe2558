#include "engine/analyzer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "base/capture_file.hpp"
#include "tests/support/packet_builder.hpp"

namespace callweir::engine {
namespace {

using test::packet_builder;
constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t epoch = 1'700'000'000 * second;

/// A capture in the test's own folder.
class capture {
 public:
  explicit capture(const std::string& name)
      : path_(std::filesystem::path(testing::TempDir()) /
              (testing::UnitTest::GetInstance()->current_test_info()->name() + ("_" + name))),
        writer_(*capture_writer::create(path_.string(), capture_format::pcapng)) {}
  ~capture() { std::filesystem::remove(path_); }

  void add(std::int64_t at_ns, const packet_builder& built) {
    const auto frame = built.build();
    captured_frame out;
    out.time = {at_ns};
    out.data = frame.data();
    out.captured = out.wire = static_cast<std::uint32_t>(frame.size());
    out.link_type = link_ethernet;
    ASSERT_TRUE(writer_.write(out));
  }
  /// A G.711 call of `frames` packets each way.
  void add_call(std::int64_t at_ns, const char* inside, int frames) {
    for (int i = 0; i < frames; ++i, at_ns += 20'000'000) {
      const auto sequence = static_cast<std::uint16_t>(i);
      const auto stamp = static_cast<std::uint32_t>(160 * i);
      const auto seed = static_cast<std::uint64_t>(i);
      add(at_ns, packet_builder()
                     .ethernet()
                     .ipv4(inside, "198.51.100.7")
                     .udp(40000, 50000)
                     .rtp(8, sequence, stamp, 7)
                     .payload(160, seed));
      add(at_ns + 2'000'000, packet_builder()
                                 .ethernet()
                                 .ipv4("198.51.100.7", inside)
                                 .udp(50000, 40000)
                                 .rtp(8, sequence, stamp, 9)
                                 .payload(160, seed + 1'000'000));
    }
  }
  std::string done() {
    EXPECT_TRUE(writer_.close());
    return path_.string();
  }

 private:
  std::filesystem::path path_;
  capture_writer writer_;
};

result<analysis> analyze_files(std::vector<std::string> files, bool separate = false) {
  analyze_options options;
  options.files = std::move(files);
  options.separate = separate;
  return analyze(options);
}

TEST(analyzer, finds_the_call_and_dates_its_decision) {
  capture c("call");
  c.add_call(epoch, "10.0.0.5", 500);
  const auto found = analyze_files({c.done()});
  ASSERT_TRUE(found);
  ASSERT_EQ(found->flow_count(), 1u);
  const auto flow = found->flow(0);
  EXPECT_TRUE(flow.what.voip);
  EXPECT_EQ(flow.source.text(), "10.0.0.5");
  EXPECT_EQ(flow.packets[0], 500u);
  EXPECT_EQ(flow.packets[1], 500u);
  EXPECT_EQ(flow.bytes[0], 500u * 200);
  ASSERT_TRUE(flow.decided_packet);
  EXPECT_LT(*flow.decided_packet, 200u);
  ASSERT_EQ(found->calls.size(), 1u);
  EXPECT_EQ(flow.call, found->calls[0].id);
  EXPECT_EQ(found->summary.packets, 1000u);
  EXPECT_TRUE(found->damages.empty());
}

TEST(analyzer, a_line_is_the_same_text_as_its_record) {
  capture c("mixed");
  c.add_call(epoch, "10.0.0.5", 100);
  c.add(epoch + 1,
        packet_builder().ethernet().vlan(7).ipv6("2001:db8::1", "2001:db8::2").tcp(1, 2, 2));
  c.add(epoch + 2, packet_builder().ethernet().vlan(7).vlan(8).ipv4("10.1.1.1", "10.2.2.2").icmp());
  c.add(epoch + 3, packet_builder()
                       .ethernet()
                       .ipv4("10.1.1.1", "10.2.2.2")
                       .gre()
                       .ipv4("192.168.1.1", "192.168.1.2")
                       .udp(9, 10)
                       .payload(20));
  const auto found = analyze_files({c.done()});
  ASSERT_TRUE(found);
  ASSERT_EQ(found->flow_count(), 4u);
  for (std::size_t i = 0; i < found->flow_count(); ++i) {
    std::string record, line;
    append_json(record, found->flow(i));
    found->append_flow_line(line, i);
    EXPECT_EQ(line, record + "\n");
    EXPECT_TRUE(i == 0 || found->flow(i - 1).first <= found->flow(i).first);
  }
}

TEST(analyzer, two_files_are_one_timeline_unless_separate) {
  capture a("a"), b("b");
  a.add_call(epoch, "10.0.0.5", 50);
  b.add_call(epoch + second, "10.0.0.5", 50);
  b.add_call(epoch + 10'000'000, "10.0.0.6", 50);
  const std::vector<std::string> files = {a.done(), b.done()};
  const auto together = analyze_files(files);
  ASSERT_TRUE(together);
  ASSERT_EQ(together->flow_count(), 2u);
  EXPECT_EQ(together->flow(0).packets[0], 100u) << "the flow goes on in the second file";
  EXPECT_NE(together->flow(0).file, together->flow(1).file);
  const auto apart = analyze_files(files, true);
  ASSERT_TRUE(apart);
  ASSERT_EQ(apart->flow_count(), 3u);
  EXPECT_NE(apart->flow(0).id, apart->flow(1).id);
  EXPECT_NE(apart->flow(0).id, apart->flow(2).id);
  EXPECT_NE(apart->flow(1).id, apart->flow(2).id);
}

TEST(analyzer, damage_is_named_and_all_before_it_is_reported) {
  capture c("cut");
  c.add_call(epoch, "10.0.0.5", 50);
  const auto path = c.done();
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 10);
  const auto found = analyze_files({path});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->damages.size(), 1u);
  EXPECT_EQ(found->summary.packets, 99u);
  EXPECT_EQ(found->flow_count(), 1u);
}

TEST(analyzer, a_file_that_is_no_capture_is_named_and_the_others_are_read) {
  capture c("beside");
  c.add_call(epoch, "10.0.0.5", 50);
  const auto found = analyze_files({"/dev/null", c.done(), "/dev/null/nothing"});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->captures, 1u);
  EXPECT_EQ(found->damages.size(), 2u);
  EXPECT_EQ(found->flow_count(), 1u);
  EXPECT_TRUE(found->flow(0).file.ends_with("_beside"));
}

TEST(analyzer, private_networks_are_the_inside) {
  const auto inside = private_networks();
  const auto contains = [&](const char* address) {
    const auto a = *ip_address::parse(address);
    return std::any_of(inside.begin(), inside.end(),
                       [&](const ip_prefix& p) { return p.contains(a); });
  };
  EXPECT_TRUE(contains("10.1.2.3"));
  EXPECT_TRUE(contains("172.31.0.1"));
  EXPECT_TRUE(contains("fd00::1"));
  EXPECT_FALSE(contains("172.32.0.1"));
  EXPECT_FALSE(contains("2001:db8::1"));
}

}  // namespace
}  // namespace callweir::engine

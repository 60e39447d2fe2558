// Rhythms are lent from a pool that is smaller than that of inspections.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "tests/support/flow_traffic.hpp"
#include "tests/unit/classify/inspect_flow.hpp"

namespace callweir::test {
namespace {

/// Several flows in one inspector with room for so many rhythms.
class several_flows {
 public:
  explicit several_flows(std::uint32_t rhythms) {
    classify::inspector::config c;
    c.inspections_max = 16;
    c.rhythms_max = rhythms;
    c.endpoints_max = c.expectations_max = 64;
    c.seed = {11, 12};
    inspector_ = std::make_unique<classify::inspector>(c, events_);
  }
  ~several_flows() {
    for (auto& each : flows_) inspector_->release(each.scratch);
  }

  /// Feeds packets to the flow; true once it is surely a call.
  bool feed(std::size_t flow, const traffic& packets) {
    one_flow& f = flows_[flow];
    if (f.scratch == nullptr) f.scratch = inspector_->acquire();
    f.id.id = flow + 1;
    f.id.protocol = proto_udp;
    f.id.source = ip_address::v4(0x0a00'0005 + static_cast<std::uint32_t>(flow));
    f.id.destination = ip_address::v4(0xc000'0207);
    f.id.source_port = 40'123;
    f.id.destination_port = 30'456;
    for (const timed_payload& t : packets) {
      packet_view p;
      p.frame = t.bytes.data();
      p.captured = p.wire = static_cast<std::uint32_t>(t.bytes.size());
      p.time = t.time;
      p.protocol = proto_udp;
      p.status = decode_status::ok;
      p.payload_bytes = p.payload_captured = static_cast<std::uint16_t>(t.bytes.size());
      const bool out = t.way == forward;
      p.source = out ? f.id.source : f.id.destination;
      p.destination = out ? f.id.destination : f.id.source;
      p.source_port = out ? f.id.source_port : f.id.destination_port;
      p.destination_port = out ? f.id.destination_port : f.id.source_port;
      ++f.totals.packets[t.way];
      inspector_->observe(*f.scratch, {f.id, f.totals, {}}, p, t.way, f.what, f.ties);
    }
    return f.what.voip && f.what.confidence_pct >= 90;
  }
  void end(std::size_t flow) {
    inspector_->release(flows_[flow].scratch);
    flows_[flow] = {};
  }
  std::uint64_t refused() const { return inspector_->rhythms_refused(); }

 private:
  struct one_flow {
    classify::inspection* scratch = nullptr;
    classify::flow_identity id;
    classify::flow_totals totals;
    verdict what;
    classify::call_ties ties;
  };
  kept_events events_;
  std::unique_ptr<classify::inspector> inspector_;
  std::array<one_flow, 4> flows_;
};

TEST(rhythm_pool, who_finds_none_is_counted_and_is_found_once_one_is_given_back) {
  random_source random(7);
  const traffic hidden = talk(random, {});
  several_flows flows(1);
  EXPECT_TRUE(flows.feed(0, hidden));
  EXPECT_EQ(flows.refused(), 0U);
  EXPECT_FALSE(flows.feed(1, hidden));
  EXPECT_GT(flows.refused(), 0U);
  flows.end(0);
  EXPECT_TRUE(flows.feed(1, hidden));
}

TEST(rhythm_pool, a_flow_that_has_gone_silent_gives_way) {
  random_source random(7);
  const traffic hidden = talk(random, {}), played = game(random, {});
  traffic later = talk(random, {}), long_after = talk(random, {});
  for (timed_payload& each : later) each.time = each.time + std::chrono::seconds(14);
  for (timed_payload& each : long_after) each.time = each.time + std::chrono::seconds(30);
  several_flows flows(1);
  EXPECT_FALSE(flows.feed(0, played)) << "10 s, and then nothing";
  EXPECT_TRUE(flows.feed(1, later));
  EXPECT_EQ(flows.refused(), 0U);
  EXPECT_TRUE(flows.feed(0, long_after)) << "it is lent again to one that goes on";
  EXPECT_TRUE(flows.feed(1, {})) << "what was found stays found";
}

TEST(rhythm_pool, starts_anew_for_its_next_flow) {
  random_source random(7);
  const traffic hidden = talk(random, {}), played = game(random, {});
  several_flows flows(1);
  EXPECT_TRUE(flows.feed(0, hidden));
  flows.end(0);
  EXPECT_FALSE(flows.feed(1, played));
}

TEST(rhythm_pool, flows_that_nobody_answers_take_none) {
  random_source random(7);
  const traffic hidden = talk(random, {});
  traffic alone;
  std::copy_if(hidden.begin(), hidden.end(), std::back_inserter(alone),
               [](const timed_payload& t) { return t.way == forward; });
  several_flows flows(1);
  EXPECT_FALSE(flows.feed(0, alone));
  EXPECT_TRUE(flows.feed(1, hidden));
  EXPECT_EQ(flows.refused(), 0U);
}

TEST(rhythm_pool, flows_that_say_what_they_are_take_none) {
  random_source random(7);
  const traffic plain = rtp_talk(random, 0, 20, 8'000, 160, 0.2, 2);
  several_flows flows(0);
  EXPECT_TRUE(flows.feed(0, plain));
  EXPECT_EQ(flows.refused(), 0U);
}

}  // namespace
}  // namespace callweir::test

// explain's walk over the policy lines against the compiled policies: each checks the other.
#include <gtest/gtest.h>

#include <array>
#include <random>

#include "base/applications.hpp"
#include "engine/configuration.hpp"
#include "engine/policy_trace.hpp"

namespace callweir::engine {
namespace {

constexpr const char* text = R"(timezone: UTC
links:
  - { name: uplink, inside: { kernel: a }, outside: { kernel: b }, inside_networks: [10.0.0.0/8] }
groups: { sales: [10.1.0.0/16], pbx: [10.0.5.10] }
schedules: { office: "Mon-Fri 08:00-18:00" }
emergency: { numbers: [112] }
policies:
  - { name: pbx, match: { group: pbx }, action: prioritise }
  - { name: watch, match: { voip: true }, action: block, mode: observe }
  - { name: calls, match: { call: true, role: voice, p2p: true }, action: { degrade: { mos: 2 } } }
  - { name: no-video, match: { role: video, vlan: 7 }, action: block }
  - { name: sales, match: { group: sales, voip: true, schedule: office }, action: block }
  - { name: vlan, match: { vlan: 7, link: uplink }, action: { limit: { rate: 64kbit, per: flow } } }
  - { name: torrents, match: { app: [BitTorrent], min_confidence: 0.5 }, action: { limit: { rate: 256kbit, per: host } } }
  - { name: far, match: { dst: 192.0.2.0/24, p2p: false }, action: block }
  - { name: rest, match: {}, action: allow }
)";

TEST(policy_trace, decides_as_the_compiled_policies_do) {
  const auto whole = read_configuration(text, "trace.yaml");
  ASSERT_TRUE(whole.has_value());
  const std::vector<std::string> links{"uplink"};
  auto set = shaper::policy_set::compile(whole->policies, links, 64, nullptr);
  ASSERT_TRUE(set.has_value());
  std::mt19937 random(7);
  const auto pick = [&](auto... values) {
    const std::array all{values...};
    return all[random() % all.size()];
  };
  for (std::uint64_t i = 0; i < 4000; ++i) {
    const time_point now{1'700'000'000'000'000'000 +
                         static_cast<std::int64_t>(random() % 604'800) * 1'000'000'000};
    (*set)->update_schedules(now);
    shaper::flow_attributes flow;
    flow.source = ip_address::v4(pick(0x0a010203U, 0x0a00050aU, 0x0a020304U));
    flow.destination = ip_address::v4(pick(0xc0000201U, 0x08080808U));
    flow.initiator = pick(side::inside, side::outside);
    flow.vlan_count = pick(std::uint8_t{0}, std::uint8_t{1});
    flow.vlan[0] = 7;
    flow.what.voip = pick(true, false);
    flow.what.role =
        pick(flow_role::voice, flow_role::media, flow_role::signalling, flow_role::other);
    flow.what.p2p = pick(tristate::yes, tristate::no, tristate::open);
    flow.what.app = pick(*find_application("BitTorrent"), app_id{app_skype});
    flow.what.confidence_pct = pick(std::uint8_t{40}, std::uint8_t{60}, std::uint8_t{95});
    flow.in_call = pick(true, false);
    flow.emergency = random() % 8 == 0;
    flow.flow_id = i + 1;
    if (flow.in_call) {
      flow.call = static_cast<std::uint32_t>(random() % 64);
      flow.call_key = i + 1;
    }
    const auto trials = try_lines(whole->policies, flow, links, now);
    std::string walked = "built in";
    for (const auto& trial : trials) {
      const bool hers = trial.matched && trial.enforce && trial.packets != "video";
      if (hers && walked == "built in" && trial.policy != "emergency (built in)")
        walked = trial.policy;  // the line that the flow's voice meets
    }
    const int line = (*set)->line_of((*set)->bind(flow, now));
    const std::string compiled =
        line < 0 ? "built in" : whole->policies.lines[static_cast<std::size_t>(line)].name;
    ASSERT_EQ(walked, compiled) << "flow " << i << ", role " << flow_role_name(flow.what.role)
                                << ", voip " << flow.what.voip << ", emergency " << flow.emergency;
    if (flow.in_call) (*set)->forget_call(flow.call);
  }
}

TEST(policy_trace, says_why_a_line_did_not_match) {
  const auto whole = read_configuration(text, "trace.yaml");
  ASSERT_TRUE(whole.has_value());
  shaper::flow_attributes flow;
  flow.source = ip_address::v4(0x0a010203U);
  flow.destination = ip_address::v4(0x08080808U);
  flow.what.voip = true;
  flow.what.confidence_pct = 60;
  const auto trials = try_lines(whole->policies, flow, {"uplink"}, {0});
  ASSERT_GE(trials.size(), 3U);
  EXPECT_EQ(trials[0].why, "its inside end is in none of the groups");
  EXPECT_EQ(trials[1].why, "confidence is 0.60, below 0.90");
  EXPECT_FALSE(trials[1].enforce);
  EXPECT_EQ(trials[2].why, "role is unknown");
  EXPECT_TRUE(trials.back().matched);
}

TEST(policy_trace, goes_on_behind_a_line_that_takes_the_video_alone) {
  const auto whole = read_configuration(text, "trace.yaml");
  ASSERT_TRUE(whole.has_value());
  shaper::flow_attributes flow;
  flow.source = ip_address::v4(0x0a020304U);
  flow.vlan_count = 1;
  flow.vlan[0] = 7;
  flow.what.role = flow_role::media;
  flow.what.confidence_pct = 95;
  const auto trials = try_lines(whole->policies, flow, {"uplink"}, {0});
  EXPECT_EQ(trials.back().policy, "vlan");
  const auto video = std::find_if(trials.begin(), trials.end(),
                                  [](const auto& t) { return t.policy == "no-video"; });
  ASSERT_NE(video, trials.end());
  EXPECT_TRUE(video->matched);
  EXPECT_EQ(video->packets, "video");
}

TEST(policy_trace, an_emergency_peer_is_said_to_be_one) {
  auto whole = read_configuration(text, "trace.yaml");
  ASSERT_TRUE(whole.has_value());
  whole->policies.emergency.peers = {ip_address::v4(0x08080808U)};
  shaper::flow_attributes flow;
  flow.destination = ip_address::v4(0x08080808U);
  EXPECT_EQ(try_lines(whole->policies, flow, {"uplink"}, {0}).front().policy,
            "emergency (built in)");
}

}  // namespace
}  // namespace callweir::engine

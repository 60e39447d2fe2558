#include "shaper/policy_set.hpp"

#include <gtest/gtest.h>

#include "base/applications.hpp"
#include "shaper/policy_reader.hpp"
#include "tests/unit/shaper/counting_allocator.hpp"

namespace callweir::shaper {
namespace {

using namespace std::chrono_literals;
const time_point monday_noon{std::int64_t{1'795'435'200} * 1'000'000'000};  // 2026-11-23 12:00 UTC

policy_document document_of(const std::string& text) {
  const auto tree = yaml::parse(text, "t.yaml");
  EXPECT_TRUE(tree) << tree.error().text();
  yaml::problems found("t.yaml");
  const yaml::map_reader file(found, *tree, "", policy_keys());
  auto out = read_policies(file, {"uplink", "backup"});
  for (const auto& e : found.errors()) ADD_FAILURE() << e.text();
  return out;
}

std::shared_ptr<policy_set> compile(const std::string& text, const policy_set* before = nullptr) {
  auto set = policy_set::compile(document_of(text), {"uplink", "backup"}, 100, before);
  EXPECT_TRUE(set) << set.error().text();
  (*set)->update_schedules(monday_noon);
  return *set;
}

flow_attributes media_flow(std::uint32_t call = 3, flow_role role = flow_role::voice) {
  flow_attributes f;
  f.source = ip_address::v4(0x0a01'0005);       // 10.1.0.5
  f.destination = ip_address::v4(0xc000'0207);  // 192.0.2.7
  f.what = {
      .app = app_webrtc, .role = role, .p2p = tristate::yes, .voip = true, .confidence_pct = 97};
  f.in_call = true;
  f.call = call;
  f.call_key = 1'000 + call;
  f.flow_id = 77;
  return f;
}

packet_view packet(side from = side::inside, std::uint16_t bytes = 200) {
  packet_view p;
  p.from = from;
  p.l3_bytes = bytes;
  return p;
}

/// Which line decides for a flow, by name; "" for the built-in allow.
std::string decides(policy_set& set, const flow_attributes& flow) {
  const int line = set.line_of(set.bind(flow, monday_noon));
  return line < 0 ? "" : set.document().lines[static_cast<std::size_t>(line)].name;
}

std::string policies(const std::string& lines) {
  return "policies:\n" + lines;
}

TEST(policy_set, without_lines_everything_passes) {
  const auto set = compile("");
  EXPECT_EQ(set->bind(media_flow(), monday_noon), 0u);
  EXPECT_EQ(set->apply(0, packet(), forward, flow_role::voice, monday_noon).kind, fate_kind::pass);
}

TEST(policy_set, every_condition_must_hold) {
  const auto f = media_flow();
  const auto matches = [&](const std::string& when, flow_attributes flow) {
    const auto set = compile(
        "groups: { sales: [10.1.0.0/16] }\nschedules: { office: \"Mon-Fri 08:00-18:00\", night: "
        "\"daily 22:00-06:00\" }\n" +
        policies("- { name: x, match: " + when + ", action: block }"));
    return decides(*set, flow) == "x";
  };
  auto unsure = f, open = f, tagged = f, other = f, emergency = f, incoming = f, alone = f;
  unsure.what.confidence_pct = 89;
  open.what.p2p = tristate::open;
  tagged.vlan_count = 1;
  tagged.vlan[0] = 7;
  other.link = 1;
  emergency.emergency = true;
  std::swap(incoming.source, incoming.destination);
  incoming.initiator = side::outside;
  alone.in_call = false;
  EXPECT_TRUE(matches("{}", f));
  EXPECT_TRUE(matches("{ voip: true, p2p: true, role: [voice, video], app: WebRTC }", f));
  EXPECT_FALSE(matches("{ voip: true }", unsure));
  EXPECT_TRUE(matches("{ voip: true, min_confidence: 0.8 }", unsure));
  EXPECT_TRUE(matches("{ group: sales }", unsure)) << "a match by address needs no confidence";
  EXPECT_TRUE(matches("{ group: sales }", incoming)) << "the inside end";
  EXPECT_FALSE(matches("{ src: 10.1.0.0/16 }", incoming)) << "the initiator";
  EXPECT_TRUE(matches("{ dst: [10.2.0.0/16, 10.1.0.5] }", incoming));
  EXPECT_FALSE(matches("{ p2p: true }", open));
  EXPECT_FALSE(matches("{ p2p: false }", open)) << "null matches neither";
  EXPECT_FALSE(matches("{ vlan: 7 }", f));
  EXPECT_TRUE(matches("{ vlan: [3, 7] }", tagged));
  EXPECT_FALSE(matches("{ link: backup }", f));
  EXPECT_TRUE(matches("{ link: backup }", other));
  EXPECT_FALSE(matches("{ app: [Skype, Tox] }", f));
  EXPECT_FALSE(matches("{ role: signalling }", f));
  EXPECT_TRUE(matches("{ call: true }", f));
  EXPECT_FALSE(matches("{ call: true }", alone));
  EXPECT_TRUE(matches("{ call: false }", alone));
  EXPECT_TRUE(matches("{ schedule: office }", f));
  EXPECT_FALSE(matches("{ schedule: night }", f));
  EXPECT_FALSE(matches("{}", emergency)) << "no line can act on an emergency call";
  EXPECT_TRUE(matches("{ emergency: false }", f));
}

TEST(policy_set, emergency_lines_only_add_counters_and_priority) {
  const auto set =
      compile(policies("- { name: all, match: {}, action: block }\n"
                       "- { name: sos, match: { emergency: true }, action: prioritise }"));
  auto flow = media_flow();
  flow.emergency = true;
  const auto handle = set->bind(flow, monday_noon);
  const auto fate = set->apply(handle, packet(), forward, flow_role::voice, monday_noon);
  EXPECT_EQ(fate.kind, fate_kind::pass);
  EXPECT_TRUE(fate.first_in_line);
  EXPECT_EQ(set->counters(1).flows, 1u);
  EXPECT_EQ(set->counters(1).packets, 1u);
  EXPECT_EQ(set->counters(0).flows, 0u);
}

TEST(policy_set, a_configured_emergency_peer_is_never_touched) {
  const auto set = compile("emergency: { peers: [192.0.2.7, \"2001:db8::7\"] }\n" +
                           policies("- { name: all, match: {}, action: block }"));
  auto to_peer = media_flow(), from_peer = media_flow(), other = media_flow();
  std::swap(from_peer.source, from_peer.destination);
  from_peer.initiator = side::outside;
  other.destination = ip_address::v4(0xc000'0208);
  EXPECT_EQ(set->bind(to_peer, monday_noon), 0u);
  EXPECT_EQ(set->bind(from_peer, monday_noon), 0u);
  EXPECT_EQ(decides(*set, other), "all");
}

TEST(policy_set, an_allow_line_costs_nothing_and_is_named) {
  const auto set = compile(policies("- { name: rest, match: {}, action: allow }"));
  const auto handle = set->bind(media_flow(), monday_noon);
  EXPECT_FALSE(acts(handle));
  EXPECT_EQ(set->line_of(handle), 0);
  EXPECT_EQ(set->counters(0).flows, 1u);
  EXPECT_EQ(set->bind(media_flow(), monday_noon, handle), handle);
  EXPECT_EQ(set->counters(0).flows, 1u) << "bound again, counted once";
}

TEST(policy_set, a_limit_holds_each_direction_of_what_it_is_per) {
  const auto passed = [](const std::string& per, int flows) {
    const auto set = compile(policies(
        "- { name: l, match: {}, action: { limit: { rate: 80kbit, per: " + per + " } } }"));
    std::uint64_t bytes = 0;
    std::vector<action_handle> handles;
    for (int i = 0; i < flows; ++i) {
      auto flow = media_flow(static_cast<std::uint32_t>(i));
      flow.flow_id = static_cast<std::uint64_t>(i) + 1;
      handles.push_back(set->bind(flow, monday_noon));
    }
    for (int ms = 0; ms < 10'000; ++ms) {
      const auto now = monday_noon + ms * 1ms;
      for (const auto handle : handles) {
        for (const auto from : {side::inside, side::outside}) {
          const auto fate = set->apply(handle, packet(from, 100), forward, flow_role::voice, now);
          if (fate.kind == fate_kind::pass) bytes += 100;
        }
      }
    }
    return static_cast<double>(bytes) / (2 * (100'000.0 + 3'000));  // of one bucket's worth
  };
  EXPECT_NEAR(passed("flow", 3), 3, 0.03);
  EXPECT_NEAR(passed("call", 3), 3, 0.03);
  EXPECT_NEAR(passed("host", 3), 1, 0.01);
  EXPECT_NEAR(passed("group", 3), 1, 0.01);
  EXPECT_NEAR(passed("policy", 3), 1, 0.01);
}

TEST(policy_set, role_lines_act_on_their_packets_of_a_bundle) {
  const auto set =
      compile(policies("- { name: no-video, match: { voip: true, role: video }, action: block }\n"
                       "- { name: rest, match: {}, action: allow }"));
  const auto handle = set->bind(media_flow(3, flow_role::media), monday_noon);
  const auto kind = [&](flow_role role) {
    return set->apply(handle, packet(), forward, role, monday_noon).kind;
  };
  EXPECT_EQ(kind(flow_role::video), fate_kind::drop);
  EXPECT_EQ(kind(flow_role::voice), fate_kind::pass);
  EXPECT_EQ(kind(flow_role::signalling), fate_kind::pass);
  EXPECT_EQ(set->line_of(handle), 1) << "the flow is named after the line of its voice";
  EXPECT_EQ(set->kind_of(handle), action_kind::allow);
  EXPECT_EQ(decides(*set, media_flow(3, flow_role::voice)), "rest");
  EXPECT_EQ(decides(*set, media_flow(3, flow_role::video)), "no-video");
}

TEST(policy_set, observe_counts_and_changes_nothing) {
  const auto set = compile(policies(
      "- { name: cut, match: {}, action: block, mode: observe }\n"
      "- { name: slow, match: {}, action: { limit: { rate: 8kbit } }, mode: observe }\n"
      "- { name: bad, match: { voip: true }, action: { degrade: { mos: 2 } }, mode: observe }\n"
      "- { name: rest, match: {}, action: allow }"));
  const auto handle = set->bind(media_flow(), monday_noon);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(set->apply(handle, packet(), forward, flow_role::voice, monday_noon).kind,
              fate_kind::pass);
  }
  EXPECT_EQ(set->counters(0).dropped, 100u);
  EXPECT_EQ(set->counters(1).dropped, 85u) << "3,000 bytes of burst pass";
  EXPECT_EQ(set->counters(2).delayed, 100u);
  EXPECT_EQ(set->line_of(handle), 3);
  EXPECT_EQ(set->degrading(3), nullptr);
}

TEST(policy_set, degrade_claims_the_flow_but_acts_on_media_only) {
  const auto set = compile(policies(
      "- { name: soft, match: { voip: true, p2p: true }, action: { degrade: { mos: 1.8 } } }\n"
      "- { name: rest, match: {}, action: block }"));
  const auto handle = set->bind(media_flow(), monday_noon);
  ASSERT_NE(set->degrading(3), nullptr);
  EXPECT_EQ(set->degrading(3)->then.mos, 1.8);
  EXPECT_EQ(set->degrading(4), nullptr);
  set->set_impairment(3, forward, {.loss = 0.2, .burst = 200ms, .delay = 100ms, .cap = {}});
  std::uint64_t dropped = 0, held = 0;
  for (int i = 0; i < 3'000; ++i) {
    const auto now = monday_noon + i * 20ms;
    const auto fate = set->apply(handle, packet(), forward, flow_role::voice, now);
    dropped += fate.kind == fate_kind::drop;
    held += fate.kind == fate_kind::hold;
    EXPECT_EQ(set->apply(handle, packet(), forward, flow_role::signalling, now).kind,
              fate_kind::pass);
    EXPECT_EQ(set->apply(handle, packet(side::outside), backward, flow_role::voice, now).kind,
              fate_kind::pass);
  }
  EXPECT_NEAR(static_cast<double>(dropped) / 3'000, 0.2, 0.01);
  EXPECT_GE(held + dropped, 2'999u);
  const auto taken = set->taken(3, forward);
  EXPECT_EQ(taken.dropped, dropped);
  EXPECT_EQ(set->taken(3, backward).dropped, 0u);
  // Signalling flows of the same application and media without a call: named, untouched.
  EXPECT_EQ(decides(*set, media_flow(5, flow_role::overlay)), "soft");
  const auto overlay = set->bind(media_flow(5, flow_role::overlay), monday_noon);
  EXPECT_EQ(set->apply(overlay, packet(), forward, flow_role::overlay, monday_noon).kind,
            fate_kind::pass);
  set->forget_call(3);
  EXPECT_EQ(set->degrading(3), nullptr);
  EXPECT_EQ(set->taken(3, forward).packets, 0u);
}

const std::string soft =
    "- { name: soft, match: { voip: true }, action: { degrade: { mos: 1.8 } }, mode: ";

TEST(policy_set, a_new_set_carries_calls_buckets_and_counters_over) {
  const std::string limit =
      "- { name: l, match: { call: false }, action: { limit: { rate: 8kbit } } }\n";
  const auto before = compile(policies(limit + soft + "enforce }"));
  auto alone = media_flow();
  alone.in_call = false;
  auto handle = before->bind(alone, monday_noon);
  while (before->apply(handle, packet(), forward, flow_role::other, monday_noon).kind ==
         fate_kind::pass) {
  }
  before->bind(media_flow(), monday_noon);
  before->set_impairment(3, forward, {.loss = 0, .burst = 200ms, .delay = 50ms, .cap = {}});

  const auto after = compile(policies("- { name: fresh, match: { app: Skype }, action: block }\n" +
                                      limit + soft + "enforce }"),
                             before.get());
  EXPECT_NE(after->degrading(3), nullptr) << "in force before the flow is bound again";
  EXPECT_EQ(after->degrading(3)->name, "soft");
  EXPECT_EQ(after->counters(1).packets, before->counters(0).packets);
  EXPECT_TRUE(after->apply(handle, packet(), forward, flow_role::other, monday_noon).stale);
  EXPECT_EQ(after->line_of(handle), -1);
  handle = after->bind(alone, monday_noon, handle);
  EXPECT_EQ(after->apply(handle, packet(), forward, flow_role::other, monday_noon).kind,
            fate_kind::drop)
      << "the bucket is as empty as it was";
  EXPECT_EQ(after->counters(1).flows, 1u) << "a hit is counted once, whatever sets come and go";
}

TEST(policy_set, a_changed_target_does_not_let_go_of_the_call) {
  const auto before = compile(policies(soft + "enforce }"));
  before->bind(media_flow(), monday_noon);
  const auto after = compile(
      policies("- { name: soft, match: { voip: true }, action: { degrade: { mos: 2.5 } } }"),
      before.get());
  ASSERT_NE(after->degrading(3), nullptr) << "also while the call is silent";
  EXPECT_EQ(after->degrading(3)->then.mos, 2.5);
}

TEST(policy_set, directions_are_the_calls_whichever_of_its_flows_comes_first) {
  const auto set = compile(policies(soft + "enforce }"));
  auto answer = media_flow();  // media back, by a flow of its own
  std::swap(answer.source, answer.destination);
  answer.initiator = side::outside;
  const auto handle = set->bind(answer, monday_noon);
  set->set_impairment(3, forward, {.loss = 0, .burst = 200ms, .delay = 100ms, .cap = {}});
  const auto kind = [&](side from) {
    return set->apply(handle, packet(from), forward, flow_role::voice, monday_noon + 1s).kind;
  };
  EXPECT_EQ(kind(side::inside), fate_kind::hold) << "from the call's initiator";
  EXPECT_EQ(kind(side::outside), fate_kind::pass);
}

TEST(policy_set, degrading_the_video_of_a_bundle_is_steered_too) {
  const auto set =
      compile(policies("- { name: v, match: { role: video }, action: { degrade: { mos: 1.8 } } }"));
  const auto handle = set->bind(media_flow(3, flow_role::media), monday_noon);
  ASSERT_NE(set->degrading(3), nullptr);
  set->set_impairment(3, forward, {.loss = 0, .burst = 200ms, .delay = 100ms, .cap = {}});
  const auto kind = [&](flow_role role) {
    return set->apply(handle, packet(), forward, role, monday_noon + 1s).kind;
  };
  EXPECT_EQ(kind(flow_role::video), fate_kind::hold);
  EXPECT_EQ(kind(flow_role::voice), fate_kind::pass);
}

TEST(policy_set, standing_down_melts_the_delay_in_order_within_five_seconds) {
  const auto before = compile(policies(soft + "enforce }"));
  auto handle = before->bind(media_flow(), monday_noon);
  before->set_impairment(3, forward, {.loss = 0, .burst = 200ms, .delay = 600ms, .cap = {}});
  time_point now = monday_noon, released = now;
  for (int i = 0; i < 1'500; ++i, now = now + 20ms) {
    const auto fate = before->apply(handle, packet(), forward, flow_role::voice, now);
    if (fate.kind == fate_kind::hold) released = fate.release;
  }
  EXPECT_EQ(released - now, 580ms) << "600 ms behind the packet 20 ms ago";
  const auto after = compile(policies(soft + "observe }"), before.get());
  EXPECT_EQ(after->degrading(3), nullptr);
  handle = after->bind(media_flow(), now);
  ASSERT_TRUE(acts(handle));
  const auto stood_down = now;
  time_point last_held = now;
  for (int i = 0; i < 500; ++i, now = now + 20ms) {
    const auto fate = after->apply(handle, packet(), forward, flow_role::voice, now);
    ASSERT_NE(fate.kind, fate_kind::drop);
    const auto leaves = fate.kind == fate_kind::hold ? fate.release : now;
    ASSERT_GE(leaves, released) << "none overtakes another";
    released = leaves;
    if (fate.kind == fate_kind::hold) last_held = now;
  }
  EXPECT_LE(last_held - stood_down, 5s);
  EXPECT_FALSE(
      acts(after->bind(media_flow(), now)) &&
      after->apply(after->bind(media_flow(), now), packet(), forward, flow_role::voice, now).kind !=
          fate_kind::pass);
}

TEST(policy_set, schedules_flip_by_the_site_clock) {
  auto set =
      policy_set::compile(
          document_of("timezone: Europe/Berlin\nschedules: { office: \"Mon 12:30-13:30\" }\n" +
                      policies("- { name: x, match: { schedule: office }, action: block }")),
          {}, 10, nullptr)
          .value();
  EXPECT_TRUE(set->update_schedules(monday_noon)) << "12:00 UTC is 13:00 in Berlin";
  EXPECT_FALSE(set->update_schedules(monday_noon + 30s));
  EXPECT_NE(set->bind(media_flow(), monday_noon), 0u);
  EXPECT_FALSE(set->update_schedules(monday_noon + 29min));
  EXPECT_TRUE(set->update_schedules(monday_noon + 30min));
  EXPECT_EQ(set->bind(media_flow(), monday_noon), 0u);
}

TEST(policy_set, full_tables_let_traffic_pass) {
  const auto set =
      compile(policies("- { name: x, match: {}, action: { limit: { rate: 8kbit, per: flow } } }"));
  for (std::uint64_t i = 1; i < 50'000; ++i) {
    auto flow = media_flow();
    flow.flow_id = i;
    const auto handle = set->bind(flow, monday_noon);
    ASSERT_EQ(set->apply(handle, packet(), forward, flow_role::voice, monday_noon).kind,
              fate_kind::pass);
    ASSERT_EQ(set->line_of(handle), 0);
  }
  EXPECT_GT(set->overloads().buckets + set->overloads().bindings, 0u);
}

TEST(policy_set, the_data_path_allocates_nothing) {
  const auto set = compile(
      "groups: { g: [10.0.0.0/8] }\n" +
      policies("- { name: a, match: { group: g, app: Skype }, action: block }\n"
               "- { name: b, match: { role: video }, action: { limit: { rate: 8kbit } } }\n"
               "- { name: c, match: {}, action: { limit: { rate: 8kbit } }, mode: observe }\n" +
               soft + "enforce }"));
  set->bind(media_flow(),
            monday_noon);  // the thread's shard of counters is picked at the first count
  const auto before = thread_allocations();
  for (std::uint32_t i = 0; i < 90; ++i) {
    const auto handle = set->bind(media_flow(i, flow_role::media), monday_noon);
    for (const auto role : {flow_role::voice, flow_role::video, flow_role::signalling}) {
      set->apply(handle, packet(), forward, role, monday_noon);
    }
  }
  EXPECT_EQ(thread_allocations(), before);
}

}  // namespace
}  // namespace callweir::shaper

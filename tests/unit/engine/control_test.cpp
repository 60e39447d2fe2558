// Control thread, policies in force and the requests of the control socket, with a worker that is
// this test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "engine/control_requests.hpp"
#include "engine/save_file.hpp"
#include "engine/starting_configuration.hpp"

namespace callweir::engine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

constexpr const char* links_yaml =
    "links:\n  - { name: uplink, inside: { kernel: a }, outside: { kernel: b }, inside_networks: "
    "[10.0.0.0/8] }\n";

std::string policies_yaml(const std::string& mode) {
  return std::string(links_yaml) +
         "policies:\n  - { name: softphones, match: { voip: true }, action: { degrade: { mos: 1.8 "
         "} }, mode: " +
         mode + " }\n  - { name: rest, match: {}, action: allow }\n";
}

policy_source source_of(const std::string& text) {
  auto whole = read_configuration(text, "test.yaml");
  EXPECT_TRUE(whole.has_value());
  return {*whole, text, "test.yaml"};
}

time_point at(double seconds) {
  return {1'700'000'000'000'000'000 + from_seconds(seconds).count()};
}

classify::flow_identity media_flow(std::uint64_t id) {
  classify::flow_identity flow;
  flow.id = id;
  flow.index = static_cast<classify::flow_index>(id);
  flow.source = ip_address::v4(0x0a000001);
  flow.destination = ip_address::v4(0xc0000207);
  flow.source_port = 4000;
  flow.destination_port = 5000;
  flow.protocol = proto_udp;
  return flow;
}

verdict media_verdict() {
  verdict what;
  what.voip = true;
  what.role = flow_role::voice;
  what.confidence_pct = 97;
  what.p2p = tristate::yes;
  return what;
}

class control : public testing::Test {
 protected:
  control() {
    control_options options;
    options.links = {"uplink"};
    options.calls.calls_max = 64;
    options.calls.hosts_max = 64;
    options.book_flows_max = 256;
    thread =
        std::make_unique<control_thread>(options, std::vector<worker_queues>{{&events, &channel}});
    EXPECT_TRUE(thread->begin(source_of(policies_yaml("enforce")), at(0)).has_value());
  }
  /// As a worker does between two bursts.
  void adopt() { channel.adopted.store(channel.wanted.load()->generation); }
  std::uint32_t late = 0;  // of the 50 packets a second that `send` makes of media
  void send(classify::flow_event::kind type, double seconds, std::uint64_t id = 1) {
    classify::flow_event event;
    event.type = type;
    event.at = at(seconds);
    event.flow = media_flow(id);
    event.what = media_verdict();
    event.totals.first = at(0);
    event.totals.last = at(seconds);
    event.decided_packet = 9;
    if (type == classify::flow_event::kind::media) {
      event.media.second = at(seconds - 1);
      event.media.role = flow_role::voice;
      for (auto& way : event.media.way) {
        way.packets = way.expected = 50;
        way.codec_bytes = 3000;
        way.late = late;
      }
    }
    ASSERT_TRUE(events.push(event));
  }
  void run_call(double from, double to) {
    for (double t = from; t < to; t += 1) {
      send(classify::flow_event::kind::media, t);
      thread->step(at(t));
    }
  }
  /// What a worker knows of flow 1 after three seconds of its call; without one no_call.
  shaper::flow_attributes flow_of_a_call() {
    send(classify::flow_event::kind::verdict, 0.2);
    thread->step(at(0.2));
    run_call(1, 3);
    const auto calls = thread->state().tracker.active();
    shaper::flow_attributes flow;
    flow.what = media_verdict();
    flow.in_call = true;
    flow.call = calls.size() == 1 ? calls.front() : classify::no_call;
    flow.flow_id = 1;
    flow.call_key = 77;
    return flow;
  }

  event_ring events;
  worker_channel channel{64, 64};
  std::unique_ptr<control_thread> thread;
};

TEST_F(control, a_flow_becomes_a_call_and_the_worker_hears_of_it) {
  send(classify::flow_event::kind::verdict, 0.2);
  thread->step(at(0.2));
  run_call(1, 5);
  EXPECT_THAT(thread->state().tracker.records(), SizeIs(1));
  const command* order = channel.commands.front();
  ASSERT_NE(order, nullptr);
  EXPECT_EQ(order->flow_id, 1U);
  EXPECT_NE(order->call_key, 0U);
  const auto* known = thread->state().book.find(1);
  ASSERT_NE(known, nullptr);
  EXPECT_EQ(known->call, thread->state().tracker.records().front().id);
}

TEST_F(control, a_bound_call_shows_its_policy_and_is_steered) {
  const auto flow = flow_of_a_call();
  ASSERT_NE(flow.call, classify::no_call);
  auto& set = thread->state().policies.current();
  const auto handle = set.bind(flow, at(3));
  binding told{at(3), media_flow(1),       flow.what,          flow.call,
               1,     set.line_of(handle), set.kind_of(handle)};
  ASSERT_TRUE(channel.bindings.push(told));
  run_call(3, 12);
  auto record = thread->state().tracker.records().front();
  thread->state().book.complete(record);
  ASSERT_THAT(record.actions, SizeIs(1));
  EXPECT_EQ(record.actions.front().policy, "softphones");
  EXPECT_EQ(record.actions.front().action, "degrade");
  const auto* held = thread->state().degrade.find(flow.call);
  ASSERT_NE(held, nullptr);
  EXPECT_DOUBLE_EQ(held->target, 1.8);
  EXPECT_GT(held->applied[forward].loss + to_seconds(held->applied[forward].delay), 0);
}

TEST_F(control, a_sender_whose_packets_are_late_is_steered_all_the_same) {
  // A clock that slips by more than 60 ms makes every packet late for 10 s, and nobody hears it.
  late = 50;
  const auto flow = flow_of_a_call();
  ASSERT_NE(flow.call, classify::no_call);
  thread->state().policies.current().bind(flow, at(3));
  run_call(3, 25);
  EXPECT_GT(thread->state().tracker.quality(flow.call, forward)->loss, 0.9);
  const auto* held = thread->state().degrade.find(flow.call);
  ASSERT_NE(held, nullptr);
  EXPECT_GT(held->applied[forward].loss, 0.09);
  EXPECT_GT(to_seconds(held->applied[forward].delay), 0.1);
}

TEST_F(control, old_policies_go_when_the_worker_has_let_go) {
  auto& policies = thread->state().policies;
  adopt();
  ASSERT_TRUE(policies.apply(source_of(policies_yaml("observe")), std::nullopt, at(1)).has_value());
  policies.tick(at(2));
  EXPECT_EQ(policies.retired(), 1U);  // the worker still uses it
  adopt();
  policies.tick(at(3));
  EXPECT_EQ(policies.retired(), 0U);
}

TEST_F(control, policies_wait_for_slow_workers_instead_of_piling_up) {
  auto& policies = thread->state().policies;
  std::size_t applied = 0;
  for (int i = 0; i < 20; ++i) {
    applied += policies.apply(source_of(policies_yaml("observe")), std::nullopt, at(i)).has_value()
                   ? 1
                   : 0;
  }
  EXPECT_EQ(applied, policy_keeper::retired_max);
}

TEST_F(control, unconfirmed_policies_roll_back) {
  auto& policies = thread->state().policies;
  const auto enforced = [&] { return policies.source().whole.policies.lines.front().enforce; };
  ASSERT_TRUE(policies.apply(source_of(policies_yaml("observe")), std::chrono::seconds(60), at(1))
                  .has_value());
  EXPECT_FALSE(policies.tick(at(60)));
  EXPECT_FALSE(enforced());
  EXPECT_TRUE(policies.tick(at(61.5)));
  EXPECT_TRUE(enforced());
  ASSERT_TRUE(policies.apply(source_of(policies_yaml("observe")), std::chrono::seconds(60), at(70))
                  .has_value());
  ASSERT_TRUE(policies.confirm().has_value());
  EXPECT_FALSE(policies.tick(at(200)));
  EXPECT_FALSE(enforced());
  EXPECT_FALSE(policies.confirm().has_value());
  ASSERT_TRUE(policies.rollback(at(201)).has_value());
  EXPECT_TRUE(enforced());
  EXPECT_FALSE(policies.rollback(at(202)).has_value());
}

TEST_F(control, a_flood_of_recognised_endpoints_is_bounded_and_counted) {
  classify::flow_event event;
  event.type = classify::flow_event::kind::endpoint;
  event.what = media_verdict();
  for (std::uint64_t i = 0; i < 1'000; ++i) {
    event.flow = media_flow(i);
    event.at = at(i < 500 ? 1.2 : 2.2);
    ASSERT_TRUE(events.push(event));
    thread->step(event.at);
  }
  EXPECT_EQ(thread->state().book.endpoints_missed(), 1'000U - 2 * 16);
}

TEST_F(control, schedules_follow_the_sites_clock_when_it_is_set) {
  auto& policies = thread->state().policies;
  std::string text = policies_yaml("enforce");
  text += "schedules: { night: \"daily 00:00-01:00\" }\n";  // at(0) is 22:13 UTC
  text.replace(text.find("match: { voip: true }"), 21, "match: { schedule: night }");
  ASSERT_TRUE(policies.apply(source_of(text), std::nullopt, at(1)).has_value());
  shaper::flow_attributes flow;
  flow.what = media_verdict();
  EXPECT_EQ(policies.current().line_of(policies.current().bind(flow, at(2))), 1);
  const auto asked = channel.refresh.load();
  policies.set_clock(std::chrono::hours(2));
  policies.tick(at(3));
  EXPECT_NE(channel.refresh.load(), asked) << "flows are bound anew";
  EXPECT_EQ(policies.current().line_of(policies.current().bind(flow, at(4))), 0);
}

TEST_F(control, a_call_that_is_let_go_starts_from_nothing_when_it_is_degraded_again) {
  send(classify::flow_event::kind::verdict, 0.2);
  thread->step(at(0.2));
  run_call(1, 3);
  const auto calls = thread->state().tracker.active();
  ASSERT_THAT(calls, SizeIs(1));
  shaper::flow_attributes flow;
  flow.what = media_verdict();
  flow.in_call = true;
  flow.call = calls.front();
  flow.call_key = 77;
  auto& policies = thread->state().policies;
  policies.current().bind(flow, at(3));
  run_call(3, 60);
  ASSERT_GT(thread->state().degrade.find(calls.front())->applied[forward].loss, 0.05);
  ASSERT_TRUE(
      policies.apply(source_of(policies_yaml("observe")), std::nullopt, at(60)).has_value());
  policies.current().bind(flow, at(60));
  run_call(60, 62);
  EXPECT_EQ(thread->state().degrade.find(calls.front()), nullptr);
  ASSERT_TRUE(
      policies.apply(source_of(policies_yaml("enforce")), std::nullopt, at(62)).has_value());
  const auto handle = policies.current().bind(flow, at(62));
  packet_view packet;
  packet.l3_bytes = 120;
  for (int i = 0; i < 500; ++i) {  // before the control thread has looked at it
    EXPECT_NE(
        policies.current().apply(handle, packet, forward, flow_role::voice, at(70 + i * 0.02)).kind,
        shaper::fate_kind::drop);
  }
}

class requests : public control {
 protected:
  requests() {
    char name[] = "/tmp/callweir-requests-XXXXXX";
    folder = ::mkdtemp(name);
    appliance_access access;
    access.shared = &shared;
    access.links = {"uplink"};
    access.configuration_path = folder + "/callweir.yaml";
    access.applied_path = folder + "/applied.yaml";
    asked = std::make_unique<control_requests>(*thread, access);
    thread->start();
  }
  ~requests() override {
    thread->stop();
    std::filesystem::remove_all(folder);
  }
  callweir::control::reply ask(const std::string& request) {
    return asked->answer(request, {0, 1});
  }
  std::string policy_request(const std::string& verb, const std::string& text,
                             const std::string& more = "") {
    std::string out = R"({"verb":")" + verb + R"(","name":"new.yaml","text":")";
    for (const char c : text) {
      if (c == '"') out += '\\';
      out += c == '\n' ? std::string("\\n") : std::string(1, c);
    }
    return out + "\"" + more + "}";
  }
  std::string file(const std::string& name) {
    std::ifstream in(folder + "/" + name);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  shared_state shared;
  std::string folder;
  std::unique_ptr<control_requests> asked;
};

TEST_F(requests, refuse_what_they_do_not_know) {
  EXPECT_EQ(ask("nonsense").end.exit, exit_usage);
  EXPECT_EQ(ask("[1]").end.exit, exit_usage);
  EXPECT_EQ(ask(R"({"verb":7})").end.exit, exit_usage);
  EXPECT_EQ(ask(R"({"verb":"dance"})").end.exit, exit_usage);
  EXPECT_EQ(ask(R"({"verb":"bypass","mode":"maybe"})").end.exit, exit_usage);
  EXPECT_EQ(ask(R"({"verb":"explain","id":"c99"})").end.exit, exit_failed);
  EXPECT_EQ(ask(std::string(100'000, '[')).end.exit, exit_usage);
}

TEST_F(requests, status_names_state_and_lost_records) {
  const auto got = ask(R"({"verb":"status"})");
  ASSERT_THAT(got.records, SizeIs(1));
  EXPECT_THAT(got.records.front(), HasSubstr(R"("type":"status","state":)"));
  EXPECT_THAT(got.records.front(), HasSubstr(R"("records_lost":0)"));
}

TEST_F(requests, bypass_is_a_flag_that_survives_the_engine) {
  EXPECT_THAT(ask(R"({"verb":"bypass","mode":"on"})").records.front(), HasSubstr("true"));
  EXPECT_EQ(shared.bypass.load(), 1U);
  EXPECT_THAT(ask(R"({"verb":"bypass","mode":"off"})").records.front(), HasSubstr("false"));
  EXPECT_EQ(shared.bypass.load(), 0U);
}

TEST_F(requests, apply_shows_the_difference_and_keeps_it_for_the_next_engine) {
  const auto got = ask(policy_request("policy-apply", policies_yaml("observe")));
  EXPECT_EQ(got.end.exit, exit_done);
  ASSERT_THAT(got.records, SizeIs(1));
  EXPECT_THAT(got.records.front(), HasSubstr("mode enforce -> observe"));
  EXPECT_EQ(file("applied.yaml"), policies_yaml("observe"));
}

TEST_F(requests, a_time_to_confirm_that_is_no_number_is_not_taken_for_none) {
  for (const char* more : {R"(,"confirm_s":"60")", R"(,"confirm_s":60.5)", R"(,"confirm_s":null)",
                           R"(,"confirm_s":18446744073709551615)"}) {
    const auto got = ask(policy_request("policy-apply", policies_yaml("observe"), more));
    EXPECT_EQ(got.end.exit, exit_usage) << more;
  }
  EXPECT_EQ(ask(R"({"verb":"flows","limit":"all"})").end.exit, exit_usage);
  EXPECT_EQ(file("applied.yaml"), "");
}

TEST_F(requests, a_name_cannot_write_lines_of_its_own_into_the_log) {
  std::string request = policy_request("policy-apply", policies_yaml("observe"));
  request.replace(request.find("new.yaml"), 8, "a\\nb");
  ASSERT_EQ(ask(request).end.exit, exit_done);
  EXPECT_THAT(ask(R"({"verb":"policy-list"})").records.front(), HasSubstr(R"("file":"a?b")"));
}

TEST_F(requests, apply_refuses_what_needs_a_restart) {
  std::string other = policies_yaml("observe");
  other.replace(other.find("kernel: a"), 9, "kernel: z");
  const auto got = ask(policy_request("policy-apply", other));
  EXPECT_EQ(got.end.exit, exit_usage);
  EXPECT_THAT(got.end.problem.text(), HasSubstr("links"));
  EXPECT_EQ(file("applied.yaml"), "");
}

TEST_F(requests, save_replaces_the_file_and_keeps_the_earlier_one) {
  ASSERT_TRUE(save_file(folder + "/callweir.yaml", "old").has_value());
  EXPECT_EQ(
      ask(policy_request("policy-apply", policies_yaml("observe"), R"(,"confirm_s":60)")).end.exit,
      exit_done);
  EXPECT_EQ(file("applied.yaml"), "");
  EXPECT_EQ(ask(R"({"verb":"policy-save"})").end.exit, exit_failed);  // not confirmed yet
  EXPECT_EQ(ask(R"({"verb":"policy-confirm"})").end.exit, exit_done);
  EXPECT_EQ(ask(R"({"verb":"policy-save"})").end.exit, exit_done);
  EXPECT_EQ(file("callweir.yaml"), policies_yaml("observe"));
  EXPECT_EQ(file("callweir.yaml.bak"), "old");
}

TEST_F(requests, save_keeps_the_mode_whatever_the_umask) {
  ASSERT_TRUE(save_file(folder + "/callweir.yaml", "old").has_value());
  std::filesystem::permissions(folder + "/callweir.yaml", std::filesystem::perms(0644));
  const auto before = ::umask(077);
  EXPECT_EQ(ask(R"({"verb":"policy-save"})").end.exit, exit_done);
  ::umask(before);
  EXPECT_EQ(std::filesystem::status(folder + "/callweir.yaml").permissions(),
            std::filesystem::perms(0644));
}

TEST_F(requests, an_engine_that_takes_over_goes_on_with_what_ran) {
  const std::string path = folder + "/callweir.yaml", kept = folder + "/applied.yaml";
  EXPECT_FALSE(starting_configuration(path, kept).has_value());
  ASSERT_TRUE(save_file(path, policies_yaml("observe")).has_value());
  ASSERT_TRUE(starting_configuration(path, kept).has_value());
  for (const std::string& edited : {std::string("links: [half an ed"), policies_yaml("enforce")}) {
    ASSERT_TRUE(save_file(path, edited).has_value());
    const auto again = starting_configuration(path, kept);
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->text, policies_yaml("observe"));
  }
  std::filesystem::remove(kept);
  EXPECT_EQ(starting_configuration(path, kept)->text, policies_yaml("enforce"));
}

}  // namespace
}  // namespace callweir::engine

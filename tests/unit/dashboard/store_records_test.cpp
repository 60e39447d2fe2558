#include "tests/unit/dashboard/store_fixture.hpp"

namespace callweir::dashboard {
namespace {

using store_records = store_fixture;

TEST_F(store_records, come_back_as_they_went) {
  open();
  auto sent_flow = flow("f1", 10, 20.123456);
  sent_flow.vlan = {7};
  sent_flow.tunnel = tunnel_kind::gtp_u;
  sent_flow.decided_packet = 12;
  sent_flow.decided_s = 0.61;
  sent_flow.call = "c1";
  sent_flow.policy = "softphones";
  sent_flow.action = "degrade";
  auto sent_call = call("c1", 10, 20);
  sent_call.actions = {{"softphones", "degrade", {"f1"}, at_second(12)}};
  host_record sent_host{
      ip_address::v4(0x0a000005), {"softphone"}, 90, 81, 2, 3, 4'000, at_second(1), at_second(20)};
  const gap_record sent_gap{at_second(3), at_second(4), "engine", 0, "it was started anew"};
  const audit_record sent_audit{at_second(5), "user anna", "login", "from 127.0.0.1"};
  ASSERT_TRUE(put({sent_flow, sent_call, sent_host, sent_gap, sent_audit}));

  const auto got_flow = reader_->flow("f1");
  ASSERT_TRUE(got_flow && *got_flow);
  EXPECT_EQ(json(**got_flow), json(sent_flow));
  EXPECT_EQ((*got_flow)->last.ns, sent_flow.last.ns);
  const auto got_call = reader_->call("c1");
  ASSERT_TRUE(got_call && *got_call);
  EXPECT_EQ(json(**got_call), json(sent_call));
  const auto got_host = reader_->hosts({.when = seconds(0, 60), .role = {}});
  ASSERT_TRUE(got_host && got_host->size() == 1);
  EXPECT_EQ(json(got_host->front()), json(sent_host));
  const auto got_gap = reader_->gaps(seconds(0, 60), 10);
  ASSERT_TRUE(got_gap && got_gap->size() == 1);
  EXPECT_EQ(json(got_gap->front()), json(sent_gap));
  const auto got_audit = reader_->audit(seconds(0, 60), 10);
  ASSERT_TRUE(got_audit && got_audit->size() == 1);
  EXPECT_EQ(json(got_audit->front()), json(sent_audit));
  EXPECT_FALSE(*reader_->flow("f2"));
  EXPECT_FALSE(*reader_->call("f1"));
}

TEST_F(store_records, a_later_record_of_the_same_id_replaces) {
  open();
  auto early = call("c1", 10, 20);
  early.ended = false;
  early.parties.push_back(ip_address::v4(0x0a000009));
  early.actions = {{"first", "limit", {}, at_second(11)}};
  ASSERT_TRUE(put({early, flow("f1", 10, 20)}));
  EXPECT_EQ(ids(*reader_->calls({.when = seconds(0, 60), .active = true})), "c1");
  auto late = call("c1", 10, 50);
  late.actions = {{"second", "degrade", {}, at_second(12)}};
  auto late_flow = flow("f1", 10, 50);
  late_flow.what.app = app_tox;
  late_flow.policy = "second";
  ASSERT_TRUE(put({late, late_flow}));

  EXPECT_EQ(*reader_->count_calls(seconds(0, 60)), 1U);
  EXPECT_EQ(*reader_->count_flows(seconds(0, 60)), 1U);
  EXPECT_EQ(ids(*reader_->calls({.when = seconds(0, 60), .active = true})), "");
  EXPECT_EQ(ids(*reader_->calls({.when = seconds(0, 60), .active = false})), "c1");
  EXPECT_EQ(ids(*reader_->calls({.when = seconds(0, 60), .policy = "first"})), "");
  EXPECT_EQ(ids(*reader_->calls({.when = seconds(0, 60), .policy = "second"})), "c1");
  EXPECT_EQ(ids(*reader_->calls({.when = seconds(0, 60), .party = ip_address::v4(0x0a000009)})),
            "");
  EXPECT_EQ(ids(*reader_->flows({.when = seconds(0, 60), .app = "Skype"})), "");
  EXPECT_EQ(ids(*reader_->flows({.when = seconds(0, 60), .app = "Tox"})), "f1");
  EXPECT_EQ(ids(*reader_->flows({.when = seconds(0, 60), .policy = "second"})), "f1");
}

TEST_F(store_records, long_names_are_found) {
  open();
  const std::string name = "a policy whose name does not fit into a short string";
  auto acted = call("c1", 10, 20);
  acted.actions = {{name, "degrade", {}, at_second(12)}};
  auto flow_of = flow("f1", 10, 20);
  flow_of.policy = name;
  ASSERT_TRUE(put({acted, flow_of}));
  EXPECT_EQ(ids(*reader_->calls({.when = seconds(0, 60), .policy = name})), "c1");
  EXPECT_EQ(ids(*reader_->flows({.when = seconds(0, 60), .policy = name})), "f1");
}

TEST_F(store_records, a_call_that_was_none_is_forgotten) {
  open();
  auto mistaken = call("c1", 10, 20);
  ASSERT_TRUE(put({mistaken, call("c2", 10, 20)}));
  mistaken.ended = true;
  mistaken.flows.clear();
  ASSERT_TRUE(put({mistaken}));
  EXPECT_EQ(ids(*reader_->calls({.when = seconds(0, 60)})), "c2");
}

TEST_F(store_records, the_same_id_of_two_engines_is_two_records) {
  open();
  auto first = call("c1", 10, 20);
  first.ended = false;
  ASSERT_TRUE(put({first}, "e1"));
  ASSERT_TRUE(put({call("c1", 110, 120)}, "e2"));
  EXPECT_EQ(*reader_->count_calls(seconds(0, 200)), 2U);
  EXPECT_EQ((*reader_->call("c1"))->start.ns, at_second(110).ns);
  // The engine that ran it is gone: it has ended.
  EXPECT_EQ(ids(*reader_->calls({.when = seconds(0, 200), .active = true})), "");
  EXPECT_TRUE(reader_->calls({.when = seconds(0, 50)})->front().ended);
  EXPECT_EQ(store_->position().engine, "e2");
  EXPECT_EQ(store_->position().number, 1U);
}

TEST_F(store_records, are_found_by_the_period_they_touch_newest_first) {
  open();
  ASSERT_TRUE(put({flow("f1", 0, 10), flow("f2", 100, 110), flow("f3", 50, 100'000),
                   flow("f4", 105, 3'000), call("c1", 0, 10), call("c2", 50, 100'000)}));
  EXPECT_EQ(ids(*reader_->flows({.when = seconds(0, 200'000)})), "f3 f4 f2 f1");
  EXPECT_EQ(ids(*reader_->flows({.when = seconds(5, 60)})), "f3 f1");
  EXPECT_EQ(ids(*reader_->flows({.when = seconds(200, 300)})), "f3 f4");
  EXPECT_EQ(ids(*reader_->flows({.when = seconds(90'000, 90'001)})), "f3");
  EXPECT_EQ(ids(*reader_->flows({.when = seconds(100'001, 200'000)})), "");
  EXPECT_EQ(ids(*reader_->flows({.when = seconds(0, 200'000), .offset = 1, .most = 2})), "f4 f2");
  EXPECT_EQ(*reader_->count_flows(seconds(5, 60)), 2U);
  EXPECT_EQ(ids(*reader_->calls({.when = seconds(20, 90'000)})), "c2");
  EXPECT_EQ(*reader_->count_calls(seconds(20, 90'000)), 1U);
}

TEST_F(store_records, are_found_by_every_key) {
  open();
  auto other = flow("f2", 0, 10);
  other.source = *ip_address::parse("2001:db8::7");
  other.destination = ip_address::v4(0x0a000005);
  other.what.voip = false;
  other.call = "c9";
  auto to_itself = flow("f3", 0, 11);
  to_itself.destination = to_itself.source;
  ASSERT_TRUE(put({flow("f1", 0, 9), other, to_itself}));
  const auto all = seconds(0, 60);
  EXPECT_EQ(ids(*reader_->flows({.when = all, .address = ip_address::v4(0x0a000005)})), "f3 f2 f1");
  EXPECT_EQ(ids(*reader_->flows({.when = all, .address = *ip_address::parse("2001:db8::7")})),
            "f2");
  EXPECT_EQ(ids(*reader_->flows({.when = all, .call = "c9"})), "f2");
  EXPECT_EQ(ids(*reader_->flows({.when = all, .voip = false})), "f2");
  EXPECT_EQ(ids(*reader_->flows({.when = all, .app = "Skype", .voip = true})), "f3 f1");
  ASSERT_TRUE(put({call("c1", 0, 9)}));
  EXPECT_EQ(ids(*reader_->calls({.when = all, .party = ip_address::v4(0xc0000207)})), "c1");
  EXPECT_EQ(ids(*reader_->calls({.when = all, .app = "Skype"})), "c1");
  EXPECT_EQ(ids(*reader_->calls({.when = all, .app = "Tox"})), "");
}

TEST_F(store_records, hosts_of_several_lives_are_one) {
  open();
  const auto host = [](std::uint64_t bytes, double first, double last, const char* role) {
    return host_record{ip_address::v4(0x0a000005), {role},         90, 5, 1, 2, bytes,
                       at_second(first),           at_second(last)};
  };
  ASSERT_TRUE(put({host(100, 0, 10, "softphone"), host(300, 0, 20, "softphone")}, "e1"));
  ASSERT_TRUE(put({host(50, 30, 40, "relay")}, "e2"));
  auto small = host(1, 0, 40, "softphone");
  small.address = ip_address::v4(0x0a000006);
  ASSERT_TRUE(put({small}, "e2"));
  const auto hosts = reader_->hosts({.when = seconds(0, 60), .role = {}});
  ASSERT_TRUE(hosts && hosts->size() == 2);
  EXPECT_EQ(hosts->front().bytes, 350U);
  EXPECT_EQ(hosts->front().calls, 2U);
  EXPECT_EQ(hosts->front().first.ns, at_second(0).ns);
  EXPECT_EQ(hosts->front().last.ns, at_second(40).ns);
  EXPECT_EQ(hosts->front().roles.size(), 2U);
  EXPECT_EQ(reader_->hosts({.when = seconds(0, 60), .role = "relay"})->size(), 1U);
  EXPECT_EQ(reader_->hosts({.when = seconds(50, 60), .role = {}})->size(), 0U);
}

TEST_F(store_records, what_was_committed_does_not_count_twice) {
  open();
  const std::vector<stream::durable> batch{{1, traffic(0, "Skype", 0x0a000005, 100)},
                                           {2, traffic(0, "Skype", 0x0a000005, 1'000)}};
  ASSERT_TRUE(store_->write(std::span(batch).first(1), {"e1", 1}));
  ASSERT_TRUE(store_->write(batch, {"e1", 2}));
  auto sums = reader_->traffic({.when = seconds(0, 60), .by = traffic_query::grouping::nothing});
  ASSERT_TRUE(sums && sums->size() == 1);
  EXPECT_EQ(sums->front().sum.bytes[0], 1'100U);
  // Another life counts from one again.
  ASSERT_TRUE(store_->write(batch, {"e2", 2}));
  sums = reader_->traffic({.when = seconds(0, 60), .by = traffic_query::grouping::nothing});
  EXPECT_EQ(sums->front().sum.bytes[0], 2'200U);
}

TEST_F(store_records, stay_when_it_is_opened_again) {
  open();
  ASSERT_TRUE(put({flow("f1", 0, 9), traffic(0, "Skype", 0x0a000005, 100)}));
  open();
  EXPECT_EQ(store_->position().engine, "e1");
  EXPECT_EQ(store_->position().number, 2U);
  EXPECT_EQ(ids(*reader_->flows({.when = seconds(0, 60)})), "f1");
  EXPECT_EQ(store_->health().moved_aside, "");
  const auto beside = open_sqlite_reader(path_.string());
  ASSERT_TRUE(beside);
  EXPECT_EQ(*(*beside)->count_flows(seconds(0, 60)), 1U);
  const auto known = (*beside)->extent();
  ASSERT_TRUE(known && *known);
  EXPECT_EQ((*known)->from.ns, at_second(0).ns);
  EXPECT_EQ((*known)->to.ns, at_second(10).ns);
}

TEST_F(store_records, an_empty_store_answers) {
  open();
  EXPECT_EQ(store_->position().engine, "");
  EXPECT_TRUE(reader_->flows({.when = seconds(0, 60)})->empty());
  EXPECT_TRUE(reader_->traffic({.when = seconds(0, 60)})->empty());
  EXPECT_TRUE(reader_->load({.when = seconds(0, 60), .link = {}})->empty());
  EXPECT_TRUE(reader_->policies(seconds(0, 60))->empty());
  EXPECT_FALSE(*reader_->extent());
  EXPECT_FALSE(open_sqlite_reader((folder_ / "nothing.db").string()));
}

TEST_F(store_records, a_backup_is_the_whole) {
  open();
  ASSERT_TRUE(put({flow("f1", 0, 9), call("c1", 0, 9)}));
  const auto target = (folder_ / "copy.db").string();
  ASSERT_TRUE(store_->backup(target));
  EXPECT_FALSE(store_->backup(target));  // it is there
  ASSERT_TRUE(put({flow("f2", 0, 9)}));
  const auto copy = open_sqlite_reader(target);
  ASSERT_TRUE(copy) << copy.error().text();
  EXPECT_EQ(*(*copy)->count_flows(seconds(0, 60)), 1U);
  EXPECT_EQ(*(*copy)->count_calls(seconds(0, 60)), 1U);
  EXPECT_FALSE(store_->backup("/nowhere/at/all.db"));
}

}  // namespace
}  // namespace callweir::dashboard

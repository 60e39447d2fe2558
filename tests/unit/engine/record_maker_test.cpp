// What becomes a record, when, and that sums are exact: the control thread with a worker that is
// this test.
#include "engine/record_maker.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "base/applications.hpp"
#include "base/control_socket.hpp"

namespace callweir::engine {
namespace {

using testing::HasSubstr;
using testing::SizeIs;
using kind = classify::flow_event::kind;

constexpr const char* configuration_text =
    "site: hq\n"
    "links: [{ name: uplink, inside: { kernel: a }, outside: { kernel: b } }]\n"
    "policies:\n"
    "  - { name: soft, match: { voip: true }, action: { degrade: { mos: 1.8 } } }\n"
    "  - { name: rest, match: {}, action: allow }\n";

time_point at(double seconds) {
  return {1'700'000'000'000'000'000 + from_seconds(seconds).count()};
}

/// Reads a journal from its beginning.
template <class Record>
std::vector<Record> all_of(const record_journal& journal) {
  std::string bytes;
  journal.read(1, 64 << 20, bytes);
  control::frame_reader reader(stream::frame_bytes_max);
  reader.feed(bytes);
  std::vector<Record> out;
  std::string body;
  while (reader.next(body)) {
    auto read = stream::read_from_engine(body);
    EXPECT_TRUE(read.has_value()) << body;
    if (!read) continue;
    auto* one = std::get_if<stream::durable>(&*read);
    if (one == nullptr) continue;
    if (auto* record = std::get_if<Record>(&one->record)) out.push_back(std::move(*record));
  }
  return out;
}

classify::flow_event event_of(kind type, std::uint64_t id, double seconds) {
  classify::flow_event event;
  event.type = type;
  event.at = at(seconds);
  event.flow.id = id;
  event.flow.index = static_cast<classify::flow_index>(id);
  event.flow.source = ip_address::v4(0x0a000001);
  event.flow.destination = ip_address::v4(0xc0000207);
  event.flow.source_port = 4000;
  event.flow.destination_port = 5000;
  event.flow.protocol = proto_udp;
  event.totals.first = at(0);
  event.totals.last = at(seconds);
  return event;
}

TEST(traffic_book, every_byte_is_booked_once) {
  rc::check([] {
    record_journal journal;
    traffic_book book({"uplink"});
    const record_outlet out{&journal, nullptr};
    std::array<both_ways<std::uint64_t>, 4> carried{};
    std::array<bool, 4> open{};
    both_ways<std::uint64_t> sent{};
    std::uint64_t ended = 0;
    double now = 0;
    const auto steps = *rc::gen::container<std::vector<std::pair<int, int>>>(
        rc::gen::pair(rc::gen::inRange(0, 12), rc::gen::inRange(0, 5'000)));
    for (const auto& [what, bytes] : steps) {
      const auto id = static_cast<std::size_t>(what % 4);
      now += 0.7;
      open[id] = true;
      carried[id][forward] += static_cast<std::uint64_t>(bytes);
      carried[id][backward] += 1;
      auto event = event_of(what < 8 ? kind::progress : kind::closed, id + 1, now);
      if (id % 2 == 1) event.flow.initiator = side::outside;
      event.totals.bytes = carried[id];
      book.on_event(event, app_unknown, at(now));
      if (what >= 8) {
        const int to = id % 2 == 1 ? 1 : 0;
        sent[to] += carried[id][forward];
        sent[1 - to] += carried[id][backward];
        carried[id] = {};
        ++ended;
        open[id] = false;
      }
      book.tick(at(now), out);
    }
    for (std::size_t id = 0; id < 4; ++id) {
      if (!open[id]) continue;
      auto event = event_of(kind::closed, id + 1, now);
      if (id % 2 == 1) event.flow.initiator = side::outside;
      event.totals.bytes = carried[id];
      book.on_event(event, app_unknown, at(now));
      const int to = id % 2 == 1 ? 1 : 0;
      sent[to] += carried[id][forward];
      sent[1 - to] += carried[id][backward];
      ++ended;
    }
    book.finish(out);
    both_ways<std::uint64_t> booked{};
    std::uint64_t flows = 0;
    for (const auto& record : all_of<traffic_record>(journal)) {
      RC_ASSERT(record.at.ns % traffic_book::window.count() == 0);
      booked[0] += record.bytes[0];
      booked[1] += record.bytes[1];
      flows += record.flows;
    }
    RC_ASSERT(booked == sent);
    RC_ASSERT(flows == ended);
    RC_ASSERT(book.heavy() == 0U);
  });
}

TEST(traffic_book, what_finds_no_place_is_summed_up) {
  record_journal journal;
  traffic_book book({"uplink"});
  for (std::uint32_t i = 0; i < traffic_book::keys_max + 100; ++i) {
    auto event = event_of(kind::closed, i + 1, 1);
    event.flow.source = ip_address::v4(0x0a000000 + i);
    event.totals.bytes = {10, 20};
    book.on_event(event, app_unknown, at(1));
  }
  EXPECT_EQ(book.keys(), traffic_book::keys_max);
  book.finish({&journal, nullptr});
  const auto records = all_of<traffic_record>(journal);
  ASSERT_EQ(records.size(), traffic_book::keys_max + 1);
  EXPECT_EQ(records.back().app, "");
  EXPECT_EQ(records.back().host, ip_address{});
  EXPECT_EQ(records.back().flows, 100U);
  EXPECT_EQ(records.back().bytes[1], 2'000U);
}

class making : public testing::Test {
 protected:
  making() {
    record_maker::options wanted;
    wanted.engine = "0123456789abcdef";
    wanted.links = {"uplink"};
    wanted.shared = &shared;
    wanted.loads = [this] { return std::vector<link_load>{load}; };
    wanted.events_lost = [this] { return lost; };
    wanted.clock_lead = [this] { return lead.count(); };
    maker = std::make_unique<record_maker>(wanted, record_outlet{&journal, nullptr});
    control_options options;
    options.links = {"uplink"};
    options.calls.calls_max = 64;
    options.calls.hosts_max = 64;
    options.book_flows_max = 256;
    options.observer = maker.get();
    options.journal = &journal;
    thread =
        std::make_unique<control_thread>(options, std::vector<worker_queues>{{&events, &channel}});
    auto whole = read_configuration(configuration_text, "test.yaml");
    EXPECT_TRUE(whole.has_value());
    EXPECT_TRUE(thread->begin({*whole, configuration_text, "test.yaml"}, at(0)).has_value());
    maker->begin(at(0));
  }
  void send(kind type, double seconds) {
    auto event = event_of(type, 1, seconds);
    event.what.voip = true;
    event.what.role = flow_role::voice;
    event.what.confidence_pct = 97;
    event.what.p2p = tristate::yes;
    event.totals.packets = {static_cast<std::uint64_t>(50 * seconds), 7};
    event.decided_packet = 9;
    if (type == kind::media) {
      event.media.second = at(seconds - 1);
      event.media.role = flow_role::voice;
      for (auto& way : event.media.way) {
        way.packets = way.expected = 50;
        way.codec_bytes = 3'000;
      }
    }
    ASSERT_TRUE(events.push(event));
  }
  void run_call(double from, double to) {
    for (double t = from; t < to; t += 1) {
      send(kind::media, t);
      thread->step(at(t));
    }
  }
  void bind(double seconds) {
    const auto calls = thread->state().tracker.active();
    ASSERT_THAT(calls, SizeIs(1));
    shaper::flow_attributes flow;
    flow.what.voip = true;
    flow.what.confidence_pct = 97;
    flow.in_call = true;
    flow.call = calls.front();
    flow.flow_id = 1;
    flow.call_key = 77;
    auto& set = thread->state().policies.current();
    const auto handle = set.bind(flow, at(seconds));
    ASSERT_TRUE(channel.bindings.push({at(seconds), event_of(kind::verdict, 1, seconds).flow,
                                       flow.what, flow.call, thread->state().policies.generation(),
                                       set.line_of(handle), set.kind_of(handle)}));
  }
  std::vector<audit_record> entries(const std::string& verb) const {
    std::vector<audit_record> out;
    for (auto& one : all_of<audit_record>(journal)) {
      if (one.verb == verb) out.push_back(one);
    }
    return out;
  }

  record_journal journal;
  shared_state shared;
  link_load load;
  std::uint64_t lost = 0;
  nanoseconds lead{};  // of the wall clock
  event_ring events;
  worker_channel channel{64, 64};
  std::unique_ptr<record_maker> maker;
  std::unique_ptr<control_thread> thread;
};

TEST_F(making, a_call_is_told_as_it_begins_changes_and_ends) {
  EXPECT_THAT(entries("engine-start"), SizeIs(1));
  send(kind::verdict, 0.2);
  thread->step(at(0.2));
  run_call(1, 5);
  auto calls = all_of<call_record>(journal);
  ASSERT_THAT(calls, SizeIs(1));
  EXPECT_FALSE(calls[0].ended);
  EXPECT_TRUE(calls[0].actions.empty());
  bind(5);
  run_call(5, 10);
  calls = all_of<call_record>(journal);
  ASSERT_THAT(calls, SizeIs(2));
  ASSERT_THAT(calls[1].actions, SizeIs(1));
  EXPECT_EQ(calls[1].actions[0].policy, "soft");
  ASSERT_THAT(entries("enforce"), SizeIs(1));
  EXPECT_EQ(entries("enforce")[0].who, "policy soft");
  EXPECT_THAT(entries("enforce")[0].what, HasSubstr("begins"));
  send(kind::closed, 10);
  for (double t = 10; t < 60; t += 1) thread->step(at(t));
  calls = all_of<call_record>(journal);
  ASSERT_GE(calls.size(), 3U);
  EXPECT_TRUE(calls.back().ended);
  EXPECT_EQ(calls.back().link, "uplink");
  EXPECT_THAT(calls.back().actions, SizeIs(1));
  ASSERT_THAT(entries("enforce"), SizeIs(2));
  EXPECT_THAT(entries("enforce")[1].what, HasSubstr("is over"));
}

TEST_F(making, what_was_let_go_says_when_and_the_course_tells_how_it_went) {
  send(kind::verdict, 0.2);
  thread->step(at(0.2));
  run_call(1, 5);
  bind(5);
  run_call(5, 25);
  ASSERT_FALSE(all_of<call_record>(journal).back().actions.at(0).until);
  auto& policies = thread->state().policies;
  auto released = policies.source();
  released.whole.policies.lines.erase(released.whole.policies.lines.begin());
  ASSERT_TRUE(policies.apply(released, std::nullopt, at(25)));
  bind(25);
  run_call(25, 70);
  send(kind::closed, 70);
  for (double t = 70; t < 120; t += 1) thread->step(at(t));
  const auto last = all_of<call_record>(journal).back();
  ASSERT_TRUE(last.ended);
  ASSERT_THAT(last.actions, SizeIs(2));
  EXPECT_EQ(last.actions[0].policy, "rest");
  EXPECT_EQ(last.actions[1].policy, "soft");
  EXPECT_EQ(last.actions[1].since, at(5));
  ASSERT_TRUE(last.actions[1].until);
  EXPECT_GE(*last.actions[1].until, at(25));
  EXPECT_LE(*last.actions[1].until, at(29));
  EXPECT_EQ(last.course.step_s, 10U);
  EXPECT_THAT(last.course.mos[0], SizeIs(7));
  EXPECT_TRUE(last.course.mos[1].back());
}

TEST_F(making, a_line_that_begins_to_enforce_counts_from_nothing) {
  auto& policies = thread->state().policies;
  const auto meet = [&](std::uint64_t flows, double seconds) {
    for (std::uint64_t i = 0; i < flows; ++i) {
      shaper::flow_attributes flow;
      flow.what.voip = true;
      flow.what.confidence_pct = 97;
      flow.flow_id = 100 + static_cast<std::uint64_t>(seconds * 100) + i;
      policies.current().bind(flow, at(seconds));
    }
  };
  auto observing = policies.source();
  observing.whole.policies.lines[0].enforce = false;
  ASSERT_TRUE(policies.apply(observing, std::nullopt, at(1)));
  thread->step(at(1));
  meet(3, 2);
  for (double t = 2; t < 22; t += 1) thread->step(at(t));
  auto enforcing = observing;
  enforcing.whole.policies.lines[0].enforce = true;
  ASSERT_TRUE(policies.apply(enforcing, std::nullopt, at(22)));
  meet(5, 23);
  for (double t = 23; t < 45; t += 1) thread->step(at(t));
  std::map<std::string, std::uint64_t> flows;
  for (const auto& told : all_of<policy_record>(journal)) {
    if (told.name == "soft") flows[told.mode] += told.flows;
  }
  EXPECT_EQ(flows["observe"], 3U);
  EXPECT_EQ(flows["enforce"], 5U);
}

TEST_F(making, a_flow_is_told_at_once_then_seldom_and_at_its_end) {
  for (int i = 0; i < 30; ++i) {
    send(kind::verdict, 0.2 + i * 0.5);
    thread->step(at(0.2 + i * 0.5));
  }
  const auto before = all_of<flow_record>(journal).size();
  EXPECT_GE(before, 2U);
  EXPECT_LE(before, 3U);
  send(kind::closed, 16);
  thread->step(at(16));
  thread->step(at(17.5));
  const auto flows = all_of<flow_record>(journal);
  ASSERT_EQ(flows.size(), before + 1);
  EXPECT_EQ(flows.back().packets[0], 800U);
  EXPECT_EQ(flows.back().link, "uplink");
}

TEST_F(making, seconds_and_policies_are_differences) {
  thread->step(at(1));
  load.bytes[0][0] = 500;
  load.packets[1][1] = 3;
  load.dropped = 2;
  thread->step(at(2));
  load.bytes[0][0] = 900;
  thread->step(at(3));
  const auto seconds = all_of<second_record>(journal);
  ASSERT_THAT(seconds, SizeIs(2));
  EXPECT_EQ(seconds[0].bytes[0][0], 500U);
  EXPECT_EQ(seconds[0].dropped, 2U);
  EXPECT_EQ(seconds[1].bytes[0][0], 400U);
  EXPECT_EQ(seconds[1].packets[1][1], 0U);
  EXPECT_EQ(seconds[1].at.ns - seconds[0].at.ns, 1'000'000'000);
  for (double t = 4; t < 25; t += 1) thread->step(at(t));
  const auto lines = all_of<policy_record>(journal);
  ASSERT_GE(lines.size(), 2U);
  EXPECT_EQ(lines[0].name, "soft");
  EXPECT_EQ(lines[0].position, 0U);
  EXPECT_EQ(lines[1].name, "rest");
}

TEST_F(making, what_the_appliance_missed_is_told) {
  thread->step(at(1));
  lost = 5;
  shared.bypass.store(1);
  shared.alarms.store(alarm_overload);
  thread->step(at(2));
  shared.bypass.store(0);
  shared.alarms.store(0);
  for (double t = 3; t < 15; t += 1) thread->step(at(t));
  std::vector<std::string> found;
  for (const auto& gap : all_of<gap_record>(journal)) {
    found.push_back(gap.what);
    if (gap.what == "events") {
      EXPECT_EQ(gap.count, 5U);
    }
  }
  EXPECT_THAT(found, testing::UnorderedElementsAre("overload", "engine", "events"));
}

TEST_F(making, a_clock_that_is_set_is_followed_and_told) {
  constexpr nanoseconds hour = std::chrono::hours(1);
  thread->step(at(1));
  thread->step(at(2));
  lead = hour;
  thread->step(at(3));
  lead = hour + std::chrono::milliseconds(900);  // too little to speak of
  thread->step(at(4));
  lead = {};
  thread->step(at(5));
  std::vector<time_point> seconds;
  for (const auto& each : all_of<second_record>(journal)) seconds.push_back(each.at);
  EXPECT_THAT(seconds, testing::ElementsAre(at(1), at(2) + hour, at(3) + hour, at(4)));
  const auto gaps = all_of<gap_record>(journal);
  ASSERT_THAT(gaps, SizeIs(2));
  EXPECT_EQ(gaps[0].what, "clock");
  EXPECT_THAT(gaps[0].reason, HasSubstr("3600 s ahead"));
  EXPECT_EQ(gaps[0].from, at(3));
  EXPECT_EQ(gaps[0].to, at(3) + hour);
  EXPECT_THAT(gaps[1].reason, HasSubstr("3600 s back"));
  EXPECT_EQ(gaps[1].from, at(5));
  EXPECT_EQ(gaps[1].to, at(5) + hour);
}

TEST(record_clock, a_call_moves_with_all_its_times) {
  call_record call;
  call.start = at(10);
  call.actions = {{"soft", "degrade", {}, at(20), at(30)}};
  call.course = {at(10).ns / 1'000'000'000, 10, {}};
  const auto from_s = call.course.from_s;
  move_times(call, std::chrono::seconds(-7));
  EXPECT_EQ(call.start, at(3));
  EXPECT_EQ(call.actions[0].since, at(13));
  EXPECT_EQ(call.actions[0].until, at(23));
  EXPECT_EQ(call.course.from_s, from_s - 7);
  move_times(call, -(at(100) - time_point{}));
  EXPECT_EQ(call.course.from_s, 0) << "never before the epoch";
}

TEST_F(making, a_host_stays_one_when_the_clock_is_set) {
  send(kind::verdict, 0.2);
  thread->step(at(0.2));
  run_call(1, 12);
  lead = std::chrono::hours(1);
  send(kind::closed, 13);
  for (double t = 13; t < 45; t += 1) thread->step(at(t));
  const auto hosts = all_of<host_record>(journal);
  ASSERT_GE(hosts.size(), 2U);
  EXPECT_EQ(hosts.front().first, hosts.back().first);
  EXPECT_GT(hosts.back().last, hosts.front().last + std::chrono::minutes(59));
}

TEST(record_losses, flows_that_ended_untold_are_counted_and_told) {
  record_journal journal;
  const record_outlet out{&journal, nullptr};
  flow_book book(16, {}, {"uplink"});
  flow_teller flows;
  for (std::uint64_t i = 0; i < flow_teller::waiting_max + 7; ++i) flows.ended(i);
  EXPECT_EQ(flows.lost(), 7U);
  flows.tick(book, at(1), out);  // the book has let go of them
  EXPECT_EQ(flows.lost(), 7U + flow_teller::records_a_second);
  gap_teller gaps(nullptr, {{}, [&] { return flows.lost(); }, {}});
  gaps.tick(at(2), out);
  gaps.tick(at(20), out);
  const auto told = all_of<gap_record>(journal);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].what, "records");
  EXPECT_EQ(told[0].count, flows.lost());
}

TEST(record_losses, an_end_that_is_not_told_gives_its_place_to_others) {
  constexpr std::uint64_t many = flow_teller::waiting_max;
  flow_book book(16, {}, {"uplink"});
  auto seen = event_of(kind::verdict, 3 * many, 0.2);
  seen.what.voip = true;
  book.on_event(seen);
  for (const bool in_book : {true, false}) {
    record_journal journal;
    const record_outlet out{&journal, nullptr};
    flow_teller flows;
    for (std::uint64_t i = 0; in_book && i < many; ++i) flows.ended(many + i);
    for (std::uint64_t i = 0; i < many; ++i) flows.changed(i);
    for (std::uint64_t i = 0; i < many; ++i) in_book ? flows.ended(i) : flows.gone(i);
    EXPECT_EQ(flows.lost(), many);
    flows.gone(0);  // nothing was told of it
    EXPECT_EQ(flows.lost(), many);
    flows.changed(seen.flow.id);
    for (int t = 1; t < 20; ++t) flows.tick(book, at(t), out);
    EXPECT_THAT(all_of<flow_record>(journal), SizeIs(1)) << in_book;
  }
}

TEST_F(making, an_engine_that_follows_a_dead_one_tells_the_outage_first) {
  record_journal fresh;
  shared.absent_since_ns.store(at(3).ns);
  gap_teller gaps(&shared, {});
  gaps.begin(at(5), {&fresh, nullptr});
  const auto told = all_of<gap_record>(fresh);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].what, "engine");
  EXPECT_EQ(told[0].from, at(3));
  EXPECT_EQ(told[0].to, at(5));
  EXPECT_EQ(shared.absent_since_ns.load(), 0);
}

TEST_F(making, the_end_tells_what_runs) {
  send(kind::verdict, 0.2);
  thread->step(at(0.2));
  run_call(1, 3);
  auto carried = event_of(kind::progress, 9, 3);
  carried.totals.bytes = {1 << 20, 5};
  ASSERT_TRUE(events.push(carried));
  thread->step(at(3.5));
  maker->finish(thread->state(), at(4));
  ASSERT_FALSE(all_of<call_record>(journal).empty());
  EXPECT_TRUE(all_of<call_record>(journal).back().ended);
  EXPECT_THAT(all_of<traffic_record>(journal), SizeIs(1));
  EXPECT_FALSE(all_of<host_record>(journal).empty());
}

}  // namespace
}  // namespace callweir::engine

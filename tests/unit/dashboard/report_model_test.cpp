// What a report makes of records: treatments, outcomes, bystanders, bounds, honest words.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "base/applications.hpp"
#include "dashboard/report/call_digest.hpp"
#include "dashboard/report/findings.hpp"
#include "tests/unit/dashboard/report_fixture.hpp"

namespace callweir::dashboard {
namespace {

using testing::at;
using testing::degraded_call;
using testing::one_call;

// Wednesday, 18 November 2026, of Berlin.
const period day{at(1794956400), at(1795042800)};

policy_total line(const char* name, const char* match, const char* action) {
  policy_total out;
  out.sums.name = name;
  out.sums.match = match;
  out.sums.action = action;
  out.sums.mode = "enforce";
  return out;
}

testing::made_up_store empty_store() {
  testing::made_up_store out;
  out.known = day;
  out.policy_list = {
      line("pbx", "{ group: pbx }", "prioritise"),
      line("softphones", "{ voip: true, p2p: true }", "{ degrade: { mos: 1.8, ramp: 10s } }"),
      line("rest", "{}", "allow")};
  return out;
}

report_model model_of(testing::made_up_store& store, const model_limits& limits = {}) {
  auto model = ask_report_model(store, testing::request_of(day, report_format::html), limits);
  EXPECT_TRUE(model) << model.error().text();
  return std::move(*model);
}

std::uint64_t treated(const report_model& model, treatment what) {
  return model.treated[static_cast<std::size_t>(what)];
}

call_record acted(int number, const char* policy, const char* action) {
  auto call = one_call(number, app_webrtc, day.from);
  call.actions = {{policy, action, call.flows, day.from}};
  return call;
}

TEST(report_model, treatments) {
  auto store = empty_store();
  store.call_list = {acted(1, "pbx", "prioritise"),     acted(2, "rest", "allow"),
                     one_call(3, app_webrtc, day.from), one_call(4, app_sip, day.from),
                     acted(5, "lost-line", "limit"),    acted(6, "lost-line", "block"),
                     degraded_call(7, day.from),        acted(8, "rest", "allow")};
  store.call_list[7].emergency = true;
  // The strongest counts: prioritised voice, limited video.
  store.call_list.push_back(acted(9, "pbx", "prioritise"));
  store.call_list.back().actions.push_back({"no-video", "limit", {}, day.from});
  const auto model = model_of(store);
  EXPECT_EQ(treated(model, treatment::authorised), 3U);  // 1, 4, 8
  EXPECT_EQ(treated(model, treatment::tolerated), 2U);   // 2, 3
  EXPECT_EQ(treated(model, treatment::limited), 2U);
  EXPECT_EQ(treated(model, treatment::degraded), 1U);
  EXPECT_EQ(treated(model, treatment::blocked), 1U);
  EXPECT_EQ(model.beside.emergency, 1U);
  EXPECT_EQ(model.beside.emergency_throttled, 0U);
  EXPECT_EQ(model.policies[0].calls, 2U);
  ASSERT_EQ(model.throttled.size(), 4U);
  EXPECT_EQ(model.throttled.back().policy, "no-video");
}

TEST(report_model, texts_of_policies_are_understood) {
  const auto degrade =
      read_policy_meaning("{ voip: true }", "{ degrade: { mos: 1.8, ramp: 1min } }");
  EXPECT_TRUE(degrade.names_something);
  EXPECT_EQ(degrade.mos, 1.8);
  EXPECT_EQ(degrade.ramp_s, 60);
  EXPECT_FALSE(read_policy_meaning("{}", "allow").names_something);
  EXPECT_FALSE(read_policy_meaning("", "allow").names_something);
  EXPECT_FALSE(read_policy_meaning("{}", "{ limit: { rate: 40kbit } }").mos);
  EXPECT_FALSE(read_policy_meaning("{}", "{ degrade: { mos: nan } }").mos);
  EXPECT_FALSE(read_policy_meaning("{}", "{ degrade: { mos: 99 } }").mos);
}

TEST(report_model, calls_too_short_are_not_judged) {
  auto store = empty_store();
  for (int i = 0; i < 10; ++i) store.call_list.push_back(degraded_call(i, day.from));
  store.call_list[0].end = store.call_list[0].start + std::chrono::seconds(39);
  store.call_list[1].mos = {2.4, 1.8};
  store.call_list[2].mos = {};
  store.call_list[3].mos = {1e9, -4};
  const auto model = model_of(store);
  EXPECT_EQ(model.degraded.calls, 10U);
  EXPECT_EQ(model.degraded.brief, 1U);
  EXPECT_EQ(model.degraded.judged, 7U);
  EXPECT_EQ(model.degraded.reached, 6U);
  EXPECT_EQ(model.degraded.target_low, 1.8);
  const auto found = find(model);
  EXPECT_EQ(found.worked.answer, "Yes");
  EXPECT_EQ(found.worked.mood, tone::good);
}

/// Throttling from 12:00 to 12:05; authorised calls before, meanwhile and after, with these MOS.
testing::made_up_store beside(double before, double during, double after, int each) {
  auto store = empty_store();
  const auto noon = day.from + std::chrono::hours(12);
  for (int i = 0; i < 5; ++i)
    store.call_list.push_back(degraded_call(i, noon + std::chrono::minutes(i)));
  const auto add = [&](time_point start, double mos) {
    auto call = one_call(100, app_sip, start);
    call.mos_before = {mos, mos};
    store.call_list.push_back(call);
  };
  for (int i = 0; i < each; ++i) {
    add(noon - std::chrono::minutes(10 + i), before);
    add(noon + std::chrono::seconds(30 + i), during);
    add(noon + std::chrono::minutes(20 + i), after);
    add(noon + std::chrono::hours(5), 3.0);
  }
  return store;
}

TEST(report_model, bystanders_are_compared_in_time) {
  auto store = beside(4.2, 4.2, 4.1, 8);
  const auto model = model_of(store);
  const auto& of = model.beside;
  EXPECT_EQ(of.stretches, 1U);
  EXPECT_EQ(of.before.calls, 8U);
  EXPECT_EQ(of.during.calls, 8U);
  EXPECT_EQ(of.after.calls, 8U);
  EXPECT_EQ(of.quiet.calls, 8U);
  EXPECT_NEAR(of.during.median, 4.2, 1e-6);
  EXPECT_EQ(find(model).harmed.answer, "No harm found");
}

TEST(report_model, harm_is_said) {
  auto store = beside(4.2, 3.9, 4.2, 8);
  const auto found = find(model_of(store));
  EXPECT_EQ(found.harmed.answer, "Perhaps");
  EXPECT_EQ(found.harmed.mood, tone::warning);
  auto emergency = beside(4.2, 4.2, 4.2, 8);
  emergency.call_list[0].emergency = true;
  const auto worse = find(model_of(emergency));
  EXPECT_EQ(worse.harmed.answer, "Yes");
  EXPECT_EQ(worse.harmed.mood, tone::bad);
}

TEST(report_model, too_little_is_not_judged) {
  auto store = beside(4.2, 3.0, 4.2, 2);
  const auto found = find(model_of(store));
  EXPECT_EQ(found.harmed.answer, "Too few to tell");
  EXPECT_EQ(found.harmed.mood, tone::quiet);
  auto few = empty_store();
  few.call_list = {degraded_call(1, day.from)};
  const auto of_few = find(model_of(few));
  EXPECT_EQ(of_few.worked.answer, "1 of 1 call");
  EXPECT_EQ(of_few.worked.mood, tone::quiet);
  few.call_list[0].end = few.call_list[0].start + std::chrono::seconds(20);
  EXPECT_EQ(find(model_of(few)).worked.answer, "Too few to judge");
  EXPECT_EQ(of_few.harmed.answer, "Nobody in reach");
}

TEST(report_model, another_link_is_not_beside) {
  auto store = beside(4.2, 3.0, 4.2, 8);
  using grouping = traffic_query::grouping;
  for (const char* name : {"uplink", "backup"}) {
    traffic_series link;
    link.key = name;
    store.traffic_list[grouping::link].push_back(link);
  }
  for (const auto& call : store.call_list) {
    flow_record flow;
    flow.link = call.app == app_sip ? "backup" : "uplink";
    store.flow_list[call.flows.front()] = flow;
  }
  const auto model = model_of(store);
  EXPECT_EQ(model.beside.during.calls, 0U);
  EXPECT_EQ(model.beside.quiet.calls, 32U);
  store.flow_list.clear();
  EXPECT_EQ(model_of(store).beside.link_unknown, 37U);
}

TEST(report_model, nothing_at_all_is_said_as_such) {
  testing::made_up_store store;
  const auto model = model_of(store);
  const auto found = find(model);
  EXPECT_EQ(found.seen.answer, "Nothing");
  EXPECT_EQ(found.throttled.answer, "Nothing");
  EXPECT_EQ(found.worked.answer, "Nothing to judge");
  EXPECT_EQ(found.harmed.answer, "Nobody could be");
  ASSERT_EQ(model.notes.size(), 1U);
  EXPECT_EQ(model.notes[0], "The store holds no records at all.");
}

TEST(report_model, lists_are_bounded_and_the_rest_is_counted) {
  auto store = testing::busy_store(day, 2'000);
  model_limits limits;
  limits.calls_listed = 100;
  limits.calls_read = 1'500;
  limits.hosts_listed = 5;
  std::uint64_t seen = 0;
  const auto model = *ask_report_model(store, testing::request_of(day, report_format::html), limits,
                                       [&](const call_line&) { ++seen; });
  EXPECT_EQ(seen, 1'500U);
  EXPECT_EQ(model.calls, 1'500U);
  EXPECT_EQ(model.calls_not_read, 500U);
  EXPECT_EQ(model.throttled.size(), 70U);
  EXPECT_EQ(model.others.size(), 30U);
  EXPECT_EQ(model.throttled.size() + model.more_throttled.calls + model.others.size() +
                model.more_others.calls,
            1'500U);
  EXPECT_EQ(model.softphone_hosts.size(), 5U);
  EXPECT_EQ(model.softphone_hosts_unlisted, 7U);
}

TEST(report_model, periods_that_cannot_be_are_errors) {
  testing::made_up_store store;
  auto request = testing::request_of({day.to, day.from}, report_format::html);
  EXPECT_FALSE(make_report(store, request));
  request.when = {at(0), at(4e9)};
  EXPECT_FALSE(make_report(store, request));
  request.when = day;
  request.timezone = "Mars/Olympus";
  const auto made = make_report(store, request);
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().text().find("Mars/Olympus"), std::string::npos);
  store.broken = true;
  store.call_list = {degraded_call(1, day.from)};
  request.timezone = "UTC";
  EXPECT_EQ(make_report(store, request).error().what, "the store is broken");
}

TEST(report_model, periods_not_over_and_not_begun_are_said) {
  auto store = empty_store();
  auto request = testing::request_of(day, report_format::json);
  request.made = day.from + std::chrono::hours(9);
  auto notes = ask_report_model(store, request, {})->notes;
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes[0], "The period is not over: what is said holds up to 18 Nov 2026, 09:00.");
  request.made = day.from - std::chrono::hours(9);
  notes = ask_report_model(store, request, {})->notes;
  EXPECT_EQ(notes.at(0), "The period lies in the future: there is nothing to report yet.");
}

}  // namespace
}  // namespace callweir::dashboard

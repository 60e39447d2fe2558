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
  EXPECT_EQ(treated(model, treatment::authorised), 2U);  // 1, 8
  EXPECT_EQ(treated(model, treatment::tolerated), 3U);  // 2, 3, and 4: in clear, but nobody said so
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
  store.call_list[4].mos = {1.8, std::nullopt};  // half of it is not known to have worked
  store.call_list[5].mos = {std::nullopt, 3.0};  // and this is known not to
  store.call_list[6].actions[0].policy = "lost-line";
  const auto model = model_of(store);
  EXPECT_EQ(model.degraded.calls, 10U);
  EXPECT_EQ(model.degraded.brief, 1U);
  EXPECT_EQ(model.degraded.unknown, 4U);
  EXPECT_EQ(model.degraded.judged, 5U);
  EXPECT_EQ(model.degraded.reached, 3U);
  EXPECT_EQ(model.degraded.target_low, 1.8);
  EXPECT_EQ(find(model).worked.answer, "Partly");
  for (int i = 1; i < 7; ++i)
    store.call_list[static_cast<std::size_t>(i)] = degraded_call(i, day.from);
  const auto found = find(model_of(store));
  EXPECT_EQ(found.worked.answer, "Yes");
  EXPECT_EQ(found.worked.mood, tone::good);
}

/// MOS at the end of each ten seconds from the call's start on.
mos_course course_of(const call_record& call, const std::vector<double>& mos) {
  mos_course out;
  out.from_s = call.start.ns / 1'000'000'000;
  out.step_s = 10;
  for (const double value : mos) {
    for (auto& way : out.mos) way.emplace_back(value);
  }
  return out;
}

TEST(report_model, released_calls_are_judged_by_what_they_were_held_at) {
  auto store = empty_store();
  for (int i = 0; i < 6; ++i) {
    auto call = degraded_call(i, day.from);
    call.end = call.start + std::chrono::seconds(120);
    call.actions[0].until = call.start + std::chrono::seconds(70);
    call.mos = {4.2, 4.1};  // it recovered
    call.course = course_of(call, {4.2, 4.0, 2.6, 2.0, 1.9, 1.8, 1.8, 2.9, 4.0, 4.2, 4.2, 4.2});
    store.call_list.push_back(call);
  }
  store.call_list[5].course = {};  // of an older engine
  const auto model = model_of(store);
  EXPECT_EQ(model.degraded.judged, 5U);
  EXPECT_EQ(model.degraded.reached, 5U);
  EXPECT_EQ(model.degraded.unknown, 1U);
  EXPECT_NEAR(model.degraded.after.median, 1.8, 1e-6);
  EXPECT_EQ(model.throttled[0].mos_throttled[0], 1.8);
  EXPECT_FALSE(model.throttled[5].mos_throttled[0]);
  EXPECT_EQ(find(model).worked.answer, "Yes");
}

TEST(report_model, a_call_let_go_within_the_ramp_is_not_judged) {
  auto store = empty_store();
  store.call_list = {degraded_call(1, day.from)};
  store.call_list[0].actions[0].until = store.call_list[0].start + std::chrono::seconds(25);
  const auto model = model_of(store);
  EXPECT_EQ(model.degraded.brief, 1U);
  EXPECT_EQ(model.degraded.judged, 0U);
}

/// Throttling from 12:00 to 12:05; authorised calls before, meanwhile and after, with these MOS.
testing::made_up_store beside(double before, double during, double after, int each,
                              bool authorised = true) {
  auto store = empty_store();
  const auto noon = day.from + std::chrono::hours(12);
  for (int i = 0; i < 5; ++i)
    store.call_list.push_back(degraded_call(i, noon + std::chrono::minutes(i)));
  const auto add = [&](time_point start, double mos) {
    auto call = one_call(100, app_sip, start);
    call.mos_before = {mos, mos};
    if (authorised) call.actions = {{"pbx", "prioritise", call.flows, start}};
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
  const auto& of = model.beside.authorised;
  EXPECT_EQ(model.beside.stretches, 1U);
  EXPECT_EQ(of.before.calls, 8U);
  EXPECT_EQ(of.during.calls, 8U);
  EXPECT_EQ(of.after.calls, 8U);
  EXPECT_EQ(of.quiet.calls, 8U);
  EXPECT_NEAR(of.during.median, 4.2, 1e-6);
  EXPECT_EQ(model.beside.tolerated.during.calls, 0U);
  EXPECT_EQ(find(model).harmed.answer, "No harm found");
}

TEST(report_model, tolerated_calls_are_looked_at_and_named_apart) {
  auto store = beside(4.2, 3.9, 4.2, 8, false);
  const auto model = model_of(store);
  EXPECT_EQ(model.beside.authorised.during.calls, 0U);
  EXPECT_EQ(model.beside.tolerated.during.calls, 8U);
  const auto found = find(model);
  EXPECT_EQ(found.harmed.answer, "Perhaps");
  EXPECT_NE(found.harmed.sentences.at(0).find("8 tolerated calls"), std::string::npos);
}

/// One authorised call of two minutes, of which others were degraded in the second.
testing::made_up_store alongside(double apart, double meanwhile) {
  auto store = empty_store();
  const auto noon = day.from + std::chrono::hours(12);
  auto others = degraded_call(1, noon);
  others.actions[0].since = noon + std::chrono::seconds(60);
  others.end = noon + std::chrono::seconds(120);
  auto call = one_call(2, app_sip, noon);
  call.end = others.end;
  call.actions = {{"pbx", "prioritise", call.flows, noon}};
  std::vector<double> mos(6, apart);
  mos.insert(mos.end(), 6, meanwhile);
  mos[6] = 1.0;  // of a window that has some of both: it says nothing
  call.course = course_of(call, mos);
  store.call_list = {others, call};
  return store;
}

TEST(report_model, one_call_is_compared_with_itself) {
  auto store = alongside(4.4, 4.4);
  const auto model = model_of(store);
  const auto& of = model.beside.authorised;
  EXPECT_EQ(of.both_times, 1U);
  EXPECT_EQ(of.lowered, 0U);
  EXPECT_EQ(of.before.calls, 1U);
  EXPECT_EQ(of.during.calls, 1U);
  EXPECT_NEAR(of.during.median, 4.4, 1e-6);
  const auto found = find(model);
  EXPECT_EQ(found.harmed.answer, "No harm found");
  EXPECT_EQ(found.harmed.mood, tone::good);
  ASSERT_EQ(found.harmed.sentences.size(), 1U);
  EXPECT_NE(found.harmed.sentences[0].find("MOS 4.4 without, 4.4 with"), std::string::npos);
  auto worse = alongside(4.4, 4.1);
  EXPECT_EQ(model_of(worse).beside.authorised.lowered, 1U);
  EXPECT_EQ(find(model_of(worse)).harmed.answer, "Perhaps");
  auto better = alongside(4.1, 4.4);
  EXPECT_EQ(model_of(better).beside.authorised.raised, 1U);
  EXPECT_EQ(find(model_of(better)).harmed.answer, "No harm found");
}

TEST(report_model, when_a_call_was_let_go_its_neighbours_are_out_of_it) {
  auto store = alongside(4.4, 4.4);
  store.call_list[0].actions[0].until = store.call_list[0].actions[0].since;
  EXPECT_EQ(model_of(store).beside.authorised.both_times, 0U);
}

policy_total version_of(policy_total of, double first_hour, double last_hour,
                        std::uint32_t position) {
  of.first = day.from + from_seconds(first_hour * 3600);
  of.sums.at = day.from + from_seconds(last_hour * 3600);
  of.sums.position = position;
  of.sums.flows = 10;
  return of;
}

TEST(report_model, of_versions_of_a_line_the_newest_describes_it) {
  auto store = empty_store();
  const char* degrade = "{ degrade: { mos: 1.8, ramp: 10s } }";
  auto observed = version_of(line("softphones", "{ voip: true }", degrade), 0, 2, 0);
  observed.sums.mode = "observe";
  store.policy_list = {
      version_of(line("softphones", "{ voip: true, p2p: true }", degrade), 4, 24, 3),
      version_of(line("softphones", "{ voip: true }", degrade), 2, 4, 1),
      observed,
      version_of(line("sip", "{ app: [SIP] }", "allow"), 12, 24, 0),
      version_of(line("sip", "{}", "allow"), 0, 12, 0),
      version_of(line("mild", "{ app: [Tox] }", "{ degrade: { mos: 2.8, ramp: 10s } }"), 0, 12, 2),
      version_of(line("mild", "{ app: [Tox] }", "{ degrade: { mos: 1.8, ramp: 10s } }"), 12, 24,
                 2)};
  const auto call_at = [&](int hour, const char* policy, const char* action, double mos) {
    auto call = degraded_call(hour, day.from + std::chrono::hours(hour));
    call.actions[0].policy = policy;
    call.actions[0].action = action;
    call.mos = {mos, mos};
    return call;
  };
  store.call_list = {call_at(20, "mild", "degrade", 1.9), call_at(6, "mild", "degrade", 2.9),
                     call_at(6, "sip", "allow", 4.2), call_at(20, "sip", "allow", 4.2),
                     call_at(3, "softphones", "degrade", 1.8)};
  const auto model = model_of(store);
  EXPECT_EQ(treated(model, treatment::tolerated), 1U);
  EXPECT_EQ(treated(model, treatment::authorised), 1U);
  EXPECT_EQ(model.degraded.reached, 3U) << "each by the target of its time";
  ASSERT_EQ(model.policies.size(), 5U);
  std::map<std::pair<std::string, std::string>, policy_line> lines;
  for (const auto& each : model.policies) lines[{each.sums.name, each.sums.mode}] = each;
  const auto& newest = lines.at({"softphones", "enforce"});
  EXPECT_EQ(newest.sums.match, "{ voip: true, p2p: true }");
  EXPECT_EQ(newest.sums.position, 3U);
  EXPECT_EQ(newest.sums.flows, 20U);
  EXPECT_EQ(newest.calls, 1U);
  EXPECT_FALSE(newest.over);
  EXPECT_EQ(newest.first, day.from + std::chrono::hours(2));
  const auto& observing = lines.at({"softphones", "observe"});
  EXPECT_EQ(observing.sums.flows, 10U);
  EXPECT_EQ(observing.calls, 0U);
  EXPECT_TRUE(observing.over);
  EXPECT_EQ(lines.at({"sip", "enforce"}).calls, 2U);
}

TEST(report_model, gaps_that_overlap_count_once) {
  auto store = empty_store();
  const auto gap = [](double from, double to, const char* what, std::uint64_t count) {
    return gap_record{day.from + from_seconds(from), day.from + from_seconds(to), what, count, "x"};
  };
  store.gap_list = {gap(50, 70, "engine", 0),   gap(-100, 20, "engine", 0),
                    gap(10, 60, "engine", 0),   gap(55, 56, "engine", 0),
                    gap(200, 210, "engine", 0), gap(86'000, 1e6, "overload", 0),
                    gap(0, 0, "records", 7),    gap(5, 5, "records", 8)};
  const auto model = model_of(store);
  ASSERT_EQ(model.gap_sums.size(), 3U);
  EXPECT_EQ(model.gap_sums[0].what, "engine");
  EXPECT_EQ(model.gap_sums[0].times, 5U);
  EXPECT_NEAR(model.gap_sums[0].seconds, 80, 1e-6);
  EXPECT_NEAR(model.gap_sums[1].seconds, 400, 1e-6);
  EXPECT_EQ(model.gap_sums[2].count, 15U);
  EXPECT_EQ(model.gaps.size(), 8U);
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
  EXPECT_EQ(model.beside.authorised.during.calls, 0U);
  EXPECT_EQ(model.beside.authorised.quiet.calls, 32U);
  store.flow_list.clear();
  EXPECT_EQ(model_of(store).beside.link_unknown, 37U);
  for (auto& call : store.call_list) call.link = call.app == app_sip ? "backup" : "uplink";
  const auto told = model_of(store);
  EXPECT_EQ(told.beside.link_unknown, 0U);
  EXPECT_EQ(told.beside.authorised.during.calls, 0U);
  EXPECT_EQ(told.beside.authorised.quiet.calls, 32U);
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

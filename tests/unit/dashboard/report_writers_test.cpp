// The forms: html as a structure, csv and json to the letter, pdf through a child process.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/applications.hpp"
#include "dashboard/report/pdf.hpp"
#include "dashboard/report/svg.hpp"
#include "dashboard/report/writers.hpp"
#include "tests/unit/dashboard/report_fixture.hpp"

namespace callweir::dashboard {
namespace {

using testing::at;

const period day{at(1794956400), at(1795042800)};

std::string made(testing::made_up_store& store, report_format format, bool pseudonymise = false) {
  auto request = testing::request_of(day, format);
  request.pseudonymise = pseudonymise;
  request.pseudonym_key = std::string(32, 'k');
  auto out = make_report(store, request);
  EXPECT_TRUE(out) << out.error().text();
  return out.value_or("");
}

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t n = 0;
  for (auto at_ = text.find(what); at_ != std::string::npos; at_ = text.find(what, at_ + 1)) ++n;
  return n;
}

/// Every element is closed in order; void elements aside. "" or the one that is not.
std::string unbalanced(const std::string& html) {
  std::vector<std::string> open;
  for (auto tag = html.find('<', html.find("<body>")); tag != std::string::npos;
       tag = html.find('<', tag + 1)) {
    const auto end = html.find('>', tag);
    if (end == std::string::npos) return html.substr(tag, 20);
    const bool closes = html[tag + 1] == '/';
    const auto name_at = tag + (closes ? 2 : 1);
    const auto name = html.substr(name_at, html.find_first_of(" >/", name_at) - name_at);
    if (name == "br" || name == "col" || html[end - 1] == '/') continue;
    if (!closes) {
      open.push_back(name);
    } else if (name != "html") {
      if (open.empty() || open.back() != name) return name;
      open.pop_back();
    }
  }
  return open.empty() ? "" : open.back();
}

bool has_address(const std::string& text) {
  for (const char* network : {"10.1.0.", "10.0.5.", "203.0.113."}) {
    if (text.find(network) != std::string::npos) return true;
  }
  return false;
}

TEST(report_html, is_whole_accessible_and_needs_nothing_from_outside) {
  auto store = testing::busy_store(day, 300);
  const auto html = made(store, report_format::html);
  EXPECT_EQ(unbalanced(html), "");
  EXPECT_EQ(count(html, "<h1>"), 1U);
  EXPECT_NE(html.find("<html lang=\"en\">"), std::string::npos);
  EXPECT_NE(html.find("<h1>Wednesday, 18 November 2026</h1>"), std::string::npos);
  for (const char* id : {"traffic", "calls", "hosts", "policies", "appliance", "reading"})
    EXPECT_EQ(count(html, fmt::format("<section id=\"{}\"", id)), 1U) << id;
  for (const char* foreign : {"<script", "<link", "<img", "@import", "url(", "<iframe"})
    EXPECT_EQ(html.find(foreign), std::string::npos) << foreign;
  EXPECT_EQ(count(html, "http"), count(html, "http://www.w3.org/2000/svg"));
  EXPECT_EQ(count(html, "role=\"img\""), 6U);  // four of the first page, two over time
  EXPECT_EQ(count(html, "role=\"img\""), count(html, "<desc id="));
  EXPECT_EQ(count(html, "<svg"), count(html, "role=\"img\"") + count(html, "aria-hidden=\"true\""));
  EXPECT_EQ(count(html, "<table>"), count(html, "<thead>"));
  EXPECT_EQ(count(html, "<th scope="), count(html, "<th "));
}

TEST(report_html, policies_are_shown_without_braces) {
  auto store = testing::busy_store(day, 10);
  const auto html = made(store, report_format::html);
  EXPECT_NE(html.find("<code>voip: true, p2p: true, schedule: office</code>"), std::string::npos);
  EXPECT_NE(html.find("<code>degrade: { mos: 1.8, ramp: 10s }</code>"), std::string::npos);
  EXPECT_NE(html.find("<td>anything</td><td><code>allow</code></td>"), std::string::npos);
}

TEST(report_html, neighbours_are_drawn_only_where_there_were_some) {
  auto store = testing::busy_store(day, 300);
  EXPECT_NE(made(store, report_format::html).find(">meanwhile<"), std::string::npos);
  std::erase_if(store.call_list, [](const auto& call) { return call.mos == call.mos_before; });
  EXPECT_EQ(made(store, report_format::html).find(">meanwhile<"), std::string::npos);
}

TEST(report_html, is_proper_with_nothing_to_say) {
  testing::made_up_store store;
  const auto html = made(store, report_format::html);
  EXPECT_EQ(unbalanced(html), "");
  EXPECT_NE(html.find("No call was seen in this period."), std::string::npos);
  EXPECT_NE(html.find("No traffic is on record"), std::string::npos);
  EXPECT_EQ(html.find("<svg"), std::string::npos);
  EXPECT_EQ(html.find("nan"), std::string::npos);
}

testing::made_up_store hostile_store() {
  auto store = testing::busy_store(day, 0);
  const std::string evil = "</td><script>alert(1)</script>\"' onload=x \xff\x01";
  auto call = testing::degraded_call(1, day.from);
  call.codec = "=cmd|' /C calc'!A0";
  call.reasons = {evil};
  call.actions[0].policy = "@" + evil;
  store.call_list = {call};
  store.policy_list[3].sums.name = evil;
  store.policy_list[3].sums.match = evil;
  store.gap_list[0].reason = evil;
  store.audit_list[0].what = evil;
  store.traffic_list[traffic_query::grouping::app][0].key = evil;
  return store;
}

TEST(report_html, hostile_words_stay_words) {
  auto store = hostile_store();
  auto request = testing::request_of(day, report_format::html);
  request.site = "<b>site</b>";
  const auto html = *make_report(store, request);
  EXPECT_EQ(unbalanced(html), "");
  EXPECT_EQ(html.find("<script"), std::string::npos);
  EXPECT_EQ(html.find("<b>site"), std::string::npos);
  EXPECT_EQ(html.find('\x01'), std::string::npos);
  EXPECT_EQ(html.find('\xff'), std::string::npos);
}

TEST(report_html, pseudonyms_leave_no_address) {
  auto store = testing::busy_store(day, 200);
  for (const auto format : {report_format::html, report_format::json, report_format::csv}) {
    EXPECT_TRUE(has_address(made(store, format)));
    const auto hidden = made(store, format, true);
    EXPECT_FALSE(has_address(hidden));
    EXPECT_NE(hidden.find("addr-"), std::string::npos);
  }
}

TEST(report_html, the_same_input_gives_the_same_bytes) {
  auto store = testing::busy_store(day, 500);
  for (const auto format : {report_format::html, report_format::json, report_format::csv})
    EXPECT_EQ(made(store, format), made(store, format));
}

TEST(report_csv, one_row_a_call_to_the_letter) {
  testing::made_up_store store;
  store.call_list = {testing::degraded_call(7, day.from + std::chrono::hours(9))};
  EXPECT_EQ(
      made(store, report_format::csv),
      "calls,id,begin,end,begin_utc_s,seconds,application,initiator,responder,others,codec,media,"
      "p2p,relayed,emergency,confidence,treatment,policy,mos_before_out,mos_before_back,mos_out,"
      "mos_back,mos_throttled_out,mos_throttled_back,mos_scale,inflicted_loss_out,inflicted_loss_"
      "back,added_delay_out_ms,"
      "added_delay_back_ms,reasons\r\n"
      "1,c7,2026-11-18 09:00:00,2026-11-18 09:01:00,1794988800.000,60.0,Skype,10.1.0.8,"
      "203.0.113.8,,opus~24k,voice,true,false,false,0.97,degraded,softphones,4.20,4.10,1.80,1.90,"
      "1.80,1.90,fb,0.1100,0.1200,250.0,250.0,\"packets leave at the frame interval of a voice "
      "codec; both "
      "directions send at about the same rate, as people in a talk do\"\r\n");
}

TEST(report_csv, formulas_are_defused_and_rows_stay_rows) {
  auto store = hostile_store();
  store.call_list[0].reasons.push_back("a\r\nb,\"c\"");
  const auto csv = made(store, report_format::csv);
  EXPECT_EQ(count(csv, "\n"), 2U);
  EXPECT_NE(csv.find(",\"'=cmd|"), std::string::npos);
  EXPECT_NE(csv.find(",\"'@<"), std::string::npos);
  EXPECT_NE(csv.find("a  b,\"\"c\"\""), std::string::npos);
}

TEST(report_csv, calls_that_are_not_listed_are_counted_in_as_many_columns) {
  std::string rest;
  append_csv_rest(rest, 1'234);
  const auto commas = count(csv_heading(), ",");
  EXPECT_EQ(count(rest, ","), commas);
  EXPECT_TRUE(rest.starts_with("1234,not listed,"));
}

TEST(report_json, an_empty_period_to_the_letter) {
  testing::made_up_store store;
  auto request =
      testing::request_of({day.from, day.from + std::chrono::minutes(10)}, report_format::json);
  request.made = day.from + std::chrono::hours(3 * 24);
  const auto json = *make_report(store, request);
  EXPECT_EQ(
      json.substr(0, json.find(",\"findings\"")),
      "{\"type\":\"report\",\"version\":2,\"site\":\"hq-berlin\",\"timezone\":\"Europe/Berlin\","
      "\"title\":\"18 Nov 2026, 00:00 to 00:10\",\"from\":1794956400.0,"
      "\"to\":1794957000.0,\"made\":1795215600.0,\"pseudonymised\":false,"
      "\"notes\":[\"The store holds no records at all.\"],\"summary\":\"Nothing is on record for "
      "this period: no traffic, no call. What the appliance says of itself is at the end.\"");
  EXPECT_EQ(json.substr(json.find(",\"calls\":{")),
            ",\"calls\":{\"count\":0,\"not_read\":0,\"seconds\":0.0,\"authorised\":0,"
            "\"tolerated\":0,\"limited\":0,\"degraded\":0,\"blocked\":0,\"applications\":[],"
            "\"throttled\":[],\"throttled_not_listed\":0,\"left_alone\":[],"
            "\"left_alone_not_listed\":0},\"traffic\":{\"bytes\":[0,0],\"packets\":[0,0],"
            "\"call_bytes\":0,\"dropped\":0,\"delayed\":0,\"calls_at_once\":0,"
            "\"throttled_at_once\":0,\"over_time\":{\"step\":\"5 minutes\","
            "\"edges\":[1794956400.0,1794956700.0,1794957000.0],\"bytes\":[0,0],"
            "\"call_bytes\":[0,0],\"calls_at_once\":[0,0],\"throttled_at_once\":[0,0]},"
            "\"applications\":[],\"hosts\":[],\"links\":[]},\"hosts\":{\"seen\":0,"
            "\"seen_is_lower_bound\":false,\"softphones\":[],\"softphones_not_listed\":0},"
            "\"policies\":[],\"appliance\":{\"gap_sums\":[],\"gaps\":[],\"gaps_not_listed\":0,"
            "\"changes\":[],\"changes_not_listed\":0}}\n");
}

TEST(report_json, can_be_read_whatever_the_records_hold) {
  for (auto store : {testing::busy_store(day, 300), hostile_store()}) {
    boost::system::error_code why;
    const auto tree = boost::json::parse(made(store, report_format::json), why);
    ASSERT_FALSE(why) << why.message();
    const auto& calls = tree.at("calls").as_object();
    EXPECT_EQ(calls.at("count").to_number<std::size_t>(), store.call_list.size());
    EXPECT_EQ(tree.at("traffic").at("over_time").at("bytes").as_array().size(), 24U);
  }
}

TEST(report_pdf, programs_are_fed_and_read) {
  const std::string much(3 << 20, 'x');
  const auto same = run_filter({"cat"}, much, {});
  ASSERT_TRUE(same) << same.error().text();
  EXPECT_EQ(*same, much);
  EXPECT_TRUE(run_filter({"true"}, much, {})) << "one that does not read is no error by itself";
}

TEST(report_pdf, programs_are_bounded) {
  child_limits limits;
  limits.time = std::chrono::milliseconds(200);
  const auto slow = run_filter({"sleep", "20"}, "", limits);
  ASSERT_FALSE(slow);
  EXPECT_NE(slow.error().text().find("took longer"), std::string::npos);
  limits.time = std::chrono::seconds(20);
  limits.output_bytes = 1'000;
  EXPECT_FALSE(run_filter({"cat"}, std::string(100'000, 'x'), limits));
  const auto failed = run_filter({"ls", "--no-such-option"}, "", limits);
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().text().find("exit code 2"), std::string::npos);
}

TEST(report_pdf, a_missing_program_is_told_apart) {
  bool missing = false;
  EXPECT_FALSE(run_filter({"callweir-no-such-program"}, "", {}, &missing));
  EXPECT_TRUE(missing);
}

TEST(report_pdf, without_weasyprint_the_package_is_named) {
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", "/nonexistent", 1);
  const auto pdf = make_pdf("<p>x</p>", at(1));
  ::setenv("PATH", path.c_str(), 1);
  ASSERT_FALSE(pdf);
  EXPECT_NE(pdf.error().text().find("apt-get install weasyprint"), std::string::npos);
}

TEST(report_svg, coordinates_are_short_and_never_strange) {
  EXPECT_EQ(coordinate(12), "12");
  EXPECT_EQ(coordinate(-0.04), "0");
  EXPECT_EQ(coordinate(-1.26), "-1.3");
}

}  // namespace
}  // namespace callweir::dashboard

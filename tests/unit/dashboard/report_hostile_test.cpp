// Reports of stores that hold anything: whatever the records say, each form stays well formed.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <limits>
#include <random>

#include "tests/unit/dashboard/report_fixture.hpp"

namespace callweir::dashboard {
namespace {

class chance {
 public:
  explicit chance(unsigned seed) : random_(seed) {}
  std::uint64_t number(std::uint64_t below) { return random_() % below; }
  std::uint64_t any() { return number(4) == 0 ? number(10) : random_() >> number(64); }
  std::string text() {
    static constexpr std::string_view letters = "a<>&\"'=+-@,;\r\n\t\x01\xff\xc3\xa4{}10.:/";
    std::string out;
    for (auto length = number(12); length > 0; --length) out += letters[number(letters.size())];
    return number(30) == 0 ? out + std::string(20'000, 'x') : out;
  }
  std::optional<double> measure() {
    static constexpr double values[] = {0,
                                        1,
                                        1.8,
                                        4.2,
                                        5,
                                        -1,
                                        1e300,
                                        std::numeric_limits<double>::infinity(),
                                        std::numeric_limits<double>::quiet_NaN()};
    if (number(4) == 0) return std::nullopt;
    return values[number(std::size(values))];
  }
  time_point time(const period& near) {
    static constexpr std::int64_t ends[] = {0, -1, std::numeric_limits<std::int64_t>::max(),
                                            std::numeric_limits<std::int64_t>::min()};
    if (number(10) == 0) return {ends[number(4)]};
    const auto length = static_cast<std::uint64_t>((near.to - near.from).count());
    return near.from + nanoseconds{static_cast<std::int64_t>(number(length))};
  }
  ip_address address() { return {number(2) == 0 ? 0 : any(), any()}; }

 private:
  std::mt19937_64 random_;
};

call_record any_call(chance& by, const period& when) {
  static constexpr const char* actions[] = {"allow",   "prioritise", "limit",
                                            "degrade", "block",      "?"};
  call_record out;
  out.id = by.text();
  out.app = static_cast<app_id>(by.number(9));
  for (auto n = by.number(7); n > 0; --n) out.parties.push_back(by.address());
  for (auto n = by.number(3); n > 0; --n) out.flows.push_back(by.text());
  for (auto n = by.number(3); n > 0; --n) out.reasons.push_back(by.text());
  out.media = {static_cast<flow_role>(by.number(flow_role_count))};
  out.start = by.time(when);
  out.end = by.time(when);
  out.p2p = static_cast<tristate>(by.number(3));
  out.emergency = by.number(9) == 0;
  out.codec = by.text();
  for (auto* each : {&out.mos_before, &out.mos, &out.inflicted_loss, &out.added_delay_ms})
    *each = {by.measure(), by.measure()};
  for (auto n = by.number(3); n > 0; --n)
    out.actions.push_back({by.text(), actions[by.number(6)], {}, by.time(when)});
  return out;
}

testing::made_up_store any_store(chance& by, const period& when) {
  testing::made_up_store out;
  if (by.number(3) != 0) out.known = period{by.time(when), by.time(when)};
  for (auto n = by.number(40); n > 0; --n) out.call_list.push_back(any_call(by, when));
  for (auto n = by.number(5); n > 0; --n) {
    host_record host;
    host.address = by.address();
    host.roles = {by.text()};
    host.bytes = by.any();
    host.calls = static_cast<std::uint32_t>(by.any());
    host.first = by.time(when);
    host.last = by.time(when);
    out.host_list.push_back(host);
    policy_total line;
    line.sums.name = by.text();
    line.sums.match = by.text();
    line.sums.action = by.number(2) == 0 ? "{ degrade: { mos: 1.8 } }" : by.text();
    line.sums.mode = by.number(2) == 0 ? "observe" : "enforce";
    line.sums.bytes = by.any();
    line.sums.flows = by.any();
    out.policy_list.push_back(line);
    out.gap_list.push_back({by.time(when), by.time(when), by.text(), by.any() >> 1, by.text()});
    out.audit_list.push_back({by.time(when), by.text(), "bypass", by.text()});
    for (const auto grouping : {traffic_query::grouping::app, traffic_query::grouping::host,
                                traffic_query::grouping::link}) {
      traffic_series series;
      series.key = by.number(3) == 0 ? "" : by.number(2) == 0 ? by.address().text() : by.text();
      series.sum.bytes = {by.any() >> 8, by.any() >> 8};
      series.points = {{by.time(when), 1, {by.any() >> 8, by.any() >> 8}, {1, 1}}};
      out.traffic_list[grouping].push_back(series);
    }
    load_point load;
    load.at = by.time(when);
    load.bytes = {{{by.any() >> 8, by.any() >> 8}, {by.any() >> 8, by.any() >> 8}}};
    load.calls_most = static_cast<std::uint32_t>(by.any());
    out.load_list.push_back(load);
  }
  return out;
}

/// Text between tags holds no '<', and no tag is left open at the end.
bool tags_are_closed(const std::string& html) {
  bool inside = false;
  for (const char c : html.substr(html.find("</style>"))) {
    if (c == '<' && inside) return false;
    if (c == '<') inside = true;
    if (c == '>' && !inside) return false;
    if (c == '>') inside = false;
  }
  return !inside;
}

/// Columns of each line, quotes respected.
bool is_rectangular(const std::string& csv) {
  std::size_t columns = 0, commas = 0;
  bool quoted = false;
  for (const char c : csv) {
    if (c == '"') quoted = !quoted;
    if (quoted && c == '\n') return false;
    if (!quoted && c == ',') ++commas;
    if (quoted || c != '\n') continue;
    if (columns == 0) columns = commas;
    if (commas != columns) return false;
    commas = 0;
  }
  return !quoted && commas == 0;
}

TEST(report_hostile, whatever_the_store_holds) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    chance by(seed);
    const period when{testing::at(1'790'000'000 + static_cast<double>(by.number(1'000'000))),
                      testing::at(1'791'000'001 + static_cast<double>(by.number(90'000'000)))};
    auto store = any_store(by, when);
    auto request = testing::request_of(when, report_format::html);
    request.site = by.text();
    request.pseudonymise = by.number(2) == 0;
    request.pseudonym_key = std::string(32, 'k');
    const auto html = make_report(store, request);
    ASSERT_TRUE(html) << seed << ": " << html.error().text();
    EXPECT_TRUE(tags_are_closed(*html)) << seed;
    for (const char* strange : {"\"nan", ">nan", " nan", "\"inf", ">inf", " inf"})
      EXPECT_EQ(html->find(strange), std::string::npos) << seed << strange;
    request.format = report_format::csv;
    const auto csv = make_report(store, request);
    EXPECT_TRUE(is_rectangular(csv.value())) << seed;
    request.format = report_format::json;
    boost::system::error_code why;
    boost::json::parse(make_report(store, request).value(), why);
    EXPECT_FALSE(why) << seed << ": " << why.message();
  }
}

}  // namespace
}  // namespace callweir::dashboard

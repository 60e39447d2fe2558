// The API from request to answer, over a real store and real accounts.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <filesystem>
#include <fstream>
#include <set>

#include "dashboard/api/api.hpp"
#include "dashboard/api/route.hpp"
#include "tests/unit/dashboard/store_fixture.hpp"

namespace callweir::dashboard {
namespace {

using http::method;
namespace json = boost::json;

const std::string good = "correct horse battery";

/// `{name}` of the tree, by path as "a.b.0".
const json::value& at(const json::value& tree, const std::string& path) {
  return tree.at_pointer("/" + path);
}

class api_test : public store_fixture {
 protected:
  void SetUp() override {
    open();
    auto access = access_beside(path_.string());
    access.cost = {1, 8 << 10};
    auto opened = access_control::open(access);
    ASSERT_TRUE(opened) << opened.error().text();
    access_ = std::move(*opened);
    for (const auto& [name, what] :
         {std::pair{"anna", role::admin}, {"olaf", role::operator_}, {"vera", role::viewer}}) {
      ASSERT_TRUE(access_->add_account(name, what, good, "uid 0", now_));
    }
    make_api();
  }
  void make_api() {
    api_parts parts;
    parts.configured.pseudonymise = pseudonymise_;
    parts.version = "1.2.3";
    parts.pseudonym_key = std::string(32, 'k');
    parts.records = store_.get();
    parts.board = &board_;
    parts.access = access_.get();
    parts.bypass = [this](bool on) -> result<bool> {
      if (engine_away_) return fail("nobody answers");
      return bypass_ = on;
    };
    parts.now = [this] { return now_; };
    api_ = std::make_unique<api>(std::move(parts));
  }

  static http::request question(method verb, std::string path) {
    http::request out;
    out.verb = verb;
    out.secure = true;
    out.peer = "192.0.2.1";
    const auto mark = path.find('?');
    std::string rest = mark == std::string::npos ? "" : path.substr(mark + 1);
    out.path = path.substr(0, mark);
    while (!rest.empty()) {
      const auto end = rest.find('&');
      const std::string one = rest.substr(0, end);
      const auto equals = one.find('=');
      out.query.emplace_back(one.substr(0, equals),
                             equals == std::string::npos ? "" : one.substr(equals + 1));
      rest = end == std::string::npos ? "" : rest.substr(end + 1);
    }
    return out;
  }
  http::response ask(const http::request& asked) {
    auto out = api_->answer(asked);
    return out.later ? out.later() : out;
  }
  http::response ask(method verb, const std::string& path, const std::string& body = "",
                     bool csrf = true) {
    auto asked = question(verb, path);
    if (!secret_.empty()) {
      asked.headers.emplace_back("cookie", "a=b; __Host-callweir-session=" + secret_);
      if (csrf) asked.headers.emplace_back("x-csrf-token", csrf_);
    }
    if (!body.empty()) asked.headers.emplace_back("content-type", "application/json");
    asked.body = body;
    return ask(asked);
  }
  int status(method verb, const std::string& path, const std::string& body = "") {
    return ask(verb, path, body).status;
  }
  json::value get(const std::string& path) {
    const auto out = ask(method::get, path);
    EXPECT_EQ(out.status, 200) << path << ": " << out.body;
    return json::parse(out.body);
  }
  void log_in(const std::string& name) {
    secret_.clear();
    const auto out = ask(method::post, "/api/v1/session",
                         R"({"name":")" + name + R"(","password":")" + good + R"("})");
    ASSERT_EQ(out.status, 200) << out.body;
    csrf_ = at(json::parse(out.body), "csrf").as_string().c_str();
    const std::string cookie = out.headers.at(0).second;
    const auto begin = cookie.find('=') + 1;
    secret_ = cookie.substr(begin, cookie.find(';') - begin);
  }

  bool pseudonymise_ = false, bypass_ = false, engine_away_ = false;
  time_point now_ = at_second(3'600);
  live_board board_;
  std::unique_ptr<access_control> access_;
  std::unique_ptr<api> api_;
  std::string secret_, csrf_;
};

TEST_F(api_test, nobody_is_told_nothing) {
  for (const auto& one : routes::all_routes()) {
    std::string path = one.pattern;
    if (const auto brace = path.find('{'); brace != std::string::npos) path.replace(brace, 4, "x");
    const auto out = ask(one.verb, path, *one.body != '\0' ? "{}" : "");
    if (one.needs) {
      EXPECT_EQ(out.status, 401) << path;
      EXPECT_EQ(out.body.find("uplink"), std::string::npos);
    } else {
      EXPECT_NE(out.status, 500) << path;
    }
  }
  EXPECT_EQ(status(method::get, "/api/v1/nothing"), 404);
  EXPECT_EQ(status(method::get, "/api"), 404);
  EXPECT_EQ(status(method::get, "/index.html"), 404) << "no page in this test";
  const auto wrong = ask(method::del, "/api/v1/calls");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.headers.at(0), (std::pair<std::string, std::string>("Allow", "GET")));
}

TEST_F(api_test, rights_are_those_of_the_table) {
  const auto allowed = [&](const char* name) {
    log_in(name);
    std::set<std::string> out;
    for (const auto& one : routes::all_routes()) {
      if (!one.needs || one.verb != method::get || one.pattern == std::string("/api/v1/reports")) {
        continue;
      }
      std::string path = one.pattern;
      if (path.find('{') != std::string::npos) continue;
      if (status(method::get, path) != 403) out.insert(one.name);
    }
    return out;
  };
  const auto viewer = allowed("vera"), operates = allowed("olaf"), admin = allowed("anna");
  EXPECT_TRUE(viewer.contains("listCalls") && viewer.contains("getMetrics"));
  EXPECT_FALSE(viewer.contains("listAudit") || viewer.contains("listAccounts"));
  EXPECT_TRUE(operates.contains("listAudit"));
  EXPECT_FALSE(operates.contains("listTokens"));
  EXPECT_TRUE(admin.contains("listAudit") && admin.contains("listTokens"));
}

TEST_F(api_test, the_cookie_is_strict) {
  const auto out =
      ask(method::post, "/api/v1/session", R"({"name":"anna","password":"correct horse battery"})");
  const std::string cookie = out.headers.at(0).second;
  for (const char* part :
       {"__Host-callweir-session=", "; Path=/", "; HttpOnly", "; SameSite=Strict", "; Secure"}) {
    EXPECT_NE(cookie.find(part), std::string::npos) << part;
  }
  auto plain = question(method::post, "/api/v1/session");
  plain.secure = false;
  plain.headers.emplace_back("content-type", "application/json; charset=utf-8");
  plain.body = R"({"name":"anna","password":"correct horse battery"})";
  EXPECT_TRUE(ask(plain).headers.at(0).second.starts_with("callweir-session="));
}

TEST_F(api_test, what_changes_needs_the_token_and_the_same_site) {
  log_in("anna");
  const std::string body = R"({"name":"bert","role":"viewer","password":"another good one"})";
  EXPECT_EQ(ask(method::post, "/api/v1/accounts", body, false).status, 403);
  auto foreign = question(method::post, "/api/v1/accounts");
  foreign.headers = {{"cookie", "__Host-callweir-session=" + secret_},
                     {"x-csrf-token", csrf_},
                     {"content-type", "application/json"},
                     {"host", "callweir.example:8443"},
                     {"origin", "https://evil.example"}};
  foreign.body = body;
  EXPECT_EQ(ask(foreign).status, 403);
  foreign.headers.back().second = "null";
  EXPECT_EQ(ask(foreign).status, 403);
  foreign.headers.back().second = "https://callweir.example:8443";
  foreign.headers[2].second = "text/plain";
  EXPECT_EQ(ask(foreign).status, 415);
  foreign.headers[2].second = "application/json";
  EXPECT_EQ(ask(foreign).status, 201);
  EXPECT_EQ(status(method::post, "/api/v1/accounts", body), 409) << "there already";
  EXPECT_EQ(ask(method::del, "/api/v1/session", "", false).status, 403);
  EXPECT_EQ(status(method::del, "/api/v1/session"), 204);
  EXPECT_EQ(status(method::get, "/api/v1/status"), 401);
}

TEST_F(api_test, who_operates_switches_the_bypass) {
  const char* path = "/api/v1/bypass";
  log_in("vera");
  EXPECT_EQ(status(method::post, path, R"({"on":true})"), 403);
  log_in("olaf");
  EXPECT_EQ(ask(method::post, path, R"({"on":true})", false).status, 403) << "no X-CSRF-Token";
  EXPECT_EQ(status(method::post, path, R"({"on":"yes"})"), 400);
  EXPECT_EQ(status(method::post, path, "{}"), 400);
  EXPECT_FALSE(bypass_);
  const auto out = ask(method::post, path, R"({"on":true})");
  EXPECT_EQ(out.body, R"({"on":true})");
  EXPECT_TRUE(bypass_);
  const auto waiting = access_->book().audit_waiting(100);
  ASSERT_TRUE(waiting);
  EXPECT_EQ(waiting->back().entry.who, "user olaf from 192.0.2.1");
  EXPECT_EQ(waiting->back().entry.what, "bypass on");
  engine_away_ = true;
  EXPECT_EQ(status(method::post, path, R"({"on":false})"), 503);
  EXPECT_TRUE(bypass_);
  const auto tried = access_->book().audit_waiting(100);
  ASSERT_TRUE(tried);
  EXPECT_EQ(tried->back().entry.what, "bypass off: no answer");
  for (const auto& [scopes, wanted] : {std::pair{scope_read, 403}, {scope_operate, 503}}) {
    api_token token;
    token.name = "switch";
    token.what = role::operator_;
    token.scopes = scopes;
    const auto made = access_->add_token(token, "uid 0", now_);
    ASSERT_TRUE(made);
    auto asked = question(method::post, path);
    asked.headers = {{"authorization", "Bearer " + made->secret},
                     {"content-type", "application/json"}};
    asked.body = R"({"on":false})";
    EXPECT_EQ(ask(asked).status, wanted);
  }
}

TEST_F(api_test, bodies_are_bounded_and_known) {
  log_in("anna");
  const std::string deep = std::string(9, '[') + std::string(9, ']');
  for (const std::string& body :
       {std::string("[]"), std::string("{"), std::string("{\"name\":1}"), std::string("nonsense"),
        std::string(R"({"name":"x","role":"viewer","password":"long enough it is","more":1})"),
        "{\"name\":" + deep + "}", std::string(R"({"name":null})"),
        std::string(R"({"name":"x","role":"king","password":"long enough it is"})"),
        std::string(R"({"name":"X","role":"viewer","password":"long enough it is"})"),
        std::string(R"({"name":"x","role":"viewer","password":"short"})")}) {
    const auto out = ask(method::post, "/api/v1/accounts", body);
    EXPECT_EQ(out.status, 400) << body << out.body;
  }
  EXPECT_EQ(status(method::post, "/api/v1/accounts", std::string(70'000, ' ')), 413);
}

TEST_F(api_test, accounts_and_tokens) {
  log_in("anna");
  EXPECT_EQ(at(get("/api/v1/accounts"), "accounts").as_array().size(), 3U);
  EXPECT_EQ(status(method::patch, "/api/v1/accounts/vera", R"({"role":"operator"})"), 200);
  EXPECT_EQ(status(method::patch, "/api/v1/accounts/vera", "{}"), 400);
  EXPECT_EQ(status(method::patch, "/api/v1/accounts/nobody", R"({"role":"viewer"})"), 404);
  EXPECT_EQ(status(method::del, "/api/v1/accounts/anna"), 409) << "the only admin";
  EXPECT_EQ(status(method::del, "/api/v1/accounts/olaf"), 204);
  EXPECT_EQ(status(method::del, "/api/v1/accounts/olaf"), 404);
  const auto made =
      ask(method::post, "/api/v1/tokens",
          R"({"name":"probe","role":"viewer","scopes":["metrics"],"expires_in":3600})");
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string secret = at(json::parse(made.body), "secret").as_string().c_str();
  auto scrape = question(method::get, "/metrics");
  scrape.headers = {{"authorization", "Bearer " + secret}};
  EXPECT_EQ(ask(scrape).status, 200);
  scrape.path = "/api/v1/status";
  EXPECT_EQ(ask(scrape).status, 403) << "the scope";
  scrape.headers[0].second += "x";
  EXPECT_EQ(ask(scrape).status, 401);
  scrape.headers = {{"authorization", "Basic YTpi"},
                    {"cookie", "__Host-callweir-session=" + secret_}};
  EXPECT_EQ(ask(scrape).status, 401) << "who shows a token is not taken for another";
  EXPECT_EQ(at(get("/api/v1/tokens"), "tokens").as_array().size(), 1U);
  EXPECT_EQ(status(method::del, "/api/v1/tokens/77"), 404);
  EXPECT_EQ(status(method::del, "/api/v1/tokens/1x"), 404);
  EXPECT_EQ(status(method::del, "/api/v1/tokens/1"), 204);
}

TEST_F(api_test, audit_reaches_store_and_board) {
  log_in("anna");
  EXPECT_FALSE(api_->hand_over_audit());
  now_ = now_ + std::chrono::minutes(1);
  const auto all = at(get("/api/v1/audit"), "audit").as_array();
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(at(all[0], "who").as_string(), "user anna from 192.0.2.1");
  bool missed = false;
  EXPECT_EQ(board_.after(0, missed).size(), 4U);
  EXPECT_EQ(access_->book().audit_waiting(10)->size(), 0U);
}

TEST_F(api_test, parameters_that_do_not_fit_are_refused) {
  log_in("vera");
  for (const char* path : {"calls?lmit=5",
                           "calls?limit=0",
                           "calls?limit=10001",
                           "calls?limit=5&limit=6",
                           "calls?limit=",
                           "calls?party=300.1.2.3",
                           "calls?active=maybe",
                           "calls?from=yesterdayish",
                           "calls?to=2026-10-01",
                           "calls?from=2026-10-02&to=2026-10-01",
                           "calls?last=fortnight",
                           "calls?last=day&from=2026-10-01",
                           "calls?from=nan",
                           "calls?from=-5",
                           "calls?from=1e300",
                           "calls?offset=-1",
                           "hosts?role=king",
                           "load?step=7",
                           "load?step=0",
                           "load?last=1000d&step=10",
                           "traffic?by=colour",
                           "traffic?by=app_of_host",
                           "traffic?last=24h&step=10&top=100",
                           "reports?format=doc",
                           "status?x=1",
                           "events?after=x"}) {
    const auto out = ask(method::get, std::string("/api/v1/") + path);
    EXPECT_EQ(out.status, 400) << path << out.body;
  }
  for (const char* path :
       {"calls?last=15m", "calls?last=week", "calls?from=1790812800&to=1790812801.5",
        "calls?from=2026-09-30&to=2026-10-01T08:30", "calls?active=true", "flows?voip=true",
        "hosts?role=softphone", "load?last=1h&step=10", "load?last=90d", "traffic?last=day&step=1h",
        "traffic?by=app_of_host&host=10.0.0.5", "applications?link=uplink", "gaps?last=24h",
        "policies?last=1h"}) {
    EXPECT_EQ(status(method::get, std::string("/api/v1/") + path), 200) << path;
  }
}

TEST_F(api_test, lists_come_in_pages_that_meet) {
  log_in("vera");
  std::vector<stream::any_record> all;
  for (int i = 0; i < 25; ++i) {
    all.emplace_back(call("c" + std::to_string(i), 100 + i, 200 + i));
    all.emplace_back(flow("f" + std::to_string(i), 100 + i, 200 + i));
  }
  ASSERT_TRUE(put(std::move(all)));
  for (const std::string kind : {"calls", "flows"}) {
    std::set<std::string> seen;
    std::string next = "/api/v1/" + kind + "?limit=10&app=Skype";
    int pages = 0;
    while (!next.empty() && ++pages < 10) {
      // Time goes on between two pages; the period of the first one holds.
      now_ = now_ + std::chrono::seconds(5);
      const auto page = get(next);
      for (const auto& one : at(page, kind).as_array()) {
        EXPECT_TRUE(seen.insert(at(one, "id").as_string().c_str()).second) << "twice";
      }
      next = at(page, "next").is_null() ? "" : at(page, "next").as_string().c_str();
    }
    EXPECT_EQ(pages, 3);
    EXPECT_EQ(seen.size(), 25U);
  }
  EXPECT_EQ(at(get("/api/v1/calls/c7"), "parties/0").as_string(), "10.0.0.5");
  EXPECT_EQ(at(get("/api/v1/flows/f7"), "dport").as_int64(), 443);
  EXPECT_EQ(status(method::get, "/api/v1/calls/c99"), 404);
  EXPECT_EQ(status(method::get, "/api/v1/calls/" + std::string(200, 'x')), 404);
  EXPECT_EQ(at(get("/api/v1/flows?address=192.0.2.7"), "flows").as_array().size(), 25U);
  EXPECT_EQ(at(get("/api/v1/flows?address=192.0.2.8"), "flows").as_array().size(), 0U);
}

TEST_F(api_test, the_largest_page_tells_that_there_is_another) {
  log_in("vera");
  std::vector<stream::any_record> all;
  for (int i = 0; i < 10'001; ++i) {
    all.emplace_back(gap_record{at_second(100), at_second(101), "engine", 1, ""});
    all.emplace_back(flow("f" + std::to_string(i), 100, 200));
  }
  ASSERT_TRUE(put(std::move(all)));
  const auto page = get("/api/v1/flows?limit=10000");
  EXPECT_EQ(at(page, "flows").as_array().size(), 10'000U);
  ASSERT_TRUE(at(page, "next").is_string());
  const auto rest = get(at(page, "next").as_string().c_str());
  EXPECT_EQ(at(rest, "flows").as_array().size(), 1U);
  EXPECT_TRUE(at(rest, "next").is_null());
  EXPECT_TRUE(at(get("/api/v1/gaps?limit=10000"), "more").as_bool());
}

TEST_F(api_test, running_calls_come_from_the_board) {
  log_in("vera");
  for (int i = 0; i < 5; ++i) {
    auto one = call("c" + std::to_string(i), 100, 200);
    if (i == 3) one.parties[0] = ip_address::v4(0x0a000099);
    board_.keep("call", one.id, store_fixture::json(one));
  }
  EXPECT_EQ(at(get("/api/v1/calls?active=true"), "calls").as_array().size(), 5U);
  const auto page = get("/api/v1/calls?active=true&limit=2&offset=1");
  EXPECT_EQ(at(page, "calls/0/id").as_string(), "c1");
  EXPECT_EQ(at(get(at(page, "next").as_string().c_str()), "calls/0/id").as_string(), "c3");
  const auto of_some = get("/api/v1/calls?active=true&limit=1&party=10.0.0.5");
  const std::string next = at(of_some, "next").as_string().c_str();
  EXPECT_NE(next.find("party=10.0.0.5"), std::string::npos) << next;
  EXPECT_EQ(next.find("from="), std::string::npos) << "of now, not of a period";
  EXPECT_EQ(at(get(next), "calls/0/id").as_string(), "c1");
  const auto of_one = get("/api/v1/calls?active=true&party=10.0.0.153");
  ASSERT_EQ(at(of_one, "calls").as_array().size(), 1U);
  EXPECT_EQ(at(of_one, "calls/0/id").as_string(), "c3");
}

TEST_F(api_test, addresses_hide_behind_names) {
  pseudonymise_ = true;
  make_api();
  log_in("anna");
  ASSERT_TRUE(
      put({call("c1", 100, 200), flow("f1", 100, 200), traffic(100, "Skype", 0x0a000005, 9)}));
  (void)api_->hand_over_audit();
  for (const char* path :
       {"calls", "calls/c1", "flows", "flows/f1", "hosts", "audit", "traffic?by=host"}) {
    const auto out = ask(method::get, std::string("/api/v1/") + path);
    EXPECT_EQ(out.status, 200) << path;
    EXPECT_EQ(out.body.find("10.0.0.5"), std::string::npos) << path;
    EXPECT_EQ(out.body.find("192.0.2."), std::string::npos) << path << out.body;
    (void)json::parse(out.body);
  }
  EXPECT_EQ(status(method::get, "/api/v1/calls?party=10.0.0.5"), 403);
}

TEST_F(api_test, the_board_has_names_only_from_its_first_word_on) {
  const std::string said = R"({"type":"host","addr":"10.0.0.5"})";
  board_.keep("host", "10.0.0.5", said);
  pseudonymise_ = true;
  make_api();
  board_.tell("host", said);
  bool missed = false;
  auto all = board_.state("host");
  for (auto& one : board_.after(0, missed)) all.push_back(one.data);
  ASSERT_EQ(all.size(), 3U);
  for (const auto& one : all) {
    EXPECT_EQ(one.find("10.0.0.5"), std::string::npos) << one;
    EXPECT_NE(one.find("addr-"), std::string::npos) << one;
  }
}

TEST_F(api_test, what_was_mended_is_noted_and_is_no_failure) {
  api_.reset();
  reader_.reset();
  store_.reset();
  for (const char* side : {"-wal", "-shm"}) std::filesystem::remove(path_.string() + side);
  std::ofstream(path_) << std::string(8'192, 'x');
  open();
  make_api();
  const auto health = ask(method::get, "/healthz");
  EXPECT_EQ(health.status, 200) << health.body;
  log_in("vera");
  const auto status = get("/api/v1/status");
  EXPECT_TRUE(at(status, "store/trouble").is_null());
  EXPECT_TRUE(at(status, "store/note").is_string());
  EXPECT_TRUE(at(status, "store/moved_aside").is_string());
}

TEST_F(api_test, status_health_policies_events) {
  board_.keep("status", "", R"({"type":"status","state":"inspecting"})");
  board_.keep("policies", "", R"({"type":"policies","generation":3,"policies":[]})");
  const auto health = ask(method::get, "/healthz");
  EXPECT_EQ(health.status, 200) << health.body;
  EXPECT_EQ(at(json::parse(health.body), "status").as_string(), "waiting");
  log_in("vera");
  EXPECT_EQ(at(get("/api/v1/status"), "appliance/state").as_string(), "inspecting");
  EXPECT_EQ(at(get("/api/v1/policies"), "generation").as_int64(), 3);
  const auto events = ask(method::get, "/api/v1/events");
  EXPECT_TRUE(events.event_stream);
  EXPECT_EQ(events.events_after, board_.newest());
  auto again = question(method::get, "/api/v1/events");
  again.headers = {{"cookie", "__Host-callweir-session=" + secret_}, {"last-event-id", "1"}};
  EXPECT_EQ(ask(again).events_after, 1U);
  again.headers[1].second = "99999999";
  EXPECT_EQ(ask(again).events_after, 99'999'999U) << "the board says that it missed something";
  again.headers[1].second = "x";
  EXPECT_EQ(ask(again).events_after, board_.newest());
}

TEST_F(api_test, a_stream_shows_what_its_reader_may_see_and_ends_with_the_session) {
  log_in("vera");
  const auto shown = ask(method::get, "/api/v1/events");
  ASSERT_TRUE(shown.event_stream);
  EXPECT_EQ(shown.hidden_topic, "audit");
  ASSERT_TRUE(shown.ended);
  api_->end_streams();
  EXPECT_FALSE(shown.ended->load());
  EXPECT_EQ(status(method::del, "/api/v1/session"), 204);
  log_in("olaf");
  const auto other = ask(method::get, "/api/v1/events");
  EXPECT_EQ(other.hidden_topic, "");
  api_->end_streams();
  EXPECT_TRUE(shown.ended->load());
  EXPECT_FALSE(other.ended->load());
  now_ = now_ + std::chrono::minutes(31);  // nobody asked: idle, though the stream was looked at
  api_->end_streams();
  EXPECT_TRUE(other.ended->load());
}

TEST_F(api_test, first_admin_over_http) {
  const auto folder = folder_ / "new";
  std::filesystem::create_directory(folder);
  auto options = access_beside((folder / "x.db").string());
  options.cost = {1, 8 << 10};
  access_ = std::move(*access_control::open(options));
  make_api();
  EXPECT_TRUE(at(get("/api/v1/setup"), "needed").as_bool());
  const auto nobody = ask(method::get, "/api/v1/session");
  EXPECT_EQ(nobody.status, 401);
  EXPECT_NE(nobody.body.find("/api/v1/setup"), std::string::npos);
  const std::string rest = R"(","name":"anna","password":"correct horse battery"})";
  EXPECT_EQ(status(method::post, "/api/v1/setup", R"({"code":"no)" + rest), 401);
  const std::string code = setup_code(options.setup_file).read();
  const auto in = ask(method::post, "/api/v1/setup", R"({"code":")" + code + rest);
  EXPECT_EQ(in.status, 200) << in.body;
  EXPECT_FALSE(at(get("/api/v1/setup"), "needed").as_bool());
  EXPECT_EQ(status(method::post, "/api/v1/setup", R"({"code":")" + code + rest), 400);
}

TEST_F(api_test, guessing_is_slowed_down) {
  http::response last;
  for (int i = 0; i < 7; ++i) {
    last = ask(method::post, "/api/v1/session", R"({"name":"anna","password":"wrong one here"})");
  }
  EXPECT_EQ(last.status, 429);
  EXPECT_EQ(last.headers.at(0), (std::pair<std::string, std::string>("Retry-After", "1")));
}

TEST_F(api_test, own_password) {
  log_in("vera");
  EXPECT_EQ(status(method::patch, "/api/v1/session",
                   R"({"password":"no no no no","new_password":"another good one"})"),
            403);
  const auto out = ask(method::patch, "/api/v1/session",
                       R"({"password":"correct horse battery","new_password":"another good one"})");
  EXPECT_EQ(out.status, 200) << out.body;
  EXPECT_EQ(status(method::get, "/api/v1/status"), 401) << "the session so far has ended";
}

TEST_F(api_test, the_document_names_every_route_and_only_schemas_that_are_there) {
  const auto document = get("/api/v1/openapi.json");
  const auto& schemas = at(document, "components/schemas").as_object();
  std::size_t operations = 0;
  for (const auto& path : at(document, "paths").as_object()) {
    operations += path.value().as_object().size();
  }
  EXPECT_EQ(operations, routes::all_routes().size());
  std::set<std::string> names;
  for (const auto& one : routes::all_routes()) {
    EXPECT_TRUE(names.insert(one.name).second) << one.name;
    for (const std::string schema : {one.body, one.schema}) {
      EXPECT_TRUE(schema.empty() || schemas.contains(schema)) << schema;
    }
  }
  const std::string text = json::serialize(document);
  const std::string mark = "#/components/schemas/";
  for (auto i = text.find(mark); i != std::string::npos; i = text.find(mark, i + 1)) {
    const auto begin = i + mark.size();
    const auto name = text.substr(begin, text.find('"', begin) - begin);
    EXPECT_TRUE(schemas.contains(name)) << name;
  }
}

TEST_F(api_test, metrics_have_help_and_type_and_no_hosts) {
  board_.keep("status", "",
              R"({"type":"status","state":"inspecting","links":[{"name":"up\"link","state":"up"}],)"
              R"("alarms":["overload"],"restarts":2,"workers":1,"drops":{"policed":7},)"
              R"("counters":{"events":5,"calls_active":3},"records_lost":0})");
  board_.keep("policies", "",
              R"({"policies":[{"name":"soft","mode":"enforce","flows":1,"packets":2,"bytes":3,)"
              R"("dropped":4,"delayed":5},{"name":"soft","mode":"observe"}]})");
  log_in("vera");
  const auto out = ask(method::get, "/metrics");
  ASSERT_EQ(out.status, 200);
  EXPECT_TRUE(out.type.starts_with("text/plain; version=0.0.4"));
  for (const char* line :
       {"callweir_state{state=\"inspecting\"} 1\n", "callweir_link_up{link=\"up\\\"link\"} 1\n",
        "callweir_dropped_packets_total{reason=\"policed\"} 7\n", "callweir_calls 3\n",
        "callweir_engine_events_total{event=\"events\"} 5\n",
        "callweir_policy_dropped_packets_total{position=\"0\",policy=\"soft\",mode=\"enforce\"} "
        "4\n",
        "callweir_build_info{version=\"1.2.3\"} 1\n"}) {
    EXPECT_NE(out.body.find(line), std::string::npos) << line << out.body;
  }
  // Every sample follows the HELP and TYPE of its own metric.
  std::string metric;
  std::size_t begin = 0;
  while (begin < out.body.size()) {
    const auto end = out.body.find('\n', begin);
    const std::string line = out.body.substr(begin, end - begin);
    begin = end + 1;
    if (line.starts_with("# HELP ")) metric = line.substr(7, line.find(' ', 7) - 7);
    if (!line.starts_with("#")) {
      EXPECT_TRUE(line.starts_with(metric)) << line;
    }
  }
}

}  // namespace
}  // namespace callweir::dashboard

// Logins, sessions, tokens, the first login.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <thread>

#include "dashboard/access/access_control.hpp"
#include "dashboard/sqlite/damage.hpp"
#include "dashboard/sqlite/sqlite.hpp"

namespace callweir::dashboard {
namespace {

using namespace std::chrono_literals;
using outcome = login::outcome;

constexpr password_cost cheap{1, 8 << 10};
const std::string good = "correct horse battery";

class access_test : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "callweir-access-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    options_ = access_beside(folder_ + "/callweir.db");
    options_.cost = cheap;
    open();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void open() {
    access_.reset();
    auto opened = access_control::open(options_);
    ASSERT_TRUE(opened) << opened.error().text();
    access_ = std::move(*opened);
  }
  std::string code() {
    EXPECT_TRUE(access_->needs_setup().value());
    std::ifstream file(options_.setup_file);
    std::string line;
    std::getline(file, line);
    return line;
  }
  login log_in(const std::string& name, const std::string& password,
               const std::string& address = "192.0.2.1", const std::string& device = "") {
    return access_->finish(access_->begin_log_in({name, password, address, device, {}, {}}, now_));
  }
  login set_up(const std::string& code, const std::string& name, const std::string& password,
               const std::string& address = "::1") {
    return access_->finish(access_->begin_set_up({name, password, address, {}, code, {}}, now_));
  }
  login change(const identity& who, const std::string& from, const std::string& to) {
    return access_->finish(access_->begin_change(who, {{}, from, "::1", {}, {}, to}, now_));
  }
  /// Nothing more is written there, as on a full disk.
  void fill() {
    for (const char* change : {"INSERT ON session", "DELETE ON session", "UPDATE ON account",
                               "DELETE ON account", "DELETE ON token"}) {
      const std::string name = "full_" + std::to_string(triggers_++);
      ASSERT_TRUE(on_the_side("CREATE TRIGGER " + name + " BEFORE " + change +
                              " BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END"));
    }
  }
  void empty() {
    while (triggers_ > 0) {
      ASSERT_TRUE(on_the_side("DROP TRIGGER full_" + std::to_string(--triggers_)));
    }
  }
  bool on_the_side(const std::string& sql) {
    auto other =
        sqlite::connection::open(options_.accounts_database, sqlite::connection::way::create);
    return other && other->run(sql.c_str());
  }
  void add(const std::string& name, role what = role::viewer) {
    const auto added = access_->add_account(name, what, good, "uid 0", now_);
    ASSERT_TRUE(added) << added.error().text();
  }

  std::string folder_;
  access_options options_;
  std::unique_ptr<access_control> access_;
  int triggers_ = 0;
  time_point now_{1'800'000'000'000'000'000};
};

TEST_F(access_test, files_are_private) {
  (void)code();
  for (const auto& path : {options_.accounts_database, options_.setup_file}) {
    struct stat what {};
    ASSERT_EQ(::stat(path.c_str(), &what), 0);
    EXPECT_EQ(what.st_mode & 0777U, 0600U) << path;
  }
}

TEST_F(access_test, damage_is_told_from_what_is_sound_or_missing) {
  EXPECT_FALSE(is_damaged(folder_ + "/nowhere.db"));
  EXPECT_FALSE(is_damaged(options_.accounts_database));
  const std::string path = folder_ + "/damaged.db";
  std::ofstream(path) << std::string(8'192, 'x');
  EXPECT_TRUE(is_damaged(path));
}

TEST_F(access_test, first_admin_by_code_once) {
  std::string announcement, again;
  ASSERT_TRUE(access_->needs_setup(&announcement).value());
  const std::string right = code();
  EXPECT_NE(announcement.find(right), std::string::npos);
  EXPECT_TRUE(access_->needs_setup(&again).value());
  EXPECT_EQ(again, "") << "printed once";
  EXPECT_EQ(set_up("AAAAA-AAAAA-AAAAA-AAAAA", "anna", good).what, outcome::wrong);
  EXPECT_EQ(set_up("", "anna", good).what, outcome::wrong);
  EXPECT_EQ(set_up(right, "anna", "short").what, outcome::refused);
  std::string typed = right;
  for (char& c : typed) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  const auto first = set_up(typed, "anna", good);
  ASSERT_EQ(first.what, outcome::in) << first.problem.text();
  EXPECT_EQ(first.who.what, role::admin);
  EXPECT_FALSE(std::filesystem::exists(options_.setup_file));
  EXPECT_EQ(set_up(right, "eve", good).what, outcome::refused);
  EXPECT_EQ(log_in("anna", good).what, outcome::in);
}

TEST_F(access_test, code_is_not_guessed) {
  (void)code();
  int wrong = 0;
  for (int i = 0; i < 50; ++i) {
    // Another address each time: the code itself is throttled.
    const auto from = "198.51.100." + std::to_string(i);
    wrong += set_up("x", "eve", good, from).what == outcome::wrong ? 1 : 0;
  }
  EXPECT_EQ(wrong, 6);
}

TEST_F(access_test, sessions_end) {
  add("anna");
  EXPECT_EQ(log_in("anna", "wrong password").what, outcome::wrong);
  const auto in = log_in("anna", good);
  ASSERT_EQ(in.what, outcome::in);
  const auto who = access_->by_session(in.who.secret, now_);
  ASSERT_TRUE(who);
  EXPECT_EQ(who->name, "anna");
  EXPECT_EQ(who->csrf, in.who.csrf);
  EXPECT_NE(who->csrf, in.who.secret);
  EXPECT_TRUE(who->has(right::watch));
  EXPECT_FALSE(who->has(right::administer));
  EXPECT_FALSE(access_->by_session("", now_));
  EXPECT_FALSE(access_->by_session(std::string(43, 'A'), now_));
  EXPECT_FALSE(access_->by_session(in.who.secret, now_ + 31min)) << "idle";
  // Used every 20 minutes it lives for 12 hours and no longer.
  time_point at = now_;
  while (at - now_ < 11h + 50min) {
    at = at + 20min;
    EXPECT_EQ(access_->by_session(in.who.secret, at).has_value(), at - now_ <= 12h);
  }
  EXPECT_FALSE(access_->by_session(in.who.secret, now_ + 12h + 1min));
  const auto again = log_in("anna", good);
  access_->log_out(again.who, "192.0.2.1", now_);
  EXPECT_FALSE(access_->by_session(again.who.secret, now_));
}

TEST_F(access_test, clock_set_back_ends_sessions) {
  add("anna");
  const auto in = log_in("anna", good);
  EXPECT_TRUE(access_->by_session(in.who.secret, now_ - 1min));
  EXPECT_FALSE(access_->by_session(in.who.secret, now_ - 24h));
}

TEST_F(access_test, sessions_outlive_the_process_and_end_with_the_password) {
  add("anna");
  const auto in = log_in("anna", good);
  open();
  EXPECT_TRUE(access_->by_session(in.who.secret, now_));
  {
    // Another process, as `callweir user passwd` is one.
    auto other = access_control::open(options_);
    ASSERT_TRUE(other);
    ASSERT_TRUE((*other)->set_password("anna", "another good one", "uid 0", now_));
  }
  EXPECT_FALSE(access_->by_session(in.who.secret, now_));
  EXPECT_EQ(log_in("anna", good).what, outcome::wrong);
  const auto second = log_in("anna", "another good one");
  ASSERT_EQ(second.what, outcome::in);
  ASSERT_TRUE(access_->book().set_role("anna", role::operator_, {now_, "uid 0", "user-role", ""}));
  EXPECT_FALSE(access_->by_session(second.who.secret, now_));
}

TEST_F(access_test, own_password_needs_the_old_one) {
  add("anna");
  const auto in = log_in("anna", good);
  EXPECT_EQ(change(in.who, "no", "another good one").what, outcome::wrong);
  const auto changed = change(in.who, good, "another good one");
  ASSERT_EQ(changed.what, outcome::in);
  EXPECT_FALSE(access_->by_session(in.who.secret, now_)) << "earlier sessions end";
  EXPECT_TRUE(access_->by_session(changed.who.secret, now_));
}

TEST_F(access_test, only_sixteen_sessions_of_one) {
  add("anna");
  const auto first = log_in("anna", good);
  for (int i = 0; i < 16; ++i) {
    now_ = now_ + 1s;
    ASSERT_EQ(log_in("anna", good).what, outcome::in);
  }
  EXPECT_FALSE(access_->by_session(first.who.secret, now_));
}

TEST_F(access_test, failures_slow_down_the_account) {
  add("anna");
  int tried = 0;
  login last;
  for (; tried < 20; ++tried) {
    last = log_in("anna", "wrong password", "192.0.2." + std::to_string(tried));
    if (last.what == outcome::throttled) break;
  }
  EXPECT_EQ(tried, 6) << "five for nothing, the sixth has a second after it";
  EXPECT_EQ(last.wait, nanoseconds(1s));
  EXPECT_EQ(log_in("anna", good).what, outcome::throttled) << "even with the right one";
  now_ = now_ + 1s;
  EXPECT_EQ(log_in("anna", "wrong password").what, outcome::wrong);
  EXPECT_EQ(log_in("anna", "wrong password").wait, nanoseconds(2s)) << "doubled";
  now_ = now_ + 2s;
  EXPECT_EQ(log_in("anna", good).what, outcome::in);
  EXPECT_EQ(access_->counters().logins, 1U);
  EXPECT_EQ(access_->counters().logins_refused, 7U);
}

TEST_F(access_test, an_address_is_slowed_down_and_not_shut_out) {
  add("anna");
  nanoseconds longest{0};
  for (int i = 0; i < 500; ++i) {
    longest = std::max(longest, log_in("user" + std::to_string(i), "wrong password").wait);
    now_ = now_ + 100ms;
  }
  EXPECT_LE(longest, nanoseconds(5s)) << "whoever else is behind it";
  EXPECT_GT(longest, nanoseconds(4s));
  EXPECT_EQ(log_in("anna", good, "192.0.2.2").what, outcome::in) << "another address";
  now_ = now_ + 5s;
  EXPECT_EQ(log_in("anna", good).what, outcome::in);
}

TEST_F(access_test, a_known_device_is_not_locked_out_by_others) {
  add("anna");
  add("eve");
  const auto device = log_in("anna", good).device;
  const auto of_eve = log_in("eve", good).device;
  ASSERT_FALSE(device.empty());
  for (int i = 0; i < 200; ++i) (void)log_in("anna", "wrong password");
  EXPECT_EQ(log_in("anna", good).what, outcome::throttled) << "without proof";
  EXPECT_EQ(log_in("anna", good, "192.0.2.1", of_eve).what, outcome::throttled) << "of another";
  std::string forged = device;
  forged.back() = forged.back() == 'A' ? 'B' : 'A';
  for (const std::string& bad : {forged, std::string("1.2.3"), device + "x", std::string(".")}) {
    EXPECT_EQ(log_in("anna", good, "192.0.2.1", bad).what, outcome::throttled) << bad;
  }
  EXPECT_TRUE(
      access_->begin_log_in({"anna", good, "192.0.2.1", device, {}, {}}, now_).known_device);
  EXPECT_EQ(log_in("anna", good, "192.0.2.1", device).what, outcome::in);
  open();
  for (int i = 0; i < 200; ++i) (void)log_in("anna", "wrong password");
  EXPECT_EQ(log_in("anna", good, "192.0.2.1", device).what, outcome::in) << "after a restart";
}

TEST_F(access_test, a_device_has_its_own_guesses_and_its_time) {
  add("anna");
  const auto device = log_in("anna", good).device;
  int wrong = 0;
  for (int i = 0; i < 30; ++i) {
    wrong += log_in("anna", "wrong password", "192.0.2.1", device).what == outcome::wrong ? 1 : 0;
  }
  EXPECT_EQ(wrong, 6) << "a stolen one buys no more";
  EXPECT_EQ(log_in("anna", good).what, outcome::in) << "the account is as it was";
  now_ = now_ + 181 * 24h;
  for (int i = 0; i < 6; ++i) (void)log_in("anna", "wrong password");
  EXPECT_EQ(log_in("anna", good, "192.0.2.1", device).what, outcome::throttled) << "too old";
  now_ = now_ - 200 * 24h;
  EXPECT_FALSE(access_->begin_log_in({"anna", good, "::1", device, {}, {}}, now_).known_device);
}

TEST_F(access_test, an_account_made_anew_knows_no_device) {
  add("anna");
  add("bert", role::admin);
  const auto device = log_in("anna", good).device;
  ASSERT_TRUE(access_->remove_account("anna", "uid 0", now_));
  now_ = now_ + 1s;
  add("anna");
  EXPECT_FALSE(access_->begin_log_in({"anna", good, "::1", device, {}, {}}, now_).known_device);
}

TEST_F(access_test, passwd_and_unlock_of_another_process_let_everybody_try_again) {
  add("anna");
  const auto lock_out = [&] {
    for (int i = 0; i < 100; ++i) (void)log_in("anna", "wrong password");
    return log_in("anna", good).what;
  };
  EXPECT_EQ(lock_out(), outcome::throttled);
  auto other = access_control::open(options_);
  ASSERT_TRUE(other);
  ASSERT_TRUE((*other)->unlock("uid 0", now_));
  EXPECT_EQ(log_in("anna", good).what, outcome::in);
  EXPECT_EQ(lock_out(), outcome::throttled);
  ASSERT_TRUE((*other)->set_password("anna", "another good one", "uid 0", now_));
  EXPECT_EQ(log_in("anna", "another good one").what, outcome::in);
}

TEST_F(access_test, a_try_that_is_not_checked_has_not_been) {
  add("anna");
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(access_->begin_log_in({"anna", "x", "::1", {}, {}, {}}, now_).goes_on);
  }
  EXPECT_EQ(log_in("anna", good, "::1").what, outcome::in);
}

TEST_F(access_test, unknown_names_are_throttled_like_known_ones) {
  add("anna");
  for (const char* name : {"anna", "nobody"}) {
    int wrong = 0;
    for (int i = 0; i < 30; ++i) {
      const auto from = std::string(name) + std::to_string(i);
      wrong += log_in(name, "wrong password", from).what == outcome::wrong ? 1 : 0;
    }
    EXPECT_EQ(wrong, 6) << name;
  }
}

TEST_F(access_test, unknown_names_take_as_long_as_known_ones) {
  options_.cost = {2, 4 << 20};
  options_.guard.of_address.free = options_.guard.of_account.free = 1'000;
  open();
  add("anna");
  const auto took = [&](const std::string& name) {
    std::array<double, 15> each{};
    for (double& one : each) {
      const auto begin = std::clock();
      EXPECT_EQ(log_in(name, "wrong password").what, outcome::wrong);
      one = static_cast<double>(std::clock() - begin);
    }
    std::nth_element(each.begin(), each.begin() + 5, each.end());
    return each[5];
  };
  // Processor time: others may hold the core. Without the hash of a password for nobody it were a
  // hundredth.
  const double known = took("anna"), unknown = took("nobody"), impossible = took("No Name'--");
  EXPECT_LT(std::max({known, unknown, impossible}), 4 * std::min({known, unknown, impossible}));
}

TEST_F(access_test, tokens_have_scopes_and_end) {
  api_token wanted;
  wanted.name = "probe";
  wanted.scopes = scope_metrics;
  wanted.expires = now_ + 24h;
  const auto made = access_->add_token(wanted, "uid 0", now_);
  ASSERT_TRUE(made) << made.error().text();
  EXPECT_TRUE(made->secret.starts_with("cw_"));
  const auto who = access_->by_token(made->secret, now_);
  ASSERT_TRUE(who);
  EXPECT_TRUE(who->has(right::metrics));
  EXPECT_FALSE(who->has(right::watch));
  EXPECT_EQ(who->csrf, "");
  EXPECT_FALSE(access_->by_token(made->secret, now_ + 24h));
  EXPECT_FALSE(access_->by_token(made->secret + "x", now_));
  EXPECT_FALSE(access_->by_token("cw_" + std::string(43, 'A'), now_));
  ASSERT_TRUE(access_->book().remove_token(made->what.id, {now_, "uid 0", "token-remove", ""}));
  EXPECT_FALSE(access_->by_token(made->secret, now_));
  wanted.expires = now_;
  EXPECT_FALSE(access_->add_token(wanted, "uid 0", now_));
}

TEST_F(access_test, an_admin_scope_does_not_raise_a_role) {
  identity viewer;
  viewer.scopes = scope_admin;
  EXPECT_TRUE(viewer.has(right::watch));
  EXPECT_FALSE(viewer.has(right::audit));
  EXPECT_FALSE(viewer.has(right::administer));
  EXPECT_TRUE(may(role::operator_, right::audit));
  EXPECT_FALSE(may(role::operator_, right::administer));
  EXPECT_FALSE(parse_scopes("read,,metrics"));
  EXPECT_FALSE(parse_scopes(""));
  EXPECT_EQ(scope_names(parse_scopes("metrics,read").value()), "read,metrics");
}

TEST_F(access_test, the_last_admin_stays) {
  add("anna", role::admin);
  const audit_record why{now_, "uid 0", "user-remove", ""};
  EXPECT_FALSE(access_->book().remove("anna", why));
  EXPECT_FALSE(access_->book().set_role("anna", role::viewer, why));
  add("bert", role::admin);
  EXPECT_TRUE(access_->book().remove("anna", why));
  EXPECT_FALSE(access_->book().remove("anna", why));
  EXPECT_FALSE(access_->add_account("bert", role::viewer, good, "uid 0", now_)) << "twice";
}

TEST_F(access_test, everything_is_audited_with_its_change) {
  add("anna");
  (void)log_in("anna", "wrong password");
  (void)log_in("<script>", "wrong password");
  const auto in = log_in("anna", good);
  access_->log_out(in.who, "192.0.2.1", now_);
  const auto waiting = access_->book().audit_waiting(100);
  ASSERT_TRUE(waiting);
  std::vector<std::string> verbs;
  for (const auto& one : *waiting) verbs.push_back(one.entry.verb);
  EXPECT_EQ(verbs, (std::vector<std::string>{"user-add", "login-refused", "login-refused", "login",
                                             "logout"}));
  EXPECT_EQ((*waiting)[2].entry.what, "wrong name or password for '(not a name)'");
  EXPECT_EQ((*waiting)[3].entry.who, "user anna from 192.0.2.1");
  ASSERT_TRUE(access_->book().audit_taken((*waiting)[3].id));
  EXPECT_EQ(access_->book().audit_waiting(100)->size(), 1U);
}

TEST_F(access_test, names_and_passwords_are_checked) {
  for (const char* name : {"", "-a", "Anna", "a b", "a\n", "ä"}) {
    EXPECT_FALSE(check_account_name(name)) << name;
  }
  EXPECT_FALSE(check_account_name(std::string(65, 'a')));
  EXPECT_TRUE(check_account_name("anna.k@example"));
  for (const std::string& word : {std::string("short"), std::string(20, 'x'),
                                  std::string(1'025, 'x') + "y", std::string("averylongname")}) {
    EXPECT_FALSE(check_password(word, "averylongname")) << word;
  }
}

TEST_F(access_test, a_full_disk_still_lets_people_in) {
  add("anna");
  fill();
  const auto in = log_in("anna", good);
  ASSERT_EQ(in.what, outcome::in);
  EXPECT_FALSE(in.written);
  EXPECT_TRUE(access_->by_session(in.who.secret, now_ + 5min));
  EXPECT_EQ(access_->log_out(in.who, "::1", now_), kept::on_disk) << "it never was there";
  EXPECT_FALSE(access_->by_session(in.who.secret, now_));
}

TEST_F(access_test, a_full_disk_keeps_nobody_in) {
  add("anna");
  add("bert", role::admin);
  api_token probe;
  probe.name = "probe";
  probe.scopes = scope_read;
  const auto token = access_->add_token(probe, "uid 0", now_);
  ASSERT_TRUE(token);
  const auto first = log_in("anna", good), second = log_in("anna", good),
             third = log_in("bert", good);
  fill();
  EXPECT_EQ(access_->log_out(first.who, "::1", now_), kept::in_memory);
  EXPECT_FALSE(access_->by_session(first.who.secret, now_));
  EXPECT_TRUE(access_->by_session(second.who.secret, now_));
  const auto changed = change(second.who, good, "another good one");
  ASSERT_EQ(changed.what, outcome::in) << changed.problem.text();
  EXPECT_FALSE(changed.written);
  EXPECT_FALSE(access_->by_session(second.who.secret, now_)) << "earlier sessions end";
  EXPECT_TRUE(access_->by_session(changed.who.secret, now_));
  EXPECT_EQ(log_in("anna", good).what, outcome::wrong);
  EXPECT_EQ(access_->remove_token(token->what, "uid 0", now_).value(), kept::in_memory);
  EXPECT_FALSE(access_->by_token(token->secret, now_));
  EXPECT_TRUE(access_->tokens()->empty());
  EXPECT_FALSE(access_->remove_account("bert", "uid 0", now_)) << "the only admin stays";
  EXPECT_TRUE(access_->by_session(third.who.secret, now_));
  access_->write_what_waits();
  empty();
  EXPECT_EQ(log_in("anna", "another good one").what, outcome::in);
  access_->write_what_waits();
  open();
  EXPECT_FALSE(access_->by_session(first.who.secret, now_)) << "on disk, too";
  EXPECT_FALSE(access_->by_token(token->secret, now_));
  EXPECT_EQ(log_in("anna", good).what, outcome::wrong);
  EXPECT_EQ(log_in("anna", "another good one").what, outcome::in);
}

TEST_F(access_test, who_is_removed_on_a_full_disk_is_out) {
  add("anna");
  add("bert", role::admin);
  const auto in = log_in("anna", good);
  fill();
  EXPECT_EQ(access_->remove_account("anna", "uid 0", now_).value(), kept::in_memory);
  EXPECT_FALSE(access_->by_session(in.who.secret, now_));
  EXPECT_EQ(log_in("anna", good).what, outcome::wrong);
  EXPECT_EQ(access_->accounts()->size(), 1U);
  empty();
  access_->write_what_waits();
  open();
  EXPECT_EQ(access_->accounts()->size(), 1U);
}

TEST_F(access_test, accounts_of_the_first_schema_are_taken_over) {
  access_.reset();
  std::filesystem::remove(options_.accounts_database);
  ASSERT_TRUE(on_the_side(
      "CREATE TABLE account(name TEXT PRIMARY KEY, role TEXT NOT NULL, hash TEXT NOT NULL,"
      " version INTEGER NOT NULL, created INTEGER NOT NULL, changed INTEGER NOT NULL,"
      " last_login INTEGER NOT NULL DEFAULT 0, last_login_from TEXT NOT NULL DEFAULT '') STRICT;"
      "CREATE TABLE token(id INTEGER PRIMARY KEY AUTOINCREMENT, secret BLOB NOT NULL UNIQUE,"
      " name TEXT NOT NULL, role TEXT NOT NULL, scopes INTEGER NOT NULL, created INTEGER NOT NULL,"
      " expires INTEGER NOT NULL, used INTEGER NOT NULL DEFAULT 0, made_by TEXT NOT NULL) STRICT;"
      "CREATE TABLE session(secret BLOB PRIMARY KEY, account TEXT NOT NULL"
      " REFERENCES account(name) ON DELETE CASCADE, version INTEGER NOT NULL,"
      " created INTEGER NOT NULL, seen INTEGER NOT NULL) STRICT;"
      "CREATE TABLE audit(id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL,"
      " who TEXT NOT NULL, verb TEXT NOT NULL, what TEXT NOT NULL) STRICT;"
      "INSERT INTO account VALUES('anna', 'admin', '$argon2id$', 1, 1, 1, 0, '');"
      "PRAGMA user_version = 1;"));
  open();
  ASSERT_EQ(access_->accounts()->size(), 1U);
  ASSERT_TRUE(access_->set_password("anna", good, "uid 0", now_));
  EXPECT_EQ(log_in("anna", good).what, outcome::in);
}

TEST_F(access_test, stored_is_only_what_opens_nothing) {
  add("anna");
  const auto in = log_in("anna", good);
  api_token wanted;
  wanted.name = "probe";
  wanted.scopes = scope_read;
  const auto made = access_->add_token(wanted, "uid 0", now_);
  access_.reset();
  std::string all;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    std::ifstream file(entry.path(), std::ios::binary);
    all.append(std::istreambuf_iterator<char>(file), {});
  }
  EXPECT_NE(all.find("$argon2id$"), std::string::npos);
  EXPECT_EQ(all.find(in.who.secret), std::string::npos);
  EXPECT_EQ(all.find(made->secret.substr(3)), std::string::npos);
  EXPECT_EQ(all.find(good), std::string::npos);
}

TEST_F(access_test, many_at_once) {
  add("anna");
  options_.guard.of_address.free = 1'000;
  open();
  std::vector<std::thread> threads;
  std::array<int, 4> in{};
  for (std::size_t t = 0; t < in.size(); ++t) {
    threads.emplace_back([this, &in, t] {
      for (int i = 0; i < 20; ++i) {
        const auto one = log_in("anna", good, "192.0.2." + std::to_string(t));
        in[t] += one.what == outcome::in ? 1 : 0;
        EXPECT_TRUE(one.what == outcome::in || one.what == outcome::busy ||
                    one.what == outcome::throttled);
        if (one.what == outcome::in) (void)access_->by_session(one.who.secret, now_);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_GT(in[0] + in[1] + in[2] + in[3], 0);
}

TEST(throttle_table, is_bounded_and_forgets) {
  throttle_options options;
  options.keys_max = 100;
  throttle table(options);
  const time_point now{1'000'000'000'000};
  for (int i = 0; i < 10'000; ++i) table.failed(std::to_string(i), now + nanoseconds(i));
  EXPECT_EQ(table.size(), 100U);
  throttle one(options);
  for (int i = 0; i < 100; ++i) one.failed("a", now);
  EXPECT_EQ(one.wait("a", now), nanoseconds(15min));
  EXPECT_EQ(one.wait("a", now + 61min), nanoseconds(0));
  EXPECT_EQ(one.wait("a", now - 1s), nanoseconds(0)) << "the clock went back";
  EXPECT_EQ(throttle_key_of_address("2001:db8:1:2:3::4"),
            throttle_key_of_address("2001:db8:1:2::9"));
}

}  // namespace
}  // namespace callweir::dashboard

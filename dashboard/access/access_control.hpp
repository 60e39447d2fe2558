// Who is it, and may they: logins, sessions, tokens, the first login. What the API asks before it
// answers anything. Any thread; the time is passed in.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "dashboard/access/account_book.hpp"
#include "dashboard/access/login_guard.hpp"
#include "dashboard/access/password.hpp"
#include "dashboard/access/setup_code.hpp"
#include "dashboard/access/unwritten_ends.hpp"

namespace callweir::dashboard {

struct access_options {
  std::string accounts_database;  // accounts.db beside the store
  std::string setup_file;         // setup-code beside the store
  password_cost cost;
  nanoseconds session_idle = std::chrono::minutes(30);
  nanoseconds session_longest = std::chrono::hours(12);
  guard_options guard;
};

/// Beside the store's file: accounts.db and setup-code.
access_options access_beside(const std::string& store_path);

/// Somebody whose word holds for one request.
struct identity {
  std::string name;  // of the account or token
  role what = role::viewer;
  scope_set scopes = all_scopes;
  bool token = false;
  std::string csrf;  // what X-CSRF-Token must say; "" for tokens, which no browser sends by itself
  std::string secret;  // of the session; "" for tokens
  time_point expires;  // of the session, at the latest

  bool has(right asked) const { return may(what, asked) && may(scopes, asked); }
  /// "user anna from 127.0.0.1", "token probe from 127.0.0.1": for the audit log.
  std::string described(std::string_view address) const;
};

/// How a try to log in or set up ended.
struct login {
  enum class outcome : std::uint8_t { in, wrong, throttled, busy, refused } what = outcome::wrong;
  nanoseconds wait{0};  // throttled, busy: until the next try
  error problem;        // refused: why
  identity who;         // in
  std::string device;   // in: the proof for the browser to keep (device_proof.hpp)
  bool written = true;  // in: all of it is on disk, too
};

/// Somebody who tries to log in, to set up, or to change the password.
struct login_try {
  std::string name, password;
  std::string address;  // of the client
  std::string device;   // the proof that it kept, "" for none
  std::string code;     // to set up
  std::string new_password;
};

/// A try that was let in and has its password still to be checked, which takes long. When it goes
/// without that, it has not been.
class open_try;

/// Whether something that was taken away is on disk, or holds in this process until it is.
enum class kept : std::uint8_t { on_disk, in_memory };

struct access_counters {
  std::uint64_t logins = 0, logins_refused = 0, logins_throttled = 0;
};

class access_control {
 public:
  static result<std::unique_ptr<access_control>> open(const access_options& options);

  /// No account is there yet. Makes the set-up code where there is none; what is to be said of it
  /// in the log is in `announcement` when it was made now.
  result<bool> needs_setup(std::string* announcement = nullptr);
  // access_logins.cpp. Each try has two halves: what tells at once whether it may go on, and what
  // takes a password's hash.
  struct first_half {
    login ended;                        // where there is no second half
    std::shared_ptr<open_try> goes_on;  // null: it has ended
    bool known_device = false;
  };
  first_half begin_set_up(login_try who, time_point now);
  first_half begin_log_in(login_try who, time_point now);
  /// Of one's own: the old one is asked for, slowed down like a login.
  first_half begin_change(const identity& who, login_try with, time_point now);
  login finish(open_try& one);
  /// Both halves, one after the other.
  login finish(first_half&& one) { return one.goes_on ? finish(*one.goes_on) : one.ended; }

  /// The session has ended, whether or not the disk takes it.
  kept log_out(const identity& who, const std::string& address, time_point now);
  /// `asks`: this is a request, which keeps the session from idling out.
  std::optional<identity> by_session(std::string_view secret, time_point now, bool asks = true);
  std::optional<identity> by_token(std::string_view secret, time_point now);

  result<void> add_account(const std::string& name, role what, const std::string& password,
                           const std::string& by, time_point now);
  /// By who administers: failed logins are forgotten, too.
  result<kept> set_password(const std::string& name, const std::string& password,
                            const std::string& by, time_point now);
  result<kept> remove_account(const std::string& name, const std::string& by, time_point now);
  result<kept> remove_token(const api_token& which, const std::string& by, time_point now);
  /// Failed logins are forgotten: nobody waits.
  result<void> unlock(const std::string& by, time_point now);
  /// As they are with what is not written yet.
  result<std::optional<account>> find(const std::string& name);
  result<std::vector<account>> accounts();
  result<std::vector<api_token>> tokens();
  /// A token and its secret, which is shown this once.
  struct made_token {
    api_token what;
    std::string secret;
  };
  result<made_token> add_token(const api_token& what, const std::string& by, time_point now);

  /// Writes what the disk would not take so far. Call about once a second, from any one thread.
  void write_what_waits();

  account_book& book() { return *book_; }
  access_counters counters() const;

 private:
  access_control(const access_options& options, std::unique_ptr<account_book> book);
  friend class open_try;
  static std::string key_of(const secret_hash& hash);
  first_half admit(std::shared_ptr<open_try> one);
  login finish_set_up(open_try& one);
  login finish_change(open_try& one);
  login begin_session(const account& whose, const std::string& address, time_point now);
  void refuse(open_try& one);
  void give_up(const open_try& one);
  void look_for_unlock();
  result<kept> store_password(const account& whose, const std::string& password,
                              const std::string& by, time_point now);
  kept remember(unwritten_end one);
  identity of_session(const account& whose, const open_session& session,
                      std::string_view secret) const;
  std::optional<open_session> find_session(const secret_hash& key);

  access_options options_;
  std::unique_ptr<account_book> book_;
  password_hasher passwords_;
  setup_code setup_;
  std::string device_key_;

  mutable std::mutex mutex_;  // of what follows
  login_guard guard_;
  std::string unlocks_;  // of the book, when it was looked at last
  access_counters counters_;
  unwritten_ends ends_;
  /// Sessions that a full disk would not take: an administrator must get in then above all.
  std::unordered_map<std::string, open_session> unwritten_;
};

}  // namespace callweir::dashboard

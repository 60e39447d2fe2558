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
#include "dashboard/access/password.hpp"
#include "dashboard/access/setup_code.hpp"
#include "dashboard/access/throttle.hpp"

namespace callweir::dashboard {

struct access_options {
  std::string accounts_database;  // accounts.db beside the store
  std::string setup_file;         // setup-code beside the store
  password_cost cost;
  nanoseconds session_idle = std::chrono::minutes(30);
  nanoseconds session_longest = std::chrono::hours(12);
  throttle_options of_address;
  throttle_options of_account{10, std::chrono::seconds(1), std::chrono::minutes(1),
                              std::chrono::hours(1), 4'096};
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
};

struct access_counters {
  std::uint64_t logins = 0, logins_refused = 0, logins_throttled = 0;
};

class access_control {
 public:
  static result<std::unique_ptr<access_control>> open(const access_options& options);

  /// No account is there yet. Makes the set-up code where there is none; what is to be said of it
  /// in the log is in `announcement` when it was made now.
  result<bool> needs_setup(std::string* announcement = nullptr);
  login set_up(std::string_view code, const std::string& name, const std::string& password,
               const std::string& address, time_point now);
  login log_in(const std::string& name, const std::string& password, const std::string& address,
               time_point now);
  void log_out(const identity& who, const std::string& address, time_point now);
  /// `asks`: this is a request, which keeps the session from idling out.
  std::optional<identity> by_session(std::string_view secret, time_point now, bool asks = true);
  std::optional<identity> by_token(std::string_view secret, time_point now);

  result<void> add_account(const std::string& name, role what, const std::string& password,
                           const std::string& by, time_point now);
  result<void> set_password(const std::string& name, const std::string& password,
                            const std::string& by, time_point now);
  /// Of one's own: the old one is asked for, throttled like a login.
  login change_password(const identity& who, const std::string& old_password,
                        const std::string& new_password, const std::string& address,
                        time_point now);
  /// A token and its secret, which is shown this once.
  struct made_token {
    api_token what;
    std::string secret;
  };
  result<made_token> add_token(const api_token& what, const std::string& by, time_point now);

  account_book& book() { return *book_; }
  access_counters counters() const;

 private:
  access_control(const access_options& options, std::unique_ptr<account_book> book);
  std::optional<login> held_back(const std::string& name, const std::string& address,
                                 bool known_address, time_point now);
  void settle(const std::string& name, const std::string& address, bool good);
  login begin_session(const account& whose, const std::string& address, time_point now);
  void note_failure(const std::string& name, const std::string& address, time_point now);
  identity of_session(const account& whose, const open_session& session,
                      std::string_view secret) const;
  std::optional<open_session> find_session(const secret_hash& key);

  access_options options_;
  std::unique_ptr<account_book> book_;
  password_hasher passwords_;
  setup_code setup_;

  mutable std::mutex mutex_;  // of what follows
  throttle addresses_, accounts_;
  access_counters counters_;
  /// Sessions that a full disk would not take: an administrator must get in then above all.
  std::unordered_map<std::string, open_session> unwritten_;
};

}  // namespace callweir::dashboard

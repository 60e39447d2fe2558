// Accounts, API tokens, open sessions and what is still to be audited, in a small database of their
// own beside the store. The dashboard and `callweir user` open it at the same time; what one
// changes the other sees at once.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/record.hpp"
#include "base/result.hpp"
#include "dashboard/access/role.hpp"
#include "dashboard/access/secret.hpp"
#include "dashboard/sqlite/sqlite.hpp"

namespace callweir::dashboard {

constexpr std::size_t accounts_max = 1'000;
constexpr std::size_t tokens_max = 1'000;
constexpr std::size_t sessions_max = 1'000;
constexpr std::size_t sessions_of_one_max = 16;  // the one used longest ago makes room
constexpr std::size_t audit_waiting_max = 10'000;

struct account {
  std::string name;
  role what = role::viewer;
  time_point created, changed;
  std::optional<time_point> last_login;
  std::string last_login_from;
  std::string hash;  // argon2id
  std::int64_t version =
      0;  // changes with password and role, and ends the sessions of earlier ones
};

struct api_token {
  std::int64_t id = 0;
  std::string name;
  role what = role::viewer;
  scope_set scopes = 0;
  time_point created;
  std::optional<time_point> expires, last_used;
  std::string made_by;
};

struct open_session {
  std::string account;
  std::int64_t version = 0;  // of the account, at login
  time_point created, seen;
};

// One JSON object each, appended; never a hash or a secret. (account_json.cpp)
void append_json(std::string& out, const account& what);
void append_json(std::string& out, const api_token& what);

/// Letters a to z, digits, '.', '_', '@' and '-', from a letter or digit on; at most 64.
result<void> check_account_name(std::string_view name);

/// Any thread. Changes go together with their line of the audit log, or not at all.
class account_book {
 public:
  static result<std::unique_ptr<account_book>> open(const std::string& path);

  result<bool> empty();
  result<std::optional<account>> find(const std::string& name);
  result<std::vector<account>> accounts();
  /// `first`: only while there is no account at all.
  result<void> add(const std::string& name, role what, const std::string& hash,
                   const audit_record& why, bool first = false);
  /// The last admin stays.
  result<void> remove(const std::string& name, const audit_record& why);
  result<void> set_role(const std::string& name, role what, const audit_record& why);
  result<void> set_password(const std::string& name, const std::string& hash,
                            const audit_record& why);
  result<void> logged_in(const std::string& name, const std::string& from, const audit_record& why);

  /// `what.id` is given by the book.
  result<api_token> add_token(const secret_hash& secret, api_token what, const audit_record& why);
  result<std::vector<api_token>> tokens();
  result<void> remove_token(std::int64_t id, const audit_record& why);
  /// Also when it has expired: the caller looks.
  result<std::optional<api_token>> find_token(const secret_hash& secret);
  void token_used(std::int64_t id, time_point when);

  result<void> add_session(const secret_hash& secret, const open_session& what);
  result<std::optional<open_session>> find_session(const secret_hash& secret);
  void session_seen(const secret_hash& secret, time_point when);
  result<void> remove_session(const secret_hash& secret, const audit_record& why);
  /// Sessions begun before `begun_before` or not seen since `seen_before`.
  void end_sessions(time_point begun_before, time_point seen_before);

  // account_state.cpp
  /// Made at the first call; the same in every process and life.
  result<std::string> device_key();
  /// Failed logins are forgotten, in every process that looks at unlocks().
  result<void> unlock(const audit_record& why);
  /// Another text after each unlock().
  std::string unlocks();

  /// A line of the audit log without a change. The oldest go beyond audit_waiting_max.
  result<void> note(const audit_record& entry);
  struct waiting_audit {
    std::int64_t id = 0;
    audit_record entry;
  };
  /// Oldest first.
  result<std::vector<waiting_audit>> audit_waiting(std::size_t most);
  /// All up to `id` are in the store.
  result<void> audit_taken(std::int64_t id);

 private:
  /// One caller's turn at the database: what failed in another's is forgotten.
  struct turn {
    explicit turn(account_book& of) : alone(of.mutex_) { of.db_.forget(); }
    std::lock_guard<std::mutex> alone;
  };

  explicit account_book(sqlite::connection in) : db_(std::move(in)) {}
  result<void> migrate();
  result<void> note_locked(const audit_record& entry);
  result<void> change(sqlite::statement& what, const audit_record& why, const std::string& missing);
  result<bool> only_admin(const std::string& name);
  result<std::int64_t> count(const char* sql);

  std::mutex mutex_;
  sqlite::connection db_;
};

}  // namespace callweir::dashboard

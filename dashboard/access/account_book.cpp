#include "dashboard/access/account_book.hpp"

#include <algorithm>

namespace callweir::dashboard {
namespace {

constexpr int schema_version = 2;
constexpr const char* schema_1 = R"(
CREATE TABLE account(
  name TEXT PRIMARY KEY, role TEXT NOT NULL, hash TEXT NOT NULL, version INTEGER NOT NULL,
  created INTEGER NOT NULL, changed INTEGER NOT NULL,
  last_login INTEGER NOT NULL DEFAULT 0, last_login_from TEXT NOT NULL DEFAULT '') STRICT;
CREATE TABLE token(
  id INTEGER PRIMARY KEY AUTOINCREMENT, secret BLOB NOT NULL UNIQUE, name TEXT NOT NULL,
  role TEXT NOT NULL, scopes INTEGER NOT NULL, created INTEGER NOT NULL,
  expires INTEGER NOT NULL, used INTEGER NOT NULL DEFAULT 0, made_by TEXT NOT NULL) STRICT;
CREATE TABLE session(
  secret BLOB PRIMARY KEY, account TEXT NOT NULL REFERENCES account(name) ON DELETE CASCADE,
  version INTEGER NOT NULL, created INTEGER NOT NULL, seen INTEGER NOT NULL) STRICT;
CREATE TABLE audit(
  id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, who TEXT NOT NULL,
  verb TEXT NOT NULL, what TEXT NOT NULL) STRICT;
)";
constexpr const char* from_1_to_2 = R"(
CREATE TABLE state(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
PRAGMA user_version = 2;
)";

constexpr const char* account_columns =
    "name, role, hash, version, created, changed, last_login, last_login_from";
constexpr const char* token_columns = "id, name, role, scopes, created, expires, used, made_by";

std::optional<time_point> time_or_none(std::int64_t ns) {
  return ns == 0 ? std::nullopt : std::optional(time_point{ns});
}

account account_of(const sqlite::statement& row) {
  account out;
  out.name = row.text(0);
  out.what = parse_role(row.text(1)).value_or(role::viewer);
  out.hash = row.text(2);
  out.version = row.integer(3);
  out.created = {row.integer(4)};
  out.changed = {row.integer(5)};
  out.last_login = time_or_none(row.integer(6));
  out.last_login_from = row.text(7);
  return out;
}

api_token token_of(const sqlite::statement& row) {
  api_token out;
  out.id = row.integer(0);
  out.name = row.text(1);
  out.what = parse_role(row.text(2)).value_or(role::viewer);
  out.scopes = static_cast<scope_set>(row.integer(3) & all_scopes);
  out.created = {row.integer(4)};
  out.expires = time_or_none(row.integer(5));
  out.last_used = time_or_none(row.integer(6));
  out.made_by = row.text(7);
  return out;
}

std::string select(const char* columns, const char* rest) {
  return std::string("SELECT ") + columns + rest;
}

}  // namespace

result<void> check_account_name(std::string_view name) {
  constexpr std::size_t longest = 64;
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  const bool fits = !name.empty() && name.size() <= longest && letter(name.front()) &&
                    std::all_of(name.begin(), name.end(), [&](char c) {
                      return letter(c) || c == '.' || c == '_' || c == '@' || c == '-';
                    });
  if (fits) return {};
  return fail("the name does not fit", {},
              "1 to 64 of a to z, 0 to 9, '.', '_', '@' and '-', from a letter or digit on");
}

result<std::unique_ptr<account_book>> account_book::open(const std::string& path) {
  auto opened = sqlite::connection::open(path, sqlite::connection::way::create);
  if (!opened) return tl::unexpected(opened.error());
  // FULL: an account that was removed stays removed after a power cut.
  if (!opened->run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                   "PRAGMA cache_size=-512;"))
    return tl::unexpected(opened->why());
  std::unique_ptr<account_book> out(new account_book(std::move(*opened)));
  if (auto ready = out->migrate(); !ready) return tl::unexpected(ready.error());
  return out;
}

result<void> account_book::migrate() {
  const auto version = count("PRAGMA user_version");
  if (!version) return tl::unexpected(version.error());
  if (*version == schema_version) return {};
  if (*version > schema_version) {
    return fail("was written by a newer version of Callweir", db_.path(), "install that version");
  }
  sqlite::transaction all(db_);
  // Another process may have been faster.
  const auto again = count("PRAGMA user_version");
  if (!again) return tl::unexpected(again.error());
  if (*again >= schema_version) return {};
  if (*again == 0) db_.run(schema_1);
  db_.run(from_1_to_2);
  return all.finish();
}

result<std::int64_t> account_book::count(const char* sql) {
  sqlite::statement ask(db_, sql);
  if (!ask.row()) return tl::unexpected(db_.why());
  return ask.integer(0);
}

result<bool> account_book::empty() {
  const turn alone(*this);
  const auto some = count("SELECT EXISTS(SELECT 1 FROM account)");
  if (!some) return tl::unexpected(some.error());
  return *some == 0;
}

result<std::optional<account>> account_book::find(const std::string& name) {
  const turn alone(*this);
  static const std::string sql = select(account_columns, " FROM account WHERE name = ?");
  sqlite::statement ask(db_, sql.c_str());
  if (ask.bind(name).row()) return std::optional(account_of(ask));
  if (!db_.ok()) return tl::unexpected(db_.why());
  return std::optional<account>();
}

result<std::vector<account>> account_book::accounts() {
  const turn alone(*this);
  static const std::string sql = select(account_columns, " FROM account ORDER BY name");
  sqlite::statement ask(db_, sql.c_str());
  std::vector<account> out;
  while (ask.row()) out.push_back(account_of(ask));
  if (!db_.ok()) return tl::unexpected(db_.why());
  return out;
}

result<void> account_book::add(const std::string& name, role what, const std::string& hash,
                               const audit_record& why, bool first) {
  if (auto fits = check_account_name(name); !fits) return fits;
  const turn alone(*this);
  sqlite::transaction all(db_);
  const auto there = count("SELECT count(*) FROM account");
  if (!there) return tl::unexpected(there.error());
  if (first && *there > 0) return fail("there is an account already", {}, "log in with it");
  if (*there >= static_cast<std::int64_t>(accounts_max)) return fail("there are 1,000 accounts");
  sqlite::statement insert(db_,
                           "INSERT INTO account(name, role, hash, version, created, changed) "
                           "VALUES(?1, ?2, ?3, ?4, ?4, ?4) ON CONFLICT DO NOTHING");
  // A version that no earlier account of this name had: the time.
  insert.bind(name).bind(role_name(what)).bind(hash).bind(why.at.ns);
  if (auto done = insert.finish(); !done) return done;
  if (db_.changed() == 0) return fail("account '" + name + "' is there already");
  if (auto done = note_locked(why); !done) return done;
  return all.finish();
}

/// Within the caller's lock.
result<bool> account_book::only_admin(const std::string& name) {
  sqlite::statement ask(db_,
                        "SELECT (SELECT role FROM account WHERE name = ?) = 'admin' AND "
                        "(SELECT count(*) FROM account WHERE role = 'admin') = 1");
  if (!ask.bind(name).row()) return tl::unexpected(db_.why());
  return ask.integer(0) != 0;
}

/// Within the caller's lock, one transaction: the change and its audit line. `missing` says what is
/// wrong when nothing changed.
result<void> account_book::change(sqlite::statement& what, const audit_record& why,
                                  const std::string& missing) {
  if (auto done = what.finish(); !done) return done;
  if (db_.changed() == 0) return fail(missing);
  return note_locked(why);
}

result<void> account_book::remove(const std::string& name, const audit_record& why) {
  const turn alone(*this);
  sqlite::transaction all(db_);
  const auto last = only_admin(name);
  if (!last) return tl::unexpected(last.error());
  if (*last) {
    return fail("'" + name + "' is the only admin", {}, "make another admin first");
  }
  sqlite::statement erase(db_, "DELETE FROM account WHERE name = ?");
  if (auto done = change(erase.bind(name), why, "there is no account '" + name + "'"); !done) {
    return done;
  }
  return all.finish();
}

result<void> account_book::set_role(const std::string& name, role what, const audit_record& why) {
  const turn alone(*this);
  sqlite::transaction all(db_);
  const auto last = only_admin(name);
  if (!last) return tl::unexpected(last.error());
  if (*last && what != role::admin) {
    return fail("'" + name + "' is the only admin", {}, "make another admin first");
  }
  sqlite::statement update(db_,
                           "UPDATE account SET role = ?, version = version + 1, changed = ? "
                           "WHERE name = ?");
  update.bind(role_name(what)).bind(why.at.ns).bind(name);
  if (auto done = change(update, why, "there is no account '" + name + "'"); !done) return done;
  return all.finish();
}

result<void> account_book::set_password(const std::string& name, const std::string& hash,
                                        const audit_record& why) {
  const turn alone(*this);
  sqlite::transaction all(db_);
  sqlite::statement update(
      db_,
      "UPDATE account SET hash = ?1, version = max(version + 1, ?2), changed = ?2 "
      "WHERE name = ?3");
  update.bind(hash).bind(why.at.ns).bind(name);
  if (auto done = change(update, why, "there is no account '" + name + "'"); !done) return done;
  return all.finish();
}

result<void> account_book::logged_in(const std::string& name, const std::string& from,
                                     const audit_record& why) {
  const turn alone(*this);
  sqlite::transaction all(db_);
  sqlite::statement update(db_,
                           "UPDATE account SET last_login = ?, last_login_from = ? WHERE name = ?");
  update.bind(why.at.ns).bind(from).bind(name);
  if (auto done = change(update, why, "there is no account '" + name + "'"); !done) return done;
  return all.finish();
}

result<void> account_book::note(const audit_record& entry) {
  const turn alone(*this);
  return note_locked(entry);
}

result<void> account_book::note_locked(const audit_record& entry) {
  sqlite::statement insert(db_, "INSERT INTO audit(at, who, verb, what) VALUES(?, ?, ?, ?)");
  insert.bind(entry.at.ns).bind(entry.who).bind(entry.verb).bind(entry.what);
  if (auto done = insert.finish(); !done) return done;
  sqlite::statement trim(db_, "DELETE FROM audit WHERE id <= (SELECT max(id) FROM audit) - ?");
  return trim.bind(static_cast<std::int64_t>(audit_waiting_max)).finish();
}

result<std::vector<account_book::waiting_audit>> account_book::audit_waiting(std::size_t most) {
  const turn alone(*this);
  sqlite::statement ask(db_, "SELECT id, at, who, verb, what FROM audit ORDER BY id LIMIT ?");
  ask.bind(static_cast<std::int64_t>(most));
  std::vector<waiting_audit> out;
  while (ask.row()) {
    out.push_back({ask.integer(0),
                   {{ask.integer(1)},
                    std::string(ask.text(2)),
                    std::string(ask.text(3)),
                    std::string(ask.text(4))}});
  }
  if (!db_.ok()) return tl::unexpected(db_.why());
  return out;
}

result<void> account_book::audit_taken(std::int64_t id) {
  const turn alone(*this);
  return sqlite::statement(db_, "DELETE FROM audit WHERE id <= ?").bind(id).finish();
}

result<api_token> account_book::add_token(const secret_hash& secret, api_token what,
                                          const audit_record& why) {
  if (auto fits = check_account_name(what.name); !fits) return tl::unexpected(fits.error());
  const turn alone(*this);
  sqlite::transaction all(db_);
  const auto there = count("SELECT count(*) FROM token");
  if (!there) return tl::unexpected(there.error());
  if (*there >= static_cast<std::int64_t>(tokens_max)) return fail("there are 1,000 tokens");
  sqlite::statement insert(
      db_,
      "INSERT INTO token(secret, name, role, scopes, created, expires, made_by) "
      "VALUES(?, ?, ?, ?, ?, ?, ?) RETURNING id");
  insert.bind(secret).bind(what.name).bind(role_name(what.what));
  insert.bind(what.scopes).bind(what.created.ns).bind(what.expires.value_or(time_point{}).ns);
  if (!insert.bind(what.made_by).row()) return tl::unexpected(db_.why());
  what.id = insert.integer(0);
  if (auto done = insert.finish(); !done) return tl::unexpected(done.error());
  if (auto done = note_locked(why); !done) return tl::unexpected(done.error());
  if (auto done = all.finish(); !done) return tl::unexpected(done.error());
  return what;
}

result<std::vector<api_token>> account_book::tokens() {
  const turn alone(*this);
  static const std::string sql = select(token_columns, " FROM token ORDER BY id");
  sqlite::statement ask(db_, sql.c_str());
  std::vector<api_token> out;
  while (ask.row()) out.push_back(token_of(ask));
  if (!db_.ok()) return tl::unexpected(db_.why());
  return out;
}

result<void> account_book::remove_token(std::int64_t id, const audit_record& why) {
  const turn alone(*this);
  sqlite::transaction all(db_);
  sqlite::statement erase(db_, "DELETE FROM token WHERE id = ?");
  const std::string missing = "there is no token " + std::to_string(id);
  if (auto done = change(erase.bind(id), why, missing); !done) return done;
  return all.finish();
}

result<std::optional<api_token>> account_book::find_token(const secret_hash& secret) {
  const turn alone(*this);
  static const std::string sql = select(token_columns, " FROM token WHERE secret = ?");
  sqlite::statement ask(db_, sql.c_str());
  if (ask.bind(secret).row()) return std::optional(token_of(ask));
  if (!db_.ok()) return tl::unexpected(db_.why());
  return std::optional<api_token>();
}

void account_book::token_used(std::int64_t id, time_point when) {
  const turn alone(*this);
  (void)sqlite::statement(db_, "UPDATE token SET used = ? WHERE id = ?")
      .bind(when.ns)
      .bind(id)
      .finish();
}

}  // namespace callweir::dashboard

// The open sessions of the account book.
#include "dashboard/access/account_book.hpp"

namespace callweir::dashboard {

result<void> account_book::add_session(const secret_hash& secret, const open_session& what) {
  const turn alone(*this);
  sqlite::transaction all(db_);
  sqlite::statement insert(db_,
                           "INSERT INTO session(secret, account, version, created, seen) "
                           "VALUES(?, ?, ?, ?, ?)");
  insert.bind(secret).bind(what.account).bind(what.version);
  insert.bind(what.created.ns).bind(what.seen.ns);
  if (auto done = insert.finish(); !done) return done;
  // The oldest make room, of the account and of all.
  sqlite::statement of_one(
      db_,
      "DELETE FROM session WHERE account = ?1 AND secret NOT IN (SELECT secret FROM "
      "session WHERE account = ?1 ORDER BY seen DESC, created DESC LIMIT ?2)");
  of_one.bind(what.account).bind(static_cast<std::int64_t>(sessions_of_one_max));
  if (auto done = of_one.finish(); !done) return done;
  sqlite::statement of_all(db_,
                           "DELETE FROM session WHERE secret NOT IN (SELECT secret FROM session "
                           "ORDER BY seen DESC, created DESC LIMIT ?)");
  of_all.bind(static_cast<std::int64_t>(sessions_max));
  if (auto done = of_all.finish(); !done) return done;
  return all.finish();
}

result<std::optional<open_session>> account_book::find_session(const secret_hash& secret) {
  const turn alone(*this);
  sqlite::statement ask(db_,
                        "SELECT account, version, created, seen FROM session WHERE secret = ?");
  if (ask.bind(secret).row()) {
    return std::optional(
        open_session{std::string(ask.text(0)), ask.integer(1), {ask.integer(2)}, {ask.integer(3)}});
  }
  if (!db_.ok()) return tl::unexpected(db_.why());
  return std::optional<open_session>();
}

void account_book::session_seen(const secret_hash& secret, time_point when) {
  const turn alone(*this);
  sqlite::statement update(db_, "UPDATE session SET seen = ? WHERE secret = ?");
  (void)update.bind(when.ns).bind(secret).finish();
}

result<void> account_book::remove_session(const secret_hash& secret, const audit_record& why) {
  const turn alone(*this);
  sqlite::transaction all(db_);
  sqlite::statement erase(db_, "DELETE FROM session WHERE secret = ?");
  if (auto done = change(erase.bind(secret), why, "the session has ended already"); !done) {
    return done;
  }
  return all.finish();
}

void account_book::end_sessions(time_point begun_before, time_point seen_before) {
  const turn alone(*this);
  sqlite::statement erase(db_, "DELETE FROM session WHERE created < ? OR seen < ?");
  (void)erase.bind(begun_before.ns).bind(seen_before.ns).finish();
}

}  // namespace callweir::dashboard

// What the account book keeps beside accounts: the key of device proofs, and how often somebody who
// may has asked to forget failed logins.
#include "dashboard/access/account_book.hpp"

namespace callweir::dashboard {
namespace {

constexpr const char* ask_key = "SELECT value FROM state WHERE name = 'device key'";

}  // namespace

result<std::string> account_book::device_key() {
  const turn alone(*this);
  sqlite::statement ask(db_, ask_key);
  if (ask.row()) return std::string(ask.text(0));
  const std::string fresh = new_secret();
  sqlite::statement insert(
      db_, "INSERT INTO state(name, value) VALUES('device key', ?) ON CONFLICT DO NOTHING");
  if (auto made = insert.bind(fresh).finish(); !made) return tl::unexpected(made.error());
  // Another process may have been faster.
  sqlite::statement again(db_, ask_key);
  if (!again.row()) return tl::unexpected(db_.why());
  return std::string(again.text(0));
}

result<void> account_book::unlock(const audit_record& why) {
  const turn alone(*this);
  sqlite::transaction all(db_);
  sqlite::statement count(db_,
                          "INSERT INTO state(name, value) VALUES('unlocks', '1') "
                          "ON CONFLICT DO UPDATE SET value = CAST(value AS INTEGER) + 1");
  if (auto done = count.finish(); !done) return done;
  if (auto done = note_locked(why); !done) return done;
  return all.finish();
}

std::string account_book::unlocks() {
  const turn alone(*this);
  sqlite::statement ask(db_, "SELECT value FROM state WHERE name = 'unlocks'");
  return ask.row() ? std::string(ask.text(0)) : std::string();
}

}  // namespace callweir::dashboard

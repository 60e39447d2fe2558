// What ends: sessions, accounts, tokens, passwords. It holds from the answer on, whether or not the
// disk takes it.
#include <algorithm>

#include "base/log.hpp"
#include "dashboard/access/access_control.hpp"

namespace callweir::dashboard {

kept access_control::remember(unwritten_end one) {
  log::warning("access", "held in memory until it can be written: {}", one.why.what);
  const std::lock_guard lock(mutex_);
  ends_.add(std::move(one));
  return kept::in_memory;
}

kept access_control::log_out(const identity& who, const std::string& address, time_point now) {
  unwritten_end one;
  one.session = hash_of(who.secret);
  one.why = {now, who.described(address), "logout", "logged out"};
  bool only_here = false;
  {
    const std::lock_guard lock(mutex_);
    only_here = unwritten_.erase(key_of(one.session)) > 0;
    ends_.add(one);  // first here: the disk may take its time
  }
  if (one.write(*book_) || only_here) {
    const std::lock_guard lock(mutex_);
    ends_.forget(one);
    return kept::on_disk;
  }
  log::warning("access", "the end of a session of '{}' is not on disk yet", who.name);
  return kept::in_memory;
}

result<kept> access_control::store_password(const account& whose, const std::string& password,
                                            const std::string& by, time_point now) {
  const auto hash = passwords_.hash(password);
  if (!hash) return tl::unexpected(hash.error());
  unwritten_end one;
  one.what = unwritten_end::kind::password;
  one.account = whose.name;
  one.hash = *hash;
  one.why = {now, by, "user-passwd", "new password for account '" + whose.name + "'"};
  if (book_->set_password(whose.name, *hash, one.why)) return kept::on_disk;
  return remember(std::move(one));
}

result<kept> access_control::set_password(const std::string& name, const std::string& password,
                                          const std::string& by, time_point now) {
  if (auto fits = check_password(password, name); !fits) return tl::unexpected(fits.error());
  const auto whose = find(name);
  if (!whose) return tl::unexpected(whose.error());
  if (!*whose) return fail("there is no account '" + name + "'");
  const auto done = store_password(**whose, password, by, now);
  if (done) (void)unlock(by, now);
  return done;
}

result<kept> access_control::remove_account(const std::string& name, const std::string& by,
                                            time_point now) {
  const auto whose = find(name);
  if (!whose) return tl::unexpected(whose.error());
  if (!*whose) return fail("there is no account '" + name + "'");
  unwritten_end one;
  one.what = unwritten_end::kind::account;
  one.account = name;
  one.why = {now, by, "user-remove", "account '" + name + "' removed"};
  const auto done = book_->remove(name, one.why);
  if (done) return kept::on_disk;
  // Refused for a reason, or for want of room: who may be removed is, here at least.
  const auto all = accounts();
  const bool other_admin = all && std::any_of(all->begin(), all->end(), [&](const account& other) {
                             return other.name != name && other.what == role::admin;
                           });
  if ((*whose)->what == role::admin && !other_admin) return tl::unexpected(done.error());
  return remember(std::move(one));
}

result<kept> access_control::remove_token(const api_token& which, const std::string& by,
                                          time_point now) {
  unwritten_end one;
  one.what = unwritten_end::kind::token;
  one.token = which.id;
  one.why = {now, by, "token-remove",
             "token " + std::to_string(which.id) + " '" + which.name + "' removed"};
  if (book_->remove_token(which.id, one.why)) return kept::on_disk;
  return remember(std::move(one));
}

result<void> access_control::unlock(const std::string& by, time_point now) {
  const auto done = book_->unlock({now, by, "user-unlock", "failed logins are forgotten"});
  const std::lock_guard lock(mutex_);
  guard_.forget_all();
  return done;
}

result<std::optional<account>> access_control::find(const std::string& name) {
  auto found = book_->find(name);
  if (!found) return found;
  const std::lock_guard lock(mutex_);
  return ends_.none() ? std::move(*found) : ends_.seen(std::move(*found));
}

result<std::vector<account>> access_control::accounts() {
  auto all = book_->accounts();
  const std::lock_guard lock(mutex_);
  if (!all || ends_.none()) return all;
  std::vector<account> out;
  for (auto& one : *all) {
    if (auto seen = ends_.seen(std::move(one))) out.push_back(std::move(*seen));
  }
  return out;
}

result<std::vector<api_token>> access_control::tokens() {
  auto all = book_->tokens();
  const std::lock_guard lock(mutex_);
  if (all) {
    std::erase_if(*all, [&](const api_token& one) { return ends_.has_token(one.id); });
  }
  return all;
}

void access_control::write_what_waits() {
  std::vector<unwritten_end> waiting;
  {
    const std::lock_guard lock(mutex_);
    if (ends_.none()) return;
    waiting = ends_.all();
  }
  constexpr int failures_most = 3;  // then there is no room for the others either
  int failures = 0;
  for (const auto& one : waiting) {
    if (!one.write(*book_)) {
      if (++failures == failures_most) return;
      continue;
    }
    log::info("access", "on disk now: {}", one.why.what);
    const std::lock_guard lock(mutex_);
    ends_.forget(one);
  }
}

}  // namespace callweir::dashboard

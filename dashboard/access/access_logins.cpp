// Logging in, the first login, another password: who may try, the check itself, the session.
#include "base/log.hpp"
#include "dashboard/access/access_control.hpp"
#include "dashboard/access/device_proof.hpp"

namespace callweir::dashboard {
namespace {

constexpr std::size_t unwritten_max = 64;

login refused(error why) {
  login out;
  out.what = login::outcome::refused;
  out.problem = std::move(why);
  return out;
}

login busy() {
  login out;
  out.what = login::outcome::busy;
  out.wait = std::chrono::seconds(1);
  return out;
}

access_control::first_half ended(login how) {
  return {std::move(how), nullptr, false};
}

/// A name as it may stand in a log line and in the throttle's table.
std::string bounded(const std::string& name) {
  return check_account_name(name) ? name : "(not a name)";
}

}  // namespace

class open_try {
 public:
  enum class kind : std::uint8_t { log_in, set_up, change };

  open_try(access_control& control, kind of, login_try with, time_point at)
      : control_(control), what(of), who(std::move(with)), now(at) {}
  ~open_try() {
    if (counted) control_.give_up(*this);
  }
  open_try(const open_try&) = delete;
  open_try& operator=(const open_try&) = delete;

 private:
  access_control& control_;

 public:
  kind what;
  login_try who;
  time_point now;
  login_guard::claim claim;
  std::optional<account> whose;
  std::string by;        // of who changes his password: for the audit log
  bool counted = false;  // as a failure, until it is known
};

/// The verbs run in processes of their own.
void access_control::look_for_unlock() {
  std::string now = book_->unlocks();
  const std::lock_guard lock(mutex_);
  if (now.empty() || now == unlocks_) return;  // "": nobody ever did, or it cannot be read
  unlocks_ = std::move(now);
  guard_.forget_all();
}

access_control::first_half access_control::admit(std::shared_ptr<open_try> one) {
  look_for_unlock();
  if (one->whose) {
    one->claim.device = check_device_proof(device_key_, one->who.device, *one->whose, one->now);
  }
  one->claim.address = one->who.address;
  const std::lock_guard lock(mutex_);
  const auto wait = guard_.admit(one->claim, one->now);
  if (wait > nanoseconds{0}) {
    ++counters_.logins_throttled;
    login out;
    out.what = login::outcome::throttled;
    out.wait = wait;
    return ended(std::move(out));
  }
  one->counted = true;
  const bool known = !one->claim.device.empty();
  return {{}, std::move(one), known};
}

void access_control::give_up(const open_try& one) {
  const std::lock_guard lock(mutex_);
  guard_.undecided(one.claim);
}

void access_control::refuse(open_try& one) {
  one.counted = false;  // it stays what it was booked as
  {
    const std::lock_guard lock(mutex_);
    ++counters_.logins_refused;
  }
  (void)book_->note({one.now, "address " + one.who.address, "login-refused",
                     "wrong name or password for '" + bounded(one.who.name) + "'"});
}

access_control::first_half access_control::begin_set_up(login_try who, time_point now) {
  const auto needed = needs_setup();
  if (!needed) return ended(refused(needed.error()));
  if (!*needed) return ended(refused({"there is an account already", {}, "log in with it"}));
  auto one = std::make_shared<open_try>(*this, open_try::kind::set_up, std::move(who), now);
  // One name for all who try the code, whatever account they ask for.
  one->claim.account = "(set-up)";
  auto first = admit(one);
  if (!first.goes_on) return first;
  if (!setup_.fits(one->who.code)) {
    one->counted = false;
    (void)book_->note({now, "address " + one->who.address, "setup-refused", "wrong set-up code"});
    return ended({});
  }
  if (auto fits = check_account_name(one->who.name); !fits) return ended(refused(fits.error()));
  if (auto fits = check_password(one->who.password, one->who.name); !fits) {
    return ended(refused(fits.error()));
  }
  return first;
}

access_control::first_half access_control::begin_log_in(login_try who, time_point now) {
  auto one = std::make_shared<open_try>(*this, open_try::kind::log_in, std::move(who), now);
  if (check_account_name(one->who.name)) {
    auto found = find(one->who.name);
    if (!found) return ended(refused(found.error()));
    one->whose = std::move(*found);
  }
  one->claim.account = bounded(one->who.name);
  return admit(std::move(one));
}

access_control::first_half access_control::begin_change(const identity& who, login_try with,
                                                        time_point now) {
  with.name = who.name;
  if (auto fits = check_password(with.new_password, who.name); !fits) {
    return ended(refused(fits.error()));
  }
  auto one = std::make_shared<open_try>(*this, open_try::kind::change, std::move(with), now);
  auto found = find(who.name);
  if (!found) return ended(refused(found.error()));
  if (!*found) return ended(refused({"the account is not there", {}, {}}));
  one->whose = std::move(*found);
  one->by = who.described(one->who.address);
  one->claim.account = who.name;
  return admit(std::move(one));
}

login access_control::finish(open_try& one) {
  if (one.what == open_try::kind::set_up) return finish_set_up(one);
  const bool too_long = one.who.password.size() > password_bytes_max;
  const auto right =
      passwords_.verify(one.whose ? one.whose->hash : "", too_long ? "" : one.who.password);
  if (!right) return busy();
  if (!*right || too_long) {
    refuse(one);
    return {};
  }
  one.counted = false;
  {
    const std::lock_guard lock(mutex_);
    guard_.succeeded(one.claim);
  }
  return one.what == open_try::kind::change ? finish_change(one)
                                            : begin_session(*one.whose, one.who.address, one.now);
}

login access_control::finish_set_up(open_try& one) {
  const auto hash = passwords_.hash(one.who.password);
  if (!hash) return busy();
  one.counted = false;
  {
    const std::lock_guard lock(mutex_);
    guard_.succeeded(one.claim);
  }
  const auto& name = one.who.name;
  const audit_record why{one.now, "address " + one.who.address, "setup",
                         "first admin '" + name + "' made"};
  if (auto added = book_->add(name, role::admin, *hash, why, true); !added) {
    return refused(added.error());
  }
  setup_.forget();
  const auto made = book_->find(name);
  if (!made || !*made) return refused({"the account is not there", {}, "try again"});
  return begin_session(**made, one.who.address, one.now);
}

login access_control::finish_change(open_try& one) {
  const auto set = store_password(*one.whose, one.who.new_password, one.by, one.now);
  if (!set) return refused(set.error());
  const auto changed = find(one.who.name);
  if (!changed || !*changed) return refused({"the account is not there", {}, {}});
  auto out = begin_session(**changed, one.who.address, one.now);
  out.written = out.written && *set == kept::on_disk;
  return out;
}

login access_control::begin_session(const account& whose, const std::string& address,
                                    time_point now) {
  const std::string secret = new_secret();
  const open_session session{whose.name, whose.version, now, now};
  const secret_hash key = hash_of(secret);
  book_->end_sessions(now - options_.session_longest, now - options_.session_idle);
  const audit_record why{now, "user " + whose.name + " from " + address, "login", "logged in"};
  const auto noted = book_->logged_in(whose.name, address, why);
  if (!noted) {
    log::warning("access", "login of '{}' from {} is not on disk: {}", whose.name, address,
                 noted.error().text());
  }
  login out;
  out.what = login::outcome::in;
  out.who = of_session(whose, session, secret);
  out.device = make_device_proof(device_key_, whose, now);
  const bool kept = book_->add_session(key, session).has_value();
  out.written = kept && noted.has_value();
  const std::lock_guard lock(mutex_);
  if (!kept) {
    std::erase_if(unwritten_, [&](const auto& one) {
      return now - one.second.created > options_.session_longest;
    });
    if (unwritten_.size() >= unwritten_max) unwritten_.erase(unwritten_.begin());
    unwritten_.emplace(key_of(key), session);
  }
  ++counters_.logins;
  return out;
}

}  // namespace callweir::dashboard

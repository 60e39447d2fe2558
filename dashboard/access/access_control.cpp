#include "dashboard/access/access_control.hpp"

#include <algorithm>
#include <filesystem>

#include "base/log.hpp"

namespace callweir::dashboard {
namespace {

constexpr std::string_view token_prefix = "cw_";
constexpr std::size_t secret_letters = 43;
constexpr std::size_t unwritten_max = 64;
constexpr nanoseconds seen_grain = std::chrono::minutes(1);  // `seen` is not written more often
constexpr nanoseconds clock_slack = std::chrono::minutes(5);

std::string key_of(const secret_hash& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

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

/// A name as it may stand in a log line and in the throttle's table.
std::string bounded(const std::string& name) {
  return check_account_name(name) ? name : "(not a name)";
}

}  // namespace

access_options access_beside(const std::string& store_path) {
  const std::filesystem::path folder = std::filesystem::path(store_path).parent_path();
  access_options out;
  out.accounts_database = (folder / "accounts.db").string();
  out.setup_file = (folder / "setup-code").string();
  return out;
}

std::string identity::described(std::string_view address) const {
  std::string out = token ? "token " : "user ";
  out += name;
  if (!address.empty()) out.append(" from ").append(address);
  return out;
}

result<std::unique_ptr<access_control>> access_control::open(const access_options& options) {
  auto book = account_book::open(options.accounts_database);
  if (!book) return tl::unexpected(book.error());
  return std::unique_ptr<access_control>(new access_control(options, std::move(*book)));
}

access_control::access_control(const access_options& options, std::unique_ptr<account_book> book)
    : options_(options),
      book_(std::move(book)),
      passwords_(options.cost),
      setup_(options.setup_file),
      addresses_(options.of_address),
      accounts_(options.of_account) {}

access_counters access_control::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

result<bool> access_control::needs_setup(std::string* announcement) {
  const auto empty = book_->empty();
  if (!empty) return empty;
  if (!*empty) {
    setup_.forget();
    return false;
  }
  const auto made = setup_.ensure();
  if (!made) return tl::unexpected(made.error());
  if (announcement != nullptr && *made) {
    *announcement = "no account yet: make the first admin on the page with the set-up code " +
                    setup_.read() + " (kept in " + setup_.path() +
                    " until then), or by 'callweir user add'";
  }
  return true;
}

std::optional<login> access_control::held_back(const std::string& name, const std::string& address,
                                               bool known_address, time_point now) {
  const std::lock_guard lock(mutex_);
  const auto key = throttle_key_of_address(address);
  auto wait = addresses_.wait(key, now);
  // An owner who comes from where he came last is not locked out by others who guess.
  if (!known_address) wait = std::max(wait, accounts_.wait(name, now));
  if (wait > nanoseconds{0}) {
    ++counters_.logins_throttled;
    login out;
    out.what = login::outcome::throttled;
    out.wait = wait;
    return out;
  }
  // Booked before it is known, so that tries at the same time count, too.
  addresses_.failed(key, now);
  accounts_.failed(name, now);
  return std::nullopt;
}

void access_control::settle(const std::string& name, const std::string& address, bool good) {
  const std::lock_guard lock(mutex_);
  addresses_.undo(throttle_key_of_address(address));
  if (good) {
    accounts_.forget(name);
  } else {
    accounts_.undo(name);
  }
}

void access_control::note_failure(const std::string& name, const std::string& address,
                                  time_point now) {
  {
    const std::lock_guard lock(mutex_);
    ++counters_.logins_refused;
  }
  (void)book_->note({now, "address " + address, "login-refused",
                     "wrong name or password for '" + bounded(name) + "'"});
}

login access_control::set_up(std::string_view code, const std::string& name,
                             const std::string& password, const std::string& address,
                             time_point now) {
  const auto needed = needs_setup();
  if (!needed) return refused(needed.error());
  if (!*needed) return refused({"there is an account already", {}, "log in with it"});
  // One name for all who try the code, whatever account they ask for.
  const std::string tried = "(set-up)";
  if (auto held = held_back(tried, address, false, now)) return *held;
  if (!setup_.fits(code)) {
    (void)book_->note({now, "address " + address, "setup-refused", "wrong set-up code"});
    return {};
  }
  settle(tried, address, true);
  if (auto fits = check_account_name(name); !fits) return refused(fits.error());
  if (auto fits = check_password(password, name); !fits) return refused(fits.error());
  const auto hash = passwords_.hash(password);
  if (!hash) return busy();
  const audit_record why{now, "address " + address, "setup", "first admin '" + name + "' made"};
  if (auto added = book_->add(name, role::admin, *hash, why, true); !added) {
    return refused(added.error());
  }
  setup_.forget();
  const auto made = book_->find(name);
  if (!made || !*made) return refused({"the account is not there", {}, "try again"});
  return begin_session(**made, address, now);
}

login access_control::log_in(const std::string& name, const std::string& password,
                             const std::string& address, time_point now) {
  const bool possible = check_account_name(name).has_value();
  std::optional<account> whose;
  if (possible) {
    auto found = book_->find(name);
    if (!found) return refused(found.error());
    whose = std::move(*found);
  }
  const bool known = whose && !address.empty() && whose->last_login_from == address;
  const std::string key = bounded(name);
  if (auto held = held_back(key, address, known, now)) return *held;
  const bool too_long = password.size() > password_bytes_max;
  const auto right = passwords_.verify(whose ? whose->hash : "", too_long ? "" : password);
  if (!right) {
    settle(key, address, false);
    return busy();
  }
  if (!*right || too_long) {
    note_failure(name, address, now);
    return {};
  }
  settle(key, address, true);
  return begin_session(*whose, address, now);
}

identity access_control::of_session(const account& whose, const open_session& session,
                                    std::string_view secret) const {
  identity out;
  out.name = whose.name;
  out.what = whose.what;
  out.csrf = derived_secret(secret, "csrf");
  out.secret = secret;
  out.expires =
      std::min(session.created + options_.session_longest, session.seen + options_.session_idle);
  return out;
}

login access_control::begin_session(const account& whose, const std::string& address,
                                    time_point now) {
  const std::string secret = new_secret();
  const open_session session{whose.name, whose.version, now, now};
  const secret_hash key = hash_of(secret);
  book_->end_sessions(now - options_.session_longest, now - options_.session_idle);
  const audit_record why{now, "user " + whose.name + " from " + address, "login", "logged in"};
  if (auto noted = book_->logged_in(whose.name, address, why); !noted) {
    log::warning("access", "login of '{}' from {} is not on disk: {}", whose.name, address,
                 noted.error().text());
  }
  const bool kept = book_->add_session(key, session).has_value();
  const std::lock_guard lock(mutex_);
  if (!kept) {
    std::erase_if(unwritten_, [&](const auto& one) {
      return now - one.second.created > options_.session_longest;
    });
    if (unwritten_.size() >= unwritten_max) unwritten_.erase(unwritten_.begin());
    unwritten_.emplace(key_of(key), session);
  }
  ++counters_.logins;
  login out;
  out.what = login::outcome::in;
  out.who = of_session(whose, session, secret);
  return out;
}

std::optional<open_session> access_control::find_session(const secret_hash& key) {
  if (const auto kept = book_->find_session(key); kept && *kept) return **kept;
  const std::lock_guard lock(mutex_);
  const auto found = unwritten_.find(key_of(key));
  return found == unwritten_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<identity> access_control::by_session(std::string_view secret, time_point now,
                                                   bool asks) {
  if (secret.size() != secret_letters) return std::nullopt;
  const secret_hash key = hash_of(secret);
  auto session = find_session(key);
  if (!session) return std::nullopt;
  const auto whose = book_->find(session->account);
  if (!whose || !*whose || (*whose)->version != session->version) return std::nullopt;
  // A session from the future is one from before the clock was set back: nobody knows its age.
  const bool alive = now - session->created <= options_.session_longest &&
                     now - session->seen <= options_.session_idle &&
                     session->created - now <= clock_slack;
  if (!alive) return std::nullopt;
  if (asks && now - session->seen >= seen_grain) {
    session->seen = now;
    book_->session_seen(key, now);
    const std::lock_guard lock(mutex_);
    if (const auto found = unwritten_.find(key_of(key)); found != unwritten_.end()) {
      found->second.seen = now;
    }
  }
  return of_session(**whose, *session, secret);
}

void access_control::log_out(const identity& who, const std::string& address, time_point now) {
  const secret_hash key = hash_of(who.secret);
  {
    const std::lock_guard lock(mutex_);
    unwritten_.erase(key_of(key));
  }
  (void)book_->remove_session(key, {now, who.described(address), "logout", "logged out"});
}

std::optional<identity> access_control::by_token(std::string_view secret, time_point now) {
  if (secret.size() != token_prefix.size() + secret_letters || !secret.starts_with(token_prefix)) {
    return std::nullopt;
  }
  const auto found = book_->find_token(hash_of(secret));
  if (!found || !*found) return std::nullopt;
  const api_token& token = **found;
  if (token.expires && now >= *token.expires) return std::nullopt;
  if (!token.last_used || now - *token.last_used >= seen_grain) book_->token_used(token.id, now);
  identity out;
  out.name = token.name;
  out.what = token.what;
  out.scopes = token.scopes;
  out.token = true;
  out.expires = token.expires.value_or(time_point{});
  return out;
}

result<void> access_control::add_account(const std::string& name, role what,
                                         const std::string& password, const std::string& by,
                                         time_point now) {
  if (auto fits = check_account_name(name); !fits) return fits;
  if (auto fits = check_password(password, name); !fits) return fits;
  const auto hash = passwords_.hash(password);
  if (!hash) return tl::unexpected(hash.error());
  const auto done =
      book_->add(name, what, *hash,
                 {now, by, "user-add", "account '" + name + "' added as " + role_name(what)});
  if (done) setup_.forget();
  return done;
}

result<void> access_control::set_password(const std::string& name, const std::string& password,
                                          const std::string& by, time_point now) {
  if (auto fits = check_password(password, name); !fits) return fits;
  const auto hash = passwords_.hash(password);
  if (!hash) return tl::unexpected(hash.error());
  return book_->set_password(name, *hash,
                             {now, by, "user-passwd", "new password for account '" + name + "'"});
}

login access_control::change_password(const identity& who, const std::string& old_password,
                                      const std::string& new_password, const std::string& address,
                                      time_point now) {
  if (auto fits = check_password(new_password, who.name); !fits) return refused(fits.error());
  if (auto held = held_back(who.name, address, false, now)) return *held;
  const auto whose = book_->find(who.name);
  if (!whose || !*whose) return refused({"the account is not there", {}, {}});
  const auto right = passwords_.verify(
      (*whose)->hash, old_password.size() > password_bytes_max ? "" : old_password);
  if (!right) {
    settle(who.name, address, false);
    return busy();
  }
  if (!*right) {
    note_failure(who.name, address, now);
    return {};
  }
  settle(who.name, address, true);
  if (auto set = set_password(who.name, new_password, who.described(address), now); !set) {
    return refused(set.error());
  }
  const auto changed = book_->find(who.name);
  if (!changed || !*changed) return refused({"the account is not there", {}, {}});
  return begin_session(**changed, address, now);
}

result<access_control::made_token> access_control::add_token(const api_token& what,
                                                             const std::string& by,
                                                             time_point now) {
  if (what.expires && *what.expires <= now) return fail("the token would be expired already");
  made_token out;
  out.secret = std::string(token_prefix) + new_secret();
  api_token wanted = what;
  wanted.created = now;
  wanted.made_by = by;
  const audit_record why{
      now, by, "token-add",
      "token '" + what.name + "' made: " + role_name(what.what) + ", " + scope_names(what.scopes)};
  auto added = book_->add_token(hash_of(out.secret), wanted, why);
  if (!added) return tl::unexpected(added.error());
  out.what = std::move(*added);
  return out;
}

}  // namespace callweir::dashboard

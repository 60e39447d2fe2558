#include "dashboard/access/access_control.hpp"

#include <algorithm>
#include <filesystem>

#include "base/log.hpp"

namespace callweir::dashboard {
namespace {

constexpr std::string_view token_prefix = "cw_";
constexpr std::size_t secret_letters = 43;
constexpr nanoseconds seen_grain = std::chrono::minutes(1);  // `seen` is not written more often
constexpr nanoseconds clock_slack = std::chrono::minutes(5);

}  // namespace

std::string access_control::key_of(const secret_hash& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

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
      guard_(options.guard) {
  const auto key = book_->device_key();
  if (!key) log::warning("access", "no device is known after a restart: {}", key.error().text());
  device_key_ = key ? *key : new_secret();
  unlocks_ = book_->unlocks();
}

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

std::optional<open_session> access_control::find_session(const secret_hash& key) {
  {
    const std::lock_guard lock(mutex_);
    if (ends_.has_session(key)) return std::nullopt;
  }
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
  const auto whose = find(session->account);
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

std::optional<identity> access_control::by_token(std::string_view secret, time_point now) {
  if (secret.size() != token_prefix.size() + secret_letters || !secret.starts_with(token_prefix)) {
    return std::nullopt;
  }
  const auto found = book_->find_token(hash_of(secret));
  if (!found || !*found) return std::nullopt;
  const api_token& token = **found;
  if (token.expires && now >= *token.expires) return std::nullopt;
  {
    const std::lock_guard lock(mutex_);
    if (ends_.has_token(token.id)) return std::nullopt;
  }
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

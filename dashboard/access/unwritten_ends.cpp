#include "dashboard/access/unwritten_ends.hpp"

#include <algorithm>

namespace callweir::dashboard {

using kind = unwritten_end::kind;

std::int64_t version_after(std::int64_t version, time_point when) {
  return std::max(version + 1, when.ns);
}

bool unwritten_end::same_object(const unwritten_end& other) const {
  return what == other.what && session == other.session && token == other.token &&
         account == other.account;
}

bool unwritten_end::write(account_book& book) const {
  switch (what) {
    case kind::session: {
      if (book.remove_session(session, why)) return true;
      const auto found = book.find_session(session);
      return found && !*found;
    }
    case kind::token: {
      if (book.remove_token(token, why)) return true;
      const auto found = book.tokens();
      return found && std::none_of(found->begin(), found->end(),
                                   [&](const api_token& one) { return one.id == token; });
    }
    case kind::account:
      if (book.remove(account, why)) return true;
      break;
    case kind::password:
      if (book.set_password(account, hash, why)) return true;
      break;
  }
  const auto found = book.find(account);
  return found && !*found;
}

void unwritten_ends::add(unwritten_end one) {
  forget(one);  // a newer password takes the place of an earlier one
  all_.push_back(std::move(one));
}

bool unwritten_ends::has_session(const secret_hash& key) const {
  return std::any_of(all_.begin(), all_.end(), [&](const auto& one) {
    return one.what == kind::session && one.session == key;
  });
}

bool unwritten_ends::has_token(std::int64_t id) const {
  return std::any_of(all_.begin(), all_.end(),
                     [&](const auto& one) { return one.what == kind::token && one.token == id; });
}

std::optional<account> unwritten_ends::seen(std::optional<account> whose) const {
  for (const auto& one : all_) {
    if (!whose || one.account != whose->name) continue;
    if (one.what == kind::account) return std::nullopt;
    if (one.what != kind::password) continue;
    whose->hash = one.hash;
    whose->version = version_after(whose->version, one.why.at);
    whose->changed = one.why.at;
  }
  return whose;
}

void unwritten_ends::forget(const unwritten_end& one) {
  std::erase_if(all_, [&](const auto& other) { return other.same_object(one); });
}

}  // namespace callweir::dashboard

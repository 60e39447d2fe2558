// What was taken away while the disk would not take it: sessions, tokens, accounts, old passwords.
// It holds at once, in this process, and is written as soon as that can be done. Not locked: its
// owner is. As many entries as there are sessions, tokens and accounts, at most.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dashboard/access/account_book.hpp"

namespace callweir::dashboard {

struct unwritten_end {
  enum class kind : std::uint8_t { session, token, account, password } what = kind::session;
  secret_hash session{};
  std::int64_t token = 0;
  std::string account;  // removed, or with a new password
  std::string hash;     // of the new password
  audit_record why;

  bool same_object(const unwritten_end& other) const;
  /// True when it is written, or there is nothing left that it could be about.
  bool write(account_book& book) const;
};

/// Of an account that gets a new password at `when`: no earlier session has it.
std::int64_t version_after(std::int64_t version, time_point when);

class unwritten_ends {
 public:
  void add(unwritten_end one);
  bool has_session(const secret_hash& key) const;
  bool has_token(std::int64_t id) const;
  /// The account as it is with what is not written yet; nullopt where it was removed.
  std::optional<account> seen(std::optional<account> whose) const;
  bool none() const { return all_.empty(); }
  const std::vector<unwritten_end>& all() const { return all_; }
  void forget(const unwritten_end& one);

 private:
  std::vector<unwritten_end> all_;
};

}  // namespace callweir::dashboard

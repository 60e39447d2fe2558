// Who may try a password now. A client that proves by its device cookie that the account was logged
// in to from it before is slowed down by its own failures only, so that nobody locks it out;
// everybody else by the failures at the account and of the address. Not locked: its owner is.
#pragma once

#include <string>

#include "dashboard/access/throttle.hpp"

namespace callweir::dashboard {

struct guard_options {
  throttle_options of_device;  // 5 for nothing, then from 1 s to 15 min
  throttle_options of_account{5, std::chrono::seconds(1), std::chrono::minutes(1),
                              std::chrono::hours(1), 4'096};
  // Many people may be behind one address: it is slowed down, never shut out.
  throttle_options of_address{20, std::chrono::seconds(1), std::chrono::seconds(5),
                              std::chrono::hours(1), 4'096};
};

class login_guard {
 public:
  /// Who tries: `device` is "" for a client that proves nothing.
  struct claim {
    std::string account, address, device;
  };

  explicit login_guard(const guard_options& options);

  /// Zero: go on. It counts as a failure from now on, so that tries at the same time count, too.
  nanoseconds admit(const claim& who, time_point now);
  void succeeded(const claim& who);
  /// Nobody looked at the password.
  void undecided(const claim& who);
  void forget_account(const std::string& account) { accounts_.forget(account); }
  void forget_all();

 private:
  guard_options options_;
  throttle devices_, accounts_, addresses_;
};

}  // namespace callweir::dashboard

#include "dashboard/access/login_guard.hpp"

#include <algorithm>

namespace callweir::dashboard {

login_guard::login_guard(const guard_options& options)
    : options_(options),
      devices_(options.of_device),
      accounts_(options.of_account),
      addresses_(options.of_address) {}

nanoseconds login_guard::admit(const claim& who, time_point now) {
  if (!who.device.empty()) {
    const auto wait = devices_.wait(who.device, now);
    if (wait == nanoseconds{0}) devices_.failed(who.device, now);
    return wait;
  }
  const auto address = throttle_key_of_address(who.address);
  const auto wait = std::max(addresses_.wait(address, now), accounts_.wait(who.account, now));
  if (wait > nanoseconds{0}) return wait;
  addresses_.failed(address, now);
  accounts_.failed(who.account, now);
  return wait;
}

void login_guard::succeeded(const claim& who) {
  if (!who.device.empty()) return devices_.forget(who.device);
  accounts_.forget(who.account);
  // Who has an account may not clear the address of his own guesses at others.
  addresses_.undo(throttle_key_of_address(who.address));
}

void login_guard::undecided(const claim& who) {
  if (!who.device.empty()) return devices_.undo(who.device);
  accounts_.undo(who.account);
  addresses_.undo(throttle_key_of_address(who.address));
}

void login_guard::forget_all() {
  *this = login_guard(options_);
}

}  // namespace callweir::dashboard

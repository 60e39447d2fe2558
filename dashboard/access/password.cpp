#include "dashboard/access/password.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "dashboard/access/secret.hpp"

namespace callweir::dashboard {
namespace {

result<std::string> argon2id(std::string_view password, const password_cost& cost) {
  std::array<char, crypto_pwhash_STRBYTES> out{};
  if (crypto_pwhash_str(out.data(), password.data(), password.size(), cost.passes,
                        cost.memory_bytes) != 0) {
    return fail("the password cannot be hashed: memory is short", {}, "try again");
  }
  return std::string(out.data());
}

tl::unexpected<error> busy() {
  return fail("other logins are being checked", {}, "try again in a second");
}

}  // namespace

result<void> check_password(std::string_view password, std::string_view account) {
  if (password.size() < password_bytes_min) {
    return fail("the password is shorter than 10 bytes", {}, "a sentence is long and easy to keep");
  }
  if (password.size() > password_bytes_max) return fail("the password is longer than 1,024 bytes");
  if (password.find('\0') != std::string_view::npos) return fail("the password has a zero byte");
  const bool of_one =
      std::all_of(password.begin(), password.end(), [&](char c) { return c == password.front(); });
  if (of_one || password == account) {
    return fail("the password is the first thing that anybody tries", {}, "take another");
  }
  return {};
}

password_hasher::password_hasher(password_cost cost) : cost_(cost) {
  auto made = argon2id(new_secret(), cost_);
  if (!made) throw std::runtime_error(made.error().what);
  nobody_ = std::move(*made);
}

bool password_hasher::enter() {
  std::unique_lock lock(mutex_);
  if (busy_) {
    if (waiting_ >= waiting_max) return false;
    ++waiting_;
    const bool came = free_.wait_for(lock, patience, [this] { return !busy_; });
    --waiting_;
    if (!came) return false;
  }
  busy_ = true;
  return true;
}

void password_hasher::leave() {
  {
    const std::lock_guard lock(mutex_);
    busy_ = false;
  }
  free_.notify_one();
}

result<std::string> password_hasher::hash(std::string_view password) {
  if (!enter()) return busy();
  auto out = argon2id(password, cost_);
  leave();
  return out;
}

result<bool> password_hasher::verify(const std::string& stored, std::string_view password) {
  if (!enter()) return busy();
  const bool right = crypto_pwhash_str_verify((stored.empty() ? nobody_ : stored).c_str(),
                                              password.data(), password.size()) == 0;
  leave();
  return right && !stored.empty();
}

}  // namespace callweir::dashboard

// Passwords: argon2id by libsodium (RFC 9106). Hashing takes 32 MiB and about 0.13 s, so only one
// runs at a time and few wait: a flood of logins costs neither memory nor the answering threads.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace callweir::dashboard {

struct password_cost {
  std::uint64_t passes = 4;
  std::size_t memory_bytes = 32 << 20;
};

constexpr std::size_t password_bytes_min = 10;
constexpr std::size_t password_bytes_max = 1'024;

/// A password that an account may get: long enough, and not its own name.
result<void> check_password(std::string_view password, std::string_view account);

/// At most one hash at a time, of all threads of the process.
class password_hasher {
 public:
  explicit password_hasher(password_cost cost = {});

  /// The string to store. An error when memory is short or others are waiting already.
  result<std::string> hash(std::string_view password);
  /// `stored` "" (an account that is not there) takes as long as any other and is never right.
  result<bool> verify(const std::string& stored, std::string_view password);

 private:
  bool enter();
  void leave();

  static constexpr std::chrono::milliseconds patience{300};
  static constexpr unsigned waiting_max = 1;

  password_cost cost_;
  std::string nobody_;  // of a random password
  std::mutex mutex_;
  std::condition_variable free_;
  bool busy_ = false;
  unsigned waiting_ = 0;
};

}  // namespace callweir::dashboard

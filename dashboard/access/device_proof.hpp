// What a browser keeps to prove that an account was logged in to from it before ("device cookies",
// OWASP). It opens nothing: it only lets its holder try the password of this one account without
// being slowed down by the failures of others. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "dashboard/access/account_book.hpp"

namespace callweir::dashboard {

constexpr nanoseconds device_proof_lasts = std::chrono::hours(180 * 24);

/// "<seconds of issue>.<nonce>.<keyed hash over both and the account>".
std::string make_device_proof(const std::string& key, const account& whose, time_point now);

/// Its nonce, by which failures are counted; "" when it proves nothing: of another account (also of
/// an earlier one of this name), forged, older than `device_proof_lasts`, or of the future.
std::string check_device_proof(const std::string& key, std::string_view proof, const account& whose,
                               time_point now);

}  // namespace callweir::dashboard

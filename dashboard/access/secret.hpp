// Random secrets and what is kept of them. Secrets are 256 bits from the system's generator; only
// their BLAKE2b hashes are stored, so that a stolen database opens no session.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace callweir::dashboard {

using secret_hash = std::array<std::uint8_t, 32>;

/// 43 letters of base64url. Any thread.
std::string new_secret();
/// Letters and digits that are read aloud well, in four groups of five: 100 bits.
std::string new_setup_code();
secret_hash hash_of(std::string_view secret);
/// Another secret that follows from `secret` and does not betray it: `purpose` keys the hash.
std::string derived_secret(std::string_view secret, std::string_view purpose);
/// Takes the same time wherever they differ. False for different lengths.
bool same_secret(std::string_view a, std::string_view b);

}  // namespace callweir::dashboard

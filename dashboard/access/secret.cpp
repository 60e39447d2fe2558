#include "dashboard/access/secret.hpp"

#include <sodium.h>

#include <stdexcept>

namespace callweir::dashboard {
namespace {

/// Once a process; idempotent and safe from any thread (libsodium's documentation).
void ready() {
  if (sodium_init() < 0) throw std::runtime_error("libsodium cannot start");
}

std::string base64(const std::uint8_t* bytes, std::size_t length) {
  std::string out(sodium_base64_ENCODED_LEN(length, sodium_base64_VARIANT_URLSAFE_NO_PADDING),
                  '\0');
  sodium_bin2base64(out.data(), out.size(), bytes, length,
                    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  out.pop_back();  // its terminating zero
  return out;
}

const std::uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

}  // namespace

std::string new_secret() {
  ready();
  std::array<std::uint8_t, 32> random{};
  randombytes_buf(random.data(), random.size());
  return base64(random.data(), random.size());
}

std::string new_setup_code() {
  ready();
  // Crockford's base 32: no I, L, O, U.
  constexpr std::string_view letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  std::string out;
  for (int i = 0; i < 20; ++i) {
    if (i > 0 && i % 5 == 0) out += '-';
    out += letters[randombytes_uniform(static_cast<std::uint32_t>(letters.size()))];
  }
  return out;
}

secret_hash hash_of(std::string_view secret) {
  ready();
  secret_hash out{};
  crypto_generichash(out.data(), out.size(), bytes_of(secret), secret.size(), nullptr, 0);
  return out;
}

std::string derived_secret(std::string_view secret, std::string_view purpose) {
  const secret_hash key = hash_of(secret);
  secret_hash out{};
  // Keyed by another hash than the stored one: who reads the database cannot derive anything.
  secret_hash keyed{};
  crypto_generichash(keyed.data(), keyed.size(), bytes_of(secret), secret.size(), key.data(),
                     key.size());
  crypto_generichash(out.data(), out.size(), bytes_of(purpose), purpose.size(), keyed.data(),
                     keyed.size());
  return base64(out.data(), out.size());
}

bool same_secret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace callweir::dashboard

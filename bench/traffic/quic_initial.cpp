// Protection of QUIC's first packet: RFC 9001 section 5, keys from the connection id alone.
#include <openssl/evp.h>
#include <openssl/kdf.h>

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>

#include "bench/traffic/payloads.hpp"

namespace callweir::bench {

payload quic_client_hello(std::string_view server);  // payloads.cpp

namespace {

constexpr std::size_t datagram_bytes = 1200;  // RFC 9000 section 14.1
constexpr std::size_t tag_bytes = 16;

void must(int done) {
  if (done != 1) throw std::runtime_error("the crypto library refuses a QUIC Initial packet");
}

payload hkdf(const payload& secret, const payload& info_or_salt, bool extract, std::size_t bytes) {
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> made(
      EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, nullptr), EVP_PKEY_CTX_free);
  EVP_PKEY_CTX* const c = made.get();
  const int length = static_cast<int>(info_or_salt.size());
  must(EVP_PKEY_derive_init(c));
  must(EVP_PKEY_CTX_set_hkdf_mode(
      c, extract ? EVP_PKEY_HKDEF_MODE_EXTRACT_ONLY : EVP_PKEY_HKDEF_MODE_EXPAND_ONLY));
  must(EVP_PKEY_CTX_set_hkdf_md(c, EVP_sha256()));
  must(EVP_PKEY_CTX_set1_hkdf_key(c, secret.data(), static_cast<int>(secret.size())));
  must(extract ? EVP_PKEY_CTX_set1_hkdf_salt(c, info_or_salt.data(), length)
               : EVP_PKEY_CTX_add1_hkdf_info(c, info_or_salt.data(), length));
  payload out(bytes);
  must(EVP_PKEY_derive(c, out.data(), &bytes));
  return out;
}

/// HKDF-Expand-Label of RFC 8446 section 7.1, with an empty context.
payload expand(const payload& secret, std::string_view label, std::size_t bytes) {
  const std::string full = "tls13 " + std::string(label);
  payload info = {static_cast<std::uint8_t>(bytes >> 8), static_cast<std::uint8_t>(bytes),
                  static_cast<std::uint8_t>(full.size())};
  info.insert(info.end(), full.begin(), full.end());
  info.push_back(0);
  return hkdf(secret, info, false, bytes);
}

struct cipher_context {
  EVP_CIPHER_CTX* const c = EVP_CIPHER_CTX_new();
  cipher_context() = default;
  ~cipher_context() { EVP_CIPHER_CTX_free(c); }
  cipher_context(const cipher_context&) = delete;
  cipher_context& operator=(const cipher_context&) = delete;
};

payload seal(const payload& key, const payload& nonce, const payload& header, const payload& open) {
  const cipher_context made;
  EVP_CIPHER_CTX* const c = made.c;
  payload out(open.size() + tag_bytes);
  int n = 0;
  must(EVP_EncryptInit_ex(c, EVP_aes_128_gcm(), nullptr, key.data(), nonce.data()));
  must(EVP_EncryptUpdate(c, nullptr, &n, header.data(), static_cast<int>(header.size())));
  must(EVP_EncryptUpdate(c, out.data(), &n, open.data(), static_cast<int>(open.size())));
  must(EVP_EncryptFinal_ex(c, out.data() + n, &n));
  must(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, tag_bytes, out.data() + open.size()));
  return out;
}

std::array<std::uint8_t, 16> mask_of(const payload& key, const std::uint8_t* sample) {
  const cipher_context made;
  std::array<std::uint8_t, 16> out{};
  int n = 0;
  must(EVP_EncryptInit_ex(made.c, EVP_aes_128_ecb(), nullptr, key.data(), nullptr));
  must(EVP_EncryptUpdate(made.c, out.data(), &n, sample, 16));
  return out;
}

}  // namespace

payload quic_initial(std::string_view server) {
  const payload salt = {0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
                        0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a};
  const payload connection = {0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08};
  const payload secret = expand(hkdf(connection, salt, true, 32), "client in", 32);
  payload nonce = expand(secret, "quic iv", 12);
  constexpr std::uint8_t number = 0;  // of the packet: changes nothing in the nonce

  const payload hello = quic_client_hello(server);
  payload open = {0x06, 0x00, static_cast<std::uint8_t>(0x40 | hello.size() >> 8),
                  static_cast<std::uint8_t>(hello.size())};
  open.insert(open.end(), hello.begin(), hello.end());
  payload header = {0xc0, 0, 0, 0, 1, 8};
  header.insert(header.end(), connection.begin(), connection.end());
  header.insert(header.end(), {0, 0});  // no source id, no token
  const std::size_t number_at = header.size() + 2;
  open.resize(datagram_bytes - number_at - 1 - tag_bytes);  // PADDING frames
  const std::size_t length = 1 + open.size() + tag_bytes;
  header.insert(header.end(), {static_cast<std::uint8_t>(0x40 | length >> 8),
                               static_cast<std::uint8_t>(length), number});

  const payload sealed = seal(expand(secret, "quic key", 16), nonce, header, open);
  payload out = header;
  out.insert(out.end(), sealed.begin(), sealed.end());
  const auto mask = mask_of(expand(secret, "quic hp", 16), out.data() + number_at + 4);
  out[0] = static_cast<std::uint8_t>(out[0] ^ (mask[0] & 0x0f));
  out[number_at] = static_cast<std::uint8_t>(out[number_at] ^ mask[1]);
  return out;
}

}  // namespace callweir::bench

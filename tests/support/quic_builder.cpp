#include "tests/support/quic_builder.hpp"

#include <openssl/evp.h>
#include <openssl/kdf.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace callweir::test {
namespace {

using bytes_of = std::vector<std::uint8_t>;

constexpr std::size_t tag_bytes = 16;

void must(int done) {
  if (done != 1) throw std::runtime_error("the crypto library refuses a QUIC Initial packet");
}

bytes_of hkdf(const bytes_of& secret, const bytes_of& info_or_salt, bool extract,
              std::size_t bytes) {
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
  bytes_of out(bytes);
  must(EVP_PKEY_derive(c, out.data(), &bytes));
  return out;
}

/// HKDF-Expand-Label of RFC 8446 section 7.1, with an empty context.
bytes_of expand(const bytes_of& secret, std::string_view label, std::size_t bytes) {
  const std::string full = "tls13 " + std::string(label);
  bytes_of info = {static_cast<std::uint8_t>(bytes >> 8), static_cast<std::uint8_t>(bytes),
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

bytes_of seal(const bytes_of& key, const bytes_of& nonce, const bytes_of& header,
              const bytes_of& open) {
  const cipher_context made;
  EVP_CIPHER_CTX* const c = made.c;
  bytes_of out(open.size() + tag_bytes);
  int n = 0;
  must(EVP_EncryptInit_ex(c, EVP_aes_128_gcm(), nullptr, key.data(), nonce.data()));
  must(EVP_EncryptUpdate(c, nullptr, &n, header.data(), static_cast<int>(header.size())));
  must(EVP_EncryptUpdate(c, out.data(), &n, open.data(), static_cast<int>(open.size())));
  must(EVP_EncryptFinal_ex(c, out.data() + n, &n));
  must(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, tag_bytes, out.data() + open.size()));
  return out;
}

std::array<std::uint8_t, 16> mask_of(const bytes_of& key, const std::uint8_t* sample) {
  const cipher_context made;
  std::array<std::uint8_t, 16> out{};
  int n = 0;
  must(EVP_EncryptInit_ex(made.c, EVP_aes_128_ecb(), nullptr, key.data(), nullptr));
  must(EVP_EncryptUpdate(made.c, out.data(), &n, sample, 16));
  return out;
}

/// RFC 9000 section 16, in two bytes.
void put_number(bytes_of& out, std::size_t value) {
  out.push_back(static_cast<std::uint8_t>(0x40 | value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}

}  // namespace

std::vector<std::uint8_t> quic_initial_packet(std::span<const std::uint8_t> frames,
                                              const quic_initial_options& options) {
  const bytes_of salt = {0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
                         0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a};
  const bytes_of secret = expand(hkdf(options.connection, salt, true, 32), "client in", 32);
  const auto number_bytes = static_cast<std::size_t>(options.number_bytes);

  bytes_of header = {static_cast<std::uint8_t>(0xc0 | (number_bytes - 1)), 0, 0, 0, 1};
  for (const auto* id : {&options.connection, &options.source}) {
    header.push_back(static_cast<std::uint8_t>(id->size()));
    header.insert(header.end(), id->begin(), id->end());
  }
  header.push_back(static_cast<std::uint8_t>(options.token.size()));
  header.insert(header.end(), options.token.begin(), options.token.end());
  const std::size_t number_at = header.size() + 2;
  bytes_of open(frames.begin(), frames.end());
  open.resize(options.datagram_bytes - number_at - number_bytes - tag_bytes);  // PADDING frames
  put_number(header, number_bytes + open.size() + tag_bytes);
  bytes_of nonce = expand(secret, "quic iv", 12);
  for (std::size_t i = number_bytes; i-- > 0;) {
    const auto part = static_cast<std::uint8_t>(options.number >> (8 * i));
    header.push_back(part);
    nonce[11 - i] = static_cast<std::uint8_t>(nonce[11 - i] ^ part);
  }

  const bytes_of sealed = seal(expand(secret, "quic key", 16), nonce, header, open);
  bytes_of out = header;
  out.insert(out.end(), sealed.begin(), sealed.end());
  const auto mask = mask_of(expand(secret, "quic hp", 16), out.data() + number_at + 4);
  out[0] = static_cast<std::uint8_t>(out[0] ^ (mask[0] & 0x0f));
  for (std::size_t i = 0; i < number_bytes; ++i)
    out[number_at + i] = static_cast<std::uint8_t>(out[number_at + i] ^ mask[1 + i]);
  return out;
}

std::vector<std::uint8_t> client_hello(std::string_view server, std::size_t before) {
  bytes_of body(2 + 32, 3);
  const auto put16 = [&](std::size_t value) {
    body.push_back(static_cast<std::uint8_t>(value >> 8));
    body.push_back(static_cast<std::uint8_t>(value));
  };
  body.insert(body.end(), {0, 0, 2, 0x13, 1, 1, 0});  // no session, one suite, no compression
  put16(4 + before + 4 + 5 + server.size());
  put16(0x0a0a);
  put16(before);
  body.resize(body.size() + before);
  put16(0);
  put16(5 + server.size());
  put16(3 + server.size());
  body.push_back(0);
  put16(server.size());
  body.insert(body.end(), server.begin(), server.end());
  bytes_of out = {1, 0, static_cast<std::uint8_t>(body.size() >> 8),
                  static_cast<std::uint8_t>(body.size())};
  out.insert(out.end(), body.begin(), body.end());
  return out;
}

std::vector<std::uint8_t> crypto_frame(std::span<const std::uint8_t> hello, std::size_t from,
                                       std::size_t bytes) {
  bytes_of out = {6};
  put_number(out, from);
  put_number(out, bytes);
  const auto part = hello.subspan(from, bytes);
  out.insert(out.end(), part.begin(), part.end());
  return out;
}

}  // namespace callweir::test

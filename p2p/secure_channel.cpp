#include "p2p/secure_channel.hpp"

#include <sodium.h>

#include <algorithm>
#include <stdexcept>

namespace callweir::p2p {
namespace {

constexpr std::size_t nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_bytes = crypto_aead_chacha20poly1305_ietf_ABYTES;
static_assert(nonce_bytes == 24 && tag_bytes == 16);

using packet_nonce = std::array<std::uint8_t, crypto_aead_chacha20poly1305_ietf_NPUBBYTES>;

packet_nonce nonce_of(std::uint32_t number) {
  packet_nonce nonce{};
  for (std::size_t i = 0; i < 4; ++i) {
    nonce[nonce.size() - 1 - i] = static_cast<std::uint8_t>(number >> (8 * i));
  }
  return nonce;
}

/// Four bytes of key stream chosen by the tag, which is as good as random.
std::array<std::uint8_t, 4> mask_of(bytes_view tag, const key_bytes& key) {
  std::array<std::uint8_t, 4> mask;
  static_assert(crypto_stream_chacha20_ietf_NONCEBYTES <= tag_bytes);
  crypto_stream_chacha20_ietf(mask.data(), mask.size(), tag.data(), key.data());
  return mask;
}

key_bytes derived(const key_bytes& shared, const key_bytes& network, std::string_view label) {
  key_bytes out;
  crypto_generichash_state state;
  crypto_generichash_init(&state, network.data(), network.size(), out.size());
  crypto_generichash_update(&state, shared.data(), shared.size());
  crypto_generichash_update(&state, reinterpret_cast<const std::uint8_t*>(label.data()),
                            label.size());
  crypto_generichash_final(&state, out.data(), out.size());
  return out;
}

}  // namespace

random_source system_random() {
  if (sodium_init() < 0) throw std::runtime_error("libsodium cannot be initialised");
  return [](std::span<std::uint8_t> out) { randombytes_buf(out.data(), out.size()); };
}

key_bytes network_key(std::string_view network) {
  key_bytes key;
  constexpr std::string_view context = "callweir-peer network 1";
  crypto_generichash(key.data(), key.size(), reinterpret_cast<const std::uint8_t*>(network.data()),
                     network.size(), reinterpret_cast<const std::uint8_t*>(context.data()),
                     context.size());
  return key;
}

key_pair make_key_pair(const random_source& random) {
  key_pair pair;
  random(pair.secret);
  crypto_scalarmult_base(pair.open.data(), pair.secret.data());
  return pair;
}

std::vector<std::uint8_t> seal_hello(const hello& from, const key_bytes& network,
                                     const random_source& random) {
  std::array<std::uint8_t, 1 + 8 + 32 + hello_padding_max> plain{};
  plain[0] = static_cast<std::uint8_t>(from.what);
  for (std::size_t i = 0; i < 8; ++i) {
    plain[1 + i] = static_cast<std::uint8_t>(from.call >> (56 - 8 * i));
  }
  std::copy(from.open.begin(), from.open.end(), plain.begin() + 9);
  std::array<std::uint8_t, 1> padding{};
  random(padding);
  const std::size_t plain_bytes = plain.size() - padding[0] % (hello_padding_max + 1);

  std::vector<std::uint8_t> out(nonce_bytes + plain_bytes + tag_bytes);
  random(std::span(out).first(nonce_bytes));
  crypto_aead_xchacha20poly1305_ietf_encrypt(out.data() + nonce_bytes, nullptr, plain.data(),
                                             plain_bytes, nullptr, 0, nullptr, out.data(),
                                             network.data());
  return out;
}

std::optional<hello> open_hello(bytes_view datagram, const key_bytes& network) {
  if (datagram.size() < hello_bytes_min || datagram.size() > hello_bytes_min + hello_padding_max) {
    return std::nullopt;
  }
  std::array<std::uint8_t, 1 + 8 + 32 + hello_padding_max> plain;
  const bytes_view sealed = datagram.subspan(nonce_bytes);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain.data(), nullptr, nullptr, sealed.data(),
                                                 sealed.size(), nullptr, 0, datagram.data(),
                                                 network.data()) != 0) {
    return std::nullopt;
  }
  if (plain[0] != 1 && plain[0] != 2) return std::nullopt;
  hello h;
  h.what = static_cast<hello::kind>(plain[0]);
  for (std::size_t i = 0; i < 8; ++i) h.call = h.call << 8 | plain[1 + i];
  std::copy_n(plain.begin() + 9, h.open.size(), h.open.begin());
  return h;
}

bool replay_window::is_new(std::uint32_t number) const {
  if (!any_ || number > newest_) return true;
  return newest_ - number < width && !seen_[number % width];
}

void replay_window::mark(std::uint32_t number) {
  if (!any_ || number > newest_) {
    const std::uint32_t steps = any_ ? number - newest_ : width;
    if (steps >= width) {
      seen_.reset();
    } else {
      for (std::uint32_t i = 1; i <= steps; ++i) seen_[(newest_ + i) % width] = false;
    }
    newest_ = number;
    any_ = true;
  }
  seen_[number % width] = true;
}

std::optional<secure_channel> secure_channel::derive(const key_pair& own, const key_bytes& peer,
                                                     const key_bytes& network, bool caller) {
  key_bytes receive, send;
  const auto session_keys = caller ? crypto_kx_client_session_keys : crypto_kx_server_session_keys;
  if (session_keys(receive.data(), send.data(), own.open.data(), own.secret.data(), peer.data()) !=
      0) {
    return std::nullopt;
  }
  return secure_channel({derived(send, network, "cipher"), derived(send, network, "mask")},
                        {derived(receive, network, "cipher"), derived(receive, network, "mask")});
}

std::vector<std::uint8_t> secure_channel::seal(bytes_view plain) {
  std::vector<std::uint8_t> out(overhead + plain.size());
  const std::uint32_t number = next_++;
  const packet_nonce nonce = nonce_of(number);
  crypto_aead_chacha20poly1305_ietf_encrypt(out.data() + 4, nullptr, plain.data(), plain.size(),
                                            nullptr, 0, nullptr, nonce.data(), send_.cipher.data());
  const auto mask = mask_of(bytes_view(out).last(tag_bytes), send_.mask);
  for (std::size_t i = 0; i < 4; ++i) out[i] = mask[i] ^ nonce[nonce.size() - 4 + i];
  return out;
}

std::optional<secure_channel::opened> secure_channel::open(bytes_view datagram) {
  if (datagram.size() <= overhead || datagram.size() > datagram_bytes_max) return std::nullopt;
  const auto mask = mask_of(datagram.last(tag_bytes), receive_.mask);
  opened result{0, std::vector<std::uint8_t>(datagram.size() - overhead)};
  for (std::size_t i = 0; i < 4; ++i) {
    result.number = result.number << 8 | static_cast<std::uint8_t>(datagram[i] ^ mask[i]);
  }
  if (!window_.is_new(result.number)) return std::nullopt;
  const packet_nonce nonce = nonce_of(result.number);
  if (crypto_aead_chacha20poly1305_ietf_decrypt(result.plain.data(), nullptr, nullptr,
                                                datagram.data() + 4, datagram.size() - 4, nullptr,
                                                0, nonce.data(), receive_.cipher.data()) != 0) {
    return std::nullopt;
  }
  window_.mark(result.number);
  return result;
}

}  // namespace callweir::p2p

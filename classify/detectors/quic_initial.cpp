#include "classify/detectors/quic_initial.hpp"

#include <sodium/crypto_auth_hmacsha256.h>
#include <wmmintrin.h>

#include <algorithm>
#include <cstring>

namespace callweir::classify {
namespace {

constexpr std::uint32_t version_1 = 1;
/// RFC 9000 section 14.1: a server takes no Initial packet in a smaller datagram.
constexpr std::uint16_t datagram_min = 1'200;
constexpr std::size_t id_max = 20, tag_bytes = 16, sample_offset = 4, sample_bytes = 16;
/// RFC 9001 section 5.2.
constexpr std::uint8_t salt[20] = {0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
                                   0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a};

/// Reads forward; what is not there reads as zero and leaves `whole` false.
struct reader {
  const std::uint8_t* data;
  std::size_t size;
  std::size_t at = 0;
  bool whole = true;

  std::uint8_t byte() noexcept {
    if (at < size) return data[at++];
    whole = false;
    return 0;
  }
  /// RFC 9000 section 16.
  std::uint64_t number() noexcept {
    const std::uint8_t first = byte();
    std::uint64_t value = first & 0x3f;
    for (int more = (1 << (first >> 6)) - 1; more > 0; --more) value = value << 8 | byte();
    return value;
  }
  void skip(std::uint64_t bytes) noexcept {
    whole = whole && bytes <= size - at;
    at = whole ? at + static_cast<std::size_t>(bytes) : size;
  }
};

struct initial_header {
  const std::uint8_t* id = nullptr;  // the destination's
  std::size_t id_bytes = 0;
  std::size_t number_at = 0;  // of the packet number, protected
  std::size_t length = 0;     // from there on, on the wire
};

bool read_header(const sample& s, initial_header& out) noexcept {
  // Long form, fixed bit, type Initial.
  if (s.bytes < datagram_min || s.captured < 7) return false;
  if ((s.data[0] & 0xf0) != 0xc0 || be32(s.data + 1) != version_1) return false;
  reader in{s.data, s.captured, 5};
  out.id_bytes = in.byte();
  out.id = s.data + in.at;
  in.skip(out.id_bytes);
  const std::uint8_t source_bytes = in.byte();
  in.skip(source_bytes);
  in.skip(in.number());  // token
  const std::uint64_t length = in.number();
  out.number_at = in.at;
  out.length = static_cast<std::size_t>(length);
  return in.whole && out.id_bytes <= id_max && source_bytes <= id_max &&
         length >= sample_offset + sample_bytes && length <= s.bytes - in.at;
}

/// AES-128 with its round keys; forward direction only, which is all that counter mode needs.
class aes128 {
 public:
  explicit aes128(const std::uint8_t* key) noexcept {
    __m128i k = _mm_loadu_si128(reinterpret_cast<const __m128i*>(key));
    round_[0] = k;
    // The round constant is an immediate operand.
    round_[1] = k = next(k, _mm_aeskeygenassist_si128(k, 0x01));
    round_[2] = k = next(k, _mm_aeskeygenassist_si128(k, 0x02));
    round_[3] = k = next(k, _mm_aeskeygenassist_si128(k, 0x04));
    round_[4] = k = next(k, _mm_aeskeygenassist_si128(k, 0x08));
    round_[5] = k = next(k, _mm_aeskeygenassist_si128(k, 0x10));
    round_[6] = k = next(k, _mm_aeskeygenassist_si128(k, 0x20));
    round_[7] = k = next(k, _mm_aeskeygenassist_si128(k, 0x40));
    round_[8] = k = next(k, _mm_aeskeygenassist_si128(k, 0x80));
    round_[9] = k = next(k, _mm_aeskeygenassist_si128(k, 0x1b));
    round_[10] = next(k, _mm_aeskeygenassist_si128(k, 0x36));
  }
  void block(const std::uint8_t* in, std::uint8_t* out) const noexcept {
    __m128i x = _mm_xor_si128(_mm_loadu_si128(reinterpret_cast<const __m128i*>(in)), round_[0]);
    for (int i = 1; i < 10; ++i) x = _mm_aesenc_si128(x, round_[i]);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm_aesenclast_si128(x, round_[10]));
  }

 private:
  static __m128i next(__m128i key, __m128i assist) noexcept {
    key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
    key = _mm_xor_si128(key, _mm_slli_si128(key, 8));
    return _mm_xor_si128(key, _mm_shuffle_epi32(assist, 0xff));
  }
  __m128i round_[11];
};

using digest = std::array<std::uint8_t, crypto_auth_hmacsha256_BYTES>;

/// HKDF-Expand-Label (RFC 8446 section 7.1) with an empty context, 32 bytes at most.
digest expand(const digest& secret, std::string_view label, std::uint8_t bytes) noexcept {
  std::array<std::uint8_t, 32> info;
  std::size_t n = 0;
  const auto put = [&](std::uint8_t b) { info[n++] = b; };
  put(0);
  put(bytes);
  put(static_cast<std::uint8_t>(6 + label.size()));
  for (const char c : std::string_view("tls13 ")) put(static_cast<std::uint8_t>(c));
  for (const char c : label) put(static_cast<std::uint8_t>(c));
  put(0);  // no context
  put(1);  // first block
  digest out;
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, secret.data(), secret.size());
  crypto_auth_hmacsha256_update(&state, info.data(), n);
  crypto_auth_hmacsha256_final(&state, out.data());
  return out;
}

/// RFC 9001 section 5.2: what the client's first packets are protected with.
digest client_secret(const initial_header& header) noexcept {
  digest initial;
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, salt, sizeof salt);
  crypto_auth_hmacsha256_update(&state, header.id, header.id_bytes);
  crypto_auth_hmacsha256_final(&state, initial.data());
  return expand(initial, "client in", 32);
}

/// Takes the protection off (RFC 9001 section 5.4 and 5.3, GCM in counter mode from 2 on) and
/// returns how many bytes of frames there are.
std::size_t open(const sample& s, const initial_header& header, std::uint8_t* out,
                 std::size_t out_max) noexcept {
  const std::size_t readable = std::min<std::size_t>(s.captured - header.number_at, header.length);
  if (readable < sample_offset + sample_bytes) return 0;
  const std::uint8_t* const at = s.data + header.number_at;
  const digest secret = client_secret(header);
  std::array<std::uint8_t, 16> mask;
  aes128(expand(secret, "quic hp", 16).data()).block(at + sample_offset, mask.data());
  const std::size_t number_bytes = ((s.data[0] ^ mask[0]) & 3u) + 1u;
  if (header.length < number_bytes + tag_bytes) return 0;
  digest iv = expand(secret, "quic iv", 12);
  for (std::size_t i = 0; i < number_bytes; ++i) {
    std::uint8_t& place = iv[12 - number_bytes + i];
    place = static_cast<std::uint8_t>(place ^ at[i] ^ mask[1 + i]);
  }
  const std::size_t bytes =
      std::min({readable - number_bytes, header.length - number_bytes - tag_bytes, out_max});
  const aes128 cipher(expand(secret, "quic key", 16).data());
  std::array<std::uint8_t, 16> counter, key;
  std::copy_n(iv.begin(), 12, counter.begin());
  for (std::size_t done = 0; done < bytes; done += 16) {
    const auto n = static_cast<std::uint32_t>(done / 16 + 2);
    counter[12] = counter[13] = 0;
    counter[14] = static_cast<std::uint8_t>(n >> 8);
    counter[15] = static_cast<std::uint8_t>(n);
    cipher.block(counter.data(), key.data());
    for (std::size_t i = 0; i < std::min<std::size_t>(16, bytes - done); ++i)
      out[done + i] = at[number_bytes + done + i] ^ key[i];
  }
  return bytes;
}

}  // namespace

bool is_quic_initial(const sample& s) noexcept {
  initial_header header;
  return read_header(s, header);
}

/// What lies too far in the hello is passed over.
void quic_opener::add(std::uint64_t offset, std::size_t from, std::size_t length) noexcept {
  if (offset >= bytes_max) return;
  const auto to = static_cast<std::size_t>(offset);
  const std::size_t bytes = std::min(length, bytes_max - to);
  std::memcpy(hello_.data() + to, plain_.data() + from, bytes);
  for (std::size_t i = 0; i < bytes; ++i) known_.set(to + i);
}

/// RFC 9000 section 19: what an Initial packet may carry. Frames may come in any order and cut the
/// hello anywhere.
void quic_opener::gather(std::size_t opened) noexcept {
  enum : std::uint8_t { padding = 0, ping = 1, ack = 2, ack_with_ecn = 3, crypto = 6 };
  constexpr std::uint64_t ranges_max = 64;
  reader in{plain_.data(), opened};
  while (in.whole && in.at < opened) {
    const std::uint8_t type = in.byte();
    if (type == padding || type == ping) continue;
    if (type == crypto) {
      const std::uint64_t offset = in.number(), length = in.number();
      if (!in.whole) return;
      const std::size_t from = in.at;
      in.skip(length);  // to the end, if the packet was cut
      add(offset, from, in.at - from);
    } else if (type == ack || type == ack_with_ecn) {
      in.number();
      in.number();
      const std::uint64_t ranges = in.number();
      if (ranges > ranges_max) return;
      in.number();
      for (std::uint64_t i = 0; i < 2 * ranges + (type == ack ? 0 : 3); ++i) in.number();
    } else {
      return;
    }
  }
}

bool quic_opener::has(std::size_t from, std::size_t bytes) const noexcept {
  if (from > bytes_max || bytes > bytes_max - from) return false;
  for (std::size_t i = from; i < from + bytes; ++i) {
    if (!known_[i]) return false;
  }
  return true;
}

/// RFC 8446 section 4.1.2, as far as the extension server_name.
std::string_view quic_opener::name_in_hello() noexcept {
  constexpr std::uint8_t client_hello = 1, host_name = 0;
  constexpr std::uint16_t server_name = 0;
  constexpr std::size_t session_at = 4 + 2 + 32;
  const auto u16 = [&](std::size_t at) { return std::size_t{be16(hello_.data() + at)}; };
  if (!has(0, session_at + 1) || hello_[0] != client_hello) return {};
  std::size_t at = session_at + 1 + hello_[session_at];
  if (!has(at, 2)) return {};
  at += 2 + u16(at);  // cipher suites
  if (!has(at, 1)) return {};
  at += 1 + hello_[at];  // compression methods
  if (!has(at, 2)) return {};
  const std::size_t end = at + 2 + u16(at);
  for (at += 2; at + 4 <= end && has(at, 4);) {
    const std::size_t type = u16(at), bytes = u16(at + 2);
    at += 4;
    if (type != server_name) {
      at += bytes;
      continue;
    }
    if (bytes < 5 || !has(at, bytes) || hello_[at + 2] != host_name) return {};
    const std::size_t length = u16(at + 3);
    if (length > bytes - 5) return {};
    auto* const name = reinterpret_cast<char*>(hello_.data() + at + 5);
    std::transform(name, name + length, name,
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return {name, length};
  }
  return {};
}

bool quic_opener::hello_goes_on() const noexcept {
  constexpr std::uint8_t client_hello = 1;
  if (!has(0, 4) || hello_[0] != client_hello) return false;
  return !has(4, std::size_t{hello_[1]} << 16 | be16(hello_.data() + 2));
}

std::string_view quic_opener::server_name(const sample& s) noexcept {
  initial_header header;
  known_.reset();
  if (!read_header(s, header)) return {};
  gather(open(s, header, plain_.data(), plain_.size()));
  return name_in_hello();
}

}  // namespace callweir::classify

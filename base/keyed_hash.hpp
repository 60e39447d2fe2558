// Keyed hashes for tables that strangers can fill: without the 128-bit seed nobody can aim at a
// bucket. AES rounds on registers (three to eight instructions); not for signatures or secrets.
#pragma once

#include <wmmintrin.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace callweir {

struct hash128 {
  std::uint64_t low = 0, high = 0;
  friend constexpr bool operator==(const hash128&, const hash128&) = default;
};

/// A family of hashes indexed by a seed. Copyable, const after construction, usable from any
/// thread.
class keyed_hash {
 public:
  keyed_hash() : keyed_hash(std::array<std::uint64_t, 2>{}) {}
  explicit keyed_hash(const std::array<std::uint64_t, 2>& seed) {
    // Four round keys out of one seed: the seed itself, and three that AES rounds make of it.
    const auto s = pack(seed[0], seed[1]);
    const auto odd = pack(0x9e37'79b9'7f4a'7c15ULL, 0xc2b2'ae3d'27d4'eb4fULL);
    key_[0] = s;
    for (int i = 1; i < 4; ++i) key_[i] = rounds(_mm_xor_si128(key_[i - 1], odd), s, odd, s, odd);
  }

  /// 128 bits over two 128-bit blocks: four rounds after each, in the manner of a CBC-MAC.
  hash128 wide(std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t d) const noexcept {
    auto x = _mm_xor_si128(pack(a, b), key_[0]);
    x = rounds(x, key_[1], key_[2], key_[3], key_[0]);
    x = _mm_xor_si128(x, pack(c, d));
    return unpack(rounds(x, key_[3], key_[0], key_[1], key_[2]));
  }

  /// The second block (c in `low`, d in `high`) of what wide(a, b, c, d) said: under one first
  /// block it permutes the second, so that whoever keeps the hash and the first block keeps both.
  hash128 second_of(const hash128& said, std::uint64_t a, std::uint64_t b) const noexcept {
    auto x = pack(said.low, said.high);
    for (const int key : {2, 1, 0, 3}) x = undo_round(x, key_[key]);
    const auto first =
        rounds(_mm_xor_si128(pack(a, b), key_[0]), key_[1], key_[2], key_[3], key_[0]);
    return unpack(_mm_xor_si128(x, first));
  }

  /// 64 bits over 256, short: for picking buckets, where the full key is compared afterwards. Two
  /// rounds come between the blocks: after one alone a byte of the first differs by a column of
  /// four that the second can undo, whatever the seed.
  std::uint64_t bucket(std::uint64_t a, std::uint64_t b, std::uint64_t c,
                       std::uint64_t d) const noexcept {
    auto x = _mm_xor_si128(pack(a, b), key_[0]);
    x = _mm_aesenc_si128(x, key_[1]);
    x = _mm_aesenc_si128(x, _mm_xor_si128(pack(c, d), key_[2]));
    x = _mm_aesenc_si128(x, key_[3]);
    x = _mm_aesenc_si128(x, key_[0]);
    return static_cast<std::uint64_t>(_mm_cvtsi128_si64(x));
  }

  /// 64 bits of any bytes: call identifiers, user names.
  std::uint64_t bytes(const void* data, std::size_t length) const noexcept {
    const auto* at = static_cast<const std::uint8_t*>(data);
    auto x = _mm_xor_si128(pack(length, ~length), key_[0]);
    for (; length >= 16; length -= 16, at += 16) {
      std::uint64_t block[2];
      std::memcpy(block, at, 16);
      x = rounds(_mm_xor_si128(x, pack(block[0], block[1])), key_[1], key_[2], key_[3], key_[0]);
    }
    std::uint64_t rest[2] = {0, 0};
    std::memcpy(rest, at, length);
    x = rounds(_mm_xor_si128(x, pack(rest[0], rest[1])), key_[3], key_[2], key_[1], key_[0]);
    return static_cast<std::uint64_t>(_mm_cvtsi128_si64(x));
  }
  std::uint64_t bytes(std::string_view text) const noexcept {
    return bytes(text.data(), text.size());
  }

 private:
  static __m128i pack(std::uint64_t low, std::uint64_t high) noexcept {
    return _mm_set_epi64x(static_cast<long long>(high), static_cast<long long>(low));
  }
  static hash128 unpack(__m128i x) noexcept {
    return {static_cast<std::uint64_t>(_mm_cvtsi128_si64(x)),
            static_cast<std::uint64_t>(_mm_cvtsi128_si64(_mm_unpackhi_epi64(x, x)))};
  }
  static __m128i rounds(__m128i x, __m128i a, __m128i b, __m128i c, __m128i d) noexcept {
    x = _mm_aesenc_si128(x, a);
    x = _mm_aesenc_si128(x, b);
    x = _mm_aesenc_si128(x, c);
    return _mm_aesenc_si128(x, d);
  }
  static __m128i undo_round(__m128i x, __m128i key) noexcept {
    return _mm_aesdeclast_si128(_mm_aesimc_si128(_mm_xor_si128(x, key)), _mm_setzero_si128());
  }

  __m128i key_[4];
};

}  // namespace callweir

// What a detector sees of one packet, and safe big-endian reads. Every detector is a plain struct
// of fixed size (its memory of one flow) with `observe(sample)` and a few questions; nothing
// allocates, nothing keeps a pointer.
#pragma once

#include <cstdint>
#include <cstring>

#include "base/units.hpp"

namespace callweir::classify {

/// Transport payload of one packet. `bytes` is its length on the wire, `captured` what is readable,
/// captured <= bytes.
struct sample {
  const std::uint8_t* data = nullptr;
  std::uint16_t captured = 0;
  std::uint16_t bytes = 0;
  direction way = forward;
  time_point time;

  /// The part from `offset` on, at most `length` bytes of it; empty beyond the end.
  sample part(std::uint32_t offset, std::uint32_t length = 0xffff) const noexcept {
    sample s = *this;
    const std::uint32_t on_wire = offset < bytes ? bytes - offset : 0;
    const std::uint32_t readable = offset < captured ? captured - offset : 0;
    s.data = readable > 0 ? data + offset : data;
    s.bytes = static_cast<std::uint16_t>(on_wire < length ? on_wire : length);
    s.captured = static_cast<std::uint16_t>(readable < length ? readable : length);
    return s;
  }
};

constexpr std::uint16_t be16(const std::uint8_t* p) noexcept {
  return static_cast<std::uint16_t>(p[0] << 8 | p[1]);
}
constexpr std::uint32_t be32(const std::uint8_t* p) noexcept {
  return std::uint32_t{be16(p)} << 16 | be16(p + 2);
}
constexpr std::uint32_t le32(const std::uint8_t* p) noexcept {
  return std::uint32_t{p[0]} | std::uint32_t{p[1]} << 8 | std::uint32_t{p[2]} << 16 |
         std::uint32_t{p[3]} << 24;
}

/// Counts up to the type's end and stays there.
template <class T>
constexpr void count_up(T& counter, T by = 1) noexcept {
  counter =
      static_cast<T>(counter > static_cast<T>(~T{0}) - by ? static_cast<T>(~T{0}) : counter + by);
}

/// Mixes two words into one: ties and table keys (not for keys an attacker may flood: those are
/// keyed by their tables).
constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept {
  std::uint64_t x = a ^ (b + 0x9e3779b97f4a7c15ULL + (a << 6) + (a >> 2));
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
  return x ^ x >> 31;
}
inline std::uint64_t hash_bytes(const void* data, std::size_t size,
                                std::uint64_t seed = 0) noexcept {
  const auto* p = static_cast<const std::uint8_t*>(data);
  std::uint64_t h = seed ^ size;
  for (; size >= 8; size -= 8, p += 8) {
    std::uint64_t word;
    std::memcpy(&word, p, 8);
    h = mix(h, word);
  }
  std::uint64_t rest = 0;
  std::memcpy(&rest, p, size);
  return mix(h, rest);
}

}  // namespace callweir::classify

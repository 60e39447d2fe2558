// An IPv4 or IPv6 address in 16 bytes, IPv4 in its mapped form (::ffff:a.b.c.d), and address
// ranges.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace callweir {

/// Host byte order in two halves, so that comparing and hashing take two registers.
struct ip_address {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  friend constexpr auto operator<=>(const ip_address&, const ip_address&) = default;

  static constexpr ip_address v4(std::uint32_t host_order) {
    return {0, 0x0000'ffff'0000'0000ULL | host_order};
  }
  /// Reads 16 bytes in network order.
  static ip_address v6(const std::uint8_t* bytes) {
    std::uint64_t h, l;
    std::memcpy(&h, bytes, 8);
    std::memcpy(&l, bytes + 8, 8);
    return {__builtin_bswap64(h), __builtin_bswap64(l)};
  }
  constexpr bool is_v4() const { return high == 0 && (low >> 32) == 0xffff; }
  constexpr std::uint32_t v4_bits() const { return static_cast<std::uint32_t>(low); }
  constexpr bool is_multicast() const {
    return is_v4() ? (v4_bits() >> 28) == 0xe || v4_bits() == 0xffff'ffff : (high >> 56) == 0xff;
  }
  /// "192.0.2.7", "2001:db8::1".
  std::string text() const;
  static result<ip_address> parse(std::string_view text);
};

/// A CIDR range. `bits` counts within 128 (IPv4 /8 is 104).
struct ip_prefix {
  ip_address address;
  std::uint8_t bits = 0;

  friend bool operator==(const ip_prefix&, const ip_prefix&) = default;
  constexpr bool contains(const ip_address& a) const {
    const auto mask = [](int n) -> std::uint64_t {
      return n <= 0 ? 0 : n >= 64 ? ~0ULL : ~0ULL << (64 - n);
    };
    return ((a.high ^ address.high) & mask(bits)) == 0 &&
           ((a.low ^ address.low) & mask(bits - 64)) == 0;
  }
  std::string text() const;
  /// "10.0.0.0/8", "2001:db8::/32", or an address alone for a range of one.
  static result<ip_prefix> parse(std::string_view text);
};

}  // namespace callweir

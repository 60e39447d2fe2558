#include "base/ip_address.hpp"

#include <arpa/inet.h>

#include <charconv>

namespace callweir {

std::string ip_address::text() const {
  char buffer[INET6_ADDRSTRLEN];
  if (is_v4()) {
    const std::uint32_t network = htonl(v4_bits());
    inet_ntop(AF_INET, &network, buffer, sizeof buffer);
    return buffer;
  }
  const std::uint64_t network[2] = {__builtin_bswap64(high), __builtin_bswap64(low)};
  inet_ntop(AF_INET6, network, buffer, sizeof buffer);
  return buffer;
}

result<ip_address> ip_address::parse(std::string_view text) {
  const std::string copy(text);
  std::uint8_t bytes[16];
  if (inet_pton(AF_INET, copy.c_str(), bytes) == 1) {
    std::uint32_t network;
    std::memcpy(&network, bytes, 4);
    return v4(ntohl(network));
  }
  if (inet_pton(AF_INET6, copy.c_str(), bytes) == 1) return v6(bytes);
  return fail("'" + copy + "' is not an IP address", {}, "write it like 192.0.2.7 or 2001:db8::1");
}

std::string ip_prefix::text() const {
  return address.text() + "/" + std::to_string(address.is_v4() ? bits - 96 : bits);
}

result<ip_prefix> ip_prefix::parse(std::string_view text) {
  const auto slash = text.find('/');
  auto parsed = ip_address::parse(text.substr(0, slash));
  if (!parsed) {
    return fail("'" + std::string(text) + "' is not a network", {},
                "write it like 10.0.0.0/8 or 2001:db8::/32");
  }
  const int most = parsed->is_v4() ? 32 : 128;
  int bits = most;
  if (slash != std::string_view::npos) {
    const auto tail = text.substr(slash + 1);
    const auto [end, problem] = std::from_chars(tail.data(), tail.data() + tail.size(), bits);
    if (problem != std::errc{} || end != tail.data() + tail.size() || bits < 0 || bits > most) {
      return fail("'" + std::string(tail) + "' is not a prefix length", {},
                  "it is a number from 0 to " + std::to_string(most));
    }
  }
  ip_prefix range{*parsed, static_cast<std::uint8_t>(bits + 128 - most)};
  const auto mask = [](int n) -> std::uint64_t {
    return n <= 0 ? 0 : n >= 64 ? ~0ULL : ~0ULL << (64 - n);
  };
  range.address.high &= mask(range.bits);
  range.address.low &= mask(range.bits - 64);
  return range;
}

}  // namespace callweir

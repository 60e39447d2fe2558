// What the files of frame_fixtures share.
#pragma once

#include <vector>

#include "tests/support/frame_fixtures.hpp"

namespace callweir::test::parts {

inline constexpr const char* a4 = "10.0.0.5";
inline constexpr const char* b4 = "192.0.2.7";
inline constexpr const char* a6 = "2001:db8::5";
inline constexpr const char* b6 = "2001:db8:1::7";
inline constexpr const char* udp4 = "udp 10.0.0.5:40000 > 192.0.2.7:443";
inline constexpr const char* udp6 = "udp 2001:db8::5:40000 > 2001:db8:1::7:443";
inline constexpr const char* outer4 = "198.51.100.1";
inline constexpr const char* outer4b = "203.0.113.9";
inline constexpr const char* outer6 = "2001:db8:aaaa::1";
inline constexpr const char* outer6b = "2001:db8:bbbb::1";

using pb = packet_builder;
using fixtures = std::vector<frame_fixture>;

inline pb inner4(pb start) {
  return start.ipv4(a4, b4).udp(40'000, 443).payload(20);
}
inline pb inner6(pb start) {
  return start.ipv6(a6, b6).udp(40'000, 443).payload(20);
}
inline pb tunnel4(pb start) {
  return start.ipv4(outer4, outer4b);
}

/// Ethernet with its tags and what is no IP; the other link types.
void add_link_fixtures(fixtures& to);

}  // namespace callweir::test::parts

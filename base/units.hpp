// Strong units. Time is a count of nanoseconds from an epoch that the clock's owner states; a rate
// is bits per second of L3 bytes. Mixing them up does not compile.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace callweir {

/// Nanoseconds since the Unix epoch. Live: a steady clock anchored once to the wall clock;
/// captures: the time stamp of the packet. Never read per packet: one reading serves a burst.
using nanoseconds = std::chrono::nanoseconds;

struct time_point {
  std::int64_t ns = 0;

  friend constexpr auto operator<=>(time_point, time_point) = default;
  friend constexpr time_point operator+(time_point t, nanoseconds d) { return {t.ns + d.count()}; }
  friend constexpr time_point operator-(time_point t, nanoseconds d) { return {t.ns - d.count()}; }
  friend constexpr nanoseconds operator-(time_point a, time_point b) {
    return nanoseconds{a.ns - b.ns};
  }
  constexpr double seconds() const { return static_cast<double>(ns) * 1e-9; }
};

constexpr double to_seconds(nanoseconds d) {
  return static_cast<double>(d.count()) * 1e-9;
}
constexpr nanoseconds from_seconds(double s) {
  return nanoseconds{static_cast<std::int64_t>(s * 1e9)};
}

/// Bits of L3 per second.
struct bit_rate {
  std::uint64_t bps = 0;
  friend constexpr auto operator<=>(bit_rate, bit_rate) = default;
};

/// The two directions of a flow, call or link, used as an array index everywhere.
enum direction : std::uint8_t { forward = 0, backward = 1 };  // initiator to responder, and back
constexpr direction reverse(direction d) {
  return d == forward ? backward : forward;
}

/// The port of a link a frame came in by. `inside` faces the company's network.
enum class side : std::uint8_t { inside = 0, outside = 1 };
constexpr side other(side s) {
  return s == side::inside ? side::outside : side::inside;
}

}  // namespace callweir

#include "p2p/wire.hpp"

#include <algorithm>

namespace callweir::p2p {
namespace {

constexpr std::uint32_t time_mask = 0xff'ffff;
constexpr std::int64_t time_unit_ns = 100'000;

void put(std::uint8_t*& at, std::uint32_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    *at++ = static_cast<std::uint8_t>(value >> shift);
  }
}

/// Reads from the front and shortens the view; false when it is too short.
bool take(bytes_view& from, int bytes, std::uint32_t& value) {
  if (from.size() < static_cast<std::size_t>(bytes)) return false;
  value = 0;
  for (int i = 0; i < bytes; ++i) value = value << 8 | from[static_cast<std::size_t>(i)];
  from = from.subspan(static_cast<std::size_t>(bytes));
  return true;
}

}  // namespace

// First byte: kind in bits 7-6, ticks of the frame in 5-4, report in 3, ticks of the redundant
// frame in 2-1.
std::size_t write_message(const message& from, std::span<std::uint8_t> to) {
  const std::size_t needed = 16 + from.redundant.size() + from.frame.size();
  if (to.size() < needed || from.redundant.size() > frame_bytes_max ||
      from.frame.size() > frame_bytes_max) {
    return 0;
  }
  std::uint8_t* at = to.data();
  const std::uint32_t first = static_cast<std::uint32_t>(from.what) << 6 |
                              (from.frame_ticks & 3U) << 4 | (from.report ? 8U : 0U) |
                              (from.redundant_ticks & 3U) << 1;
  put(at, first, 1);
  put(at, from.send_time & time_mask, 3);
  if (from.report) {
    put(at, from.report->expected, 4);
    put(at, from.report->received, 4);
  }
  if (from.what == message::kind::media) {
    put(at, from.tick, 2);
    if (from.redundant_ticks != 0) {
      put(at, static_cast<std::uint32_t>(from.redundant.size()), 2);
      at = std::copy(from.redundant.begin(), from.redundant.end(), at);
    }
    at = std::copy(from.frame.begin(), from.frame.end(), at);
  }
  return static_cast<std::size_t>(at - to.data());
}

std::optional<message> read_message(bytes_view from) {
  message m;
  std::uint32_t first = 0, value = 0;
  if (!take(from, 1, first) || !take(from, 3, m.send_time)) return std::nullopt;
  if ((first >> 6) > 1 || (first & 1) != 0) return std::nullopt;
  m.what = static_cast<message::kind>(first >> 6);
  if ((first & 8) != 0) {
    reception_report report;
    if (!take(from, 4, report.expected) || !take(from, 4, report.received)) return std::nullopt;
    m.report = report;
  }
  if (m.what == message::kind::bye) return m;

  m.frame_ticks = static_cast<std::uint8_t>(first >> 4 & 3);
  m.redundant_ticks = static_cast<std::uint8_t>(first >> 1 & 3);
  if (m.frame_ticks == 0 || !take(from, 2, value)) return std::nullopt;
  m.tick = static_cast<std::uint16_t>(value);
  if (m.redundant_ticks != 0) {
    if (!take(from, 2, value) || value == 0 || value > frame_bytes_max || value > from.size()) {
      return std::nullopt;
    }
    m.redundant = from.first(value);
    from = from.subspan(value);
  }
  if (from.empty() || from.size() > frame_bytes_max) return std::nullopt;
  m.frame = from;
  return m;
}

std::uint32_t send_time_of(time_point now) {
  return static_cast<std::uint32_t>(now.ns / time_unit_ns) & time_mask;
}

nanoseconds one_way_delay(std::uint32_t send_time, time_point arrival) {
  std::int64_t units = (send_time_of(arrival) - send_time) & time_mask;
  if (units > time_mask / 2) units -= time_mask + 1;
  return nanoseconds{units * time_unit_ns};
}

}  // namespace callweir::p2p

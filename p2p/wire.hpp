// What travels inside the encryption: one message a datagram. The layout is written down in
// README.md; every length is checked, because whoever holds the key may still be hostile.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/units.hpp"

namespace callweir::p2p {

using bytes_view = std::span<const std::uint8_t>;

/// Media time counts ticks of 20 ms, the shortest frame that is sent.
constexpr nanoseconds tick_length = std::chrono::milliseconds(20);
constexpr int ticks_per_second = 50;
constexpr int frame_ticks_max = 3;            // 60 ms
constexpr std::size_t frame_bytes_max = 640;  // 60 ms at 85 kbit/s
constexpr std::size_t message_bytes_max = 1360;

/// Receiver's totals since the call began; the sender takes differences, so a lost report costs
/// nothing.
struct reception_report {
  std::uint32_t expected = 0;
  std::uint32_t received = 0;
};

struct message {
  enum class kind : std::uint8_t { media = 0, bye = 1 };

  kind what = kind::media;
  std::uint32_t send_time = 0;  // 24 bits, units of 100 us
  std::optional<reception_report> report;
  std::uint16_t tick = 0;  // low bits of the media time of `frame`
  std::uint8_t frame_ticks = 1;
  std::uint8_t redundant_ticks = 0;  // 0: no redundant frame; it ends where `frame` begins
  bytes_view redundant;
  bytes_view frame;
};

/// Writes at most message_bytes_max bytes; returns how many, 0 when a frame is too long.
std::size_t write_message(const message& from, std::span<std::uint8_t> to);
/// Views point into `from`. nullopt: not a message.
std::optional<message> read_message(bytes_view from);

/// Send times wrap after 28 minutes; delays up to half of that can be told.
std::uint32_t send_time_of(time_point now);
/// Signed: clocks of two machines may differ.
nanoseconds one_way_delay(std::uint32_t send_time, time_point arrival);

}  // namespace callweir::p2p

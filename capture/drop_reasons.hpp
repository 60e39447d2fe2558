// Why a frame that came in did not leave, as far as ports and links know: one table gives enum,
// name and sentence.
#pragma once

#include <array>
#include <cstdint>

namespace callweir::capture {

enum class drop_reason : std::uint8_t {
  port_refused,     // transmit
  receive_missed,   // receive
  link_queue_full,  // rate
  distributor_full
};
constexpr int drop_reason_count = 4;

struct drop_reason_row {
  const char* name;  // in status, metrics and documents
  const char* sentence;
};
constexpr std::array<drop_reason_row, drop_reason_count> drop_reason_table = {{
    {"port_refused",
     "the outgoing port took no more frames: it is down, slower than the traffic, or its ring is "
     "full"},
    {"receive_missed",
     "frames arrived faster than the workers fetched them and the port's ring was full"},
    {"link_queue_full", "the link's configured rate was exceeded for longer than its queue holds"},
    {"distributor_full",
     "the ring from a worker to the software distributor was full: more than it held back at once"},
}};

constexpr const char* drop_reason_name(drop_reason reason) {
  return drop_reason_table[static_cast<std::size_t>(reason)].name;
}

}  // namespace callweir::capture

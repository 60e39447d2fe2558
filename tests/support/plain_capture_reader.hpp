// A plain reader of pcap and pcapng, written from the drafts a second time, byte by byte and with
// the whole file at hand: what the quick one is compared with. Slow, allocates.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace callweir::test {

struct plain_frame {
  std::int64_t time_ns = 0;
  std::uint64_t wire = 0;
  std::uint64_t link_type = 0;
  std::span<const std::uint8_t> bytes;
};

struct plain_capture {
  std::vector<plain_frame> frames;  // all before the damage
  bool damaged = false;             // also: no capture at all
};

plain_capture read_plainly(std::span<const std::uint8_t> file);

}  // namespace callweir::test

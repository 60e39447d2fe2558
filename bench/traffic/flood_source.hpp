// One-packet flows from anywhere to anywhere: TCP SYN and UDP of 40 random bytes in turn.
#pragma once

#include <cstdint>
#include <vector>

#include "base/packet_view.hpp"

namespace callweir::bench {

class flood_source {
 public:
  flood_source();
  /// Writes the next one into the memory behind `into.frame`: sets captured, wire and from.
  void write(packet_view& into) noexcept;

 private:
  std::uint64_t random() noexcept;

  std::vector<std::uint8_t> syn_, udp_;
  std::uint64_t state_ = 0x9e37'79b9'7f4a'7c15ULL;
  bool turn_ = false;
};

}  // namespace callweir::bench

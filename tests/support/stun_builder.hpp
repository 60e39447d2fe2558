// STUN messages for tests, attribute by attribute (RFC 5389 section 6 and 15).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace callweir::test {

class stun_builder {
 public:
  explicit stun_builder(std::uint16_t type, std::uint8_t transaction = 1) {
    const std::uint8_t header[] = {static_cast<std::uint8_t>(type >> 8),
                                   static_cast<std::uint8_t>(type),
                                   0,
                                   0,
                                   0x21,
                                   0x12,
                                   0xa4,
                                   0x42};
    bytes_.assign(header, header + 8);
    bytes_.resize(20, transaction);
  }
  stun_builder& attribute(std::uint16_t type, std::string_view value) {
    for (const int shift : {8, 0}) bytes_.push_back(static_cast<std::uint8_t>(type >> shift));
    for (const int shift : {8, 0})
      bytes_.push_back(static_cast<std::uint8_t>(value.size() >> shift));
    bytes_.insert(bytes_.end(), value.begin(), value.end());
    while (bytes_.size() % 4 != 0) bytes_.push_back(0);
    return *this;
  }
  /// A connectivity check of ICE.
  stun_builder& check(std::string_view user) {
    return attribute(0x0006, user)
        .attribute(0x0024, "prio")
        .attribute(0x802a, "tiebreak")
        .attribute(0x0008, "12345678901234567890");
  }
  std::vector<std::uint8_t> build() const {
    auto out = bytes_;
    out[2] = static_cast<std::uint8_t>((out.size() - 20) >> 8);
    out[3] = static_cast<std::uint8_t>(out.size() - 20);
    return out;
  }

 private:
  std::vector<std::uint8_t> bytes_;
};

}  // namespace callweir::test

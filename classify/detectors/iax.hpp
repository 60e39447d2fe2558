// IAX2 (RFC 5456): signalling and media of Asterisk's calls in one flow, usually port 4569.
#pragma once

#include "classify/detectors/sample.hpp"

namespace callweir::classify {

constexpr std::uint16_t iax_port = 4569;  // RFC 5456 section 4

struct iax_detector {
  std::uint8_t full[2] = {0, 0};    // full frames, by direction
  std::uint8_t minis[2] = {0, 0};   // mini frames of one call number whose time goes up
  std::uint16_t call[2] = {0, 0};   // of the newest mini frame
  std::uint16_t stamp[2] = {0, 0};  // its time, ms
  std::uint8_t others = 0;          // packets that fit nothing before them
  bool opened = false;              // a NEW with its protocol version was seen

  /// Away from its port only what follows a NEW is believed.
  void observe(const sample& s, bool its_port) noexcept;
  bool signalling() const noexcept {
    const int frames = full[0] + full[1];
    return full[0] > 0 && full[1] > 0 && (opened || (frames >= 3 && others * 4 <= frames + 4));
  }
  bool media() const noexcept {
    return (minis[0] >= 6 && minis[1] >= 6) || (opened && minis[0] + minis[1] >= 8);
  }
};

}  // namespace callweir::classify

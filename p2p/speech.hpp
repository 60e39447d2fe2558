// What a headless softphone says into its microphone: a recording, over and over.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace callweir::p2p {

/// Reads a WAV file: 16-bit PCM, one channel, 16 kHz, 0.1 s to 10 minutes.
result<std::vector<std::int16_t>> read_speech(const std::string& path);
/// The same from bytes; `name` is for messages.
result<std::vector<std::int16_t>> parse_speech(std::span<const std::uint8_t> wav,
                                               const std::string& name);

/// Loops over a recording; silence when it is empty.
class speech_source {
 public:
  explicit speech_source(std::span<const std::int16_t> recording, std::size_t start = 0);
  void read(std::span<std::int16_t> out);

 private:
  std::span<const std::int16_t> recording_;
  std::size_t at_ = 0;
};

}  // namespace callweir::p2p

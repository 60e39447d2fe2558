// Opus at 16 kHz mono behind two small classes, so that the jitter buffer and the session speak of
// ticks.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "p2p/rate_adapter.hpp"
#include "p2p/wire.hpp"

struct OpusEncoder;
struct OpusDecoder;

namespace callweir::p2p {

constexpr int sample_rate_hz = 16'000;
constexpr int tick_samples = sample_rate_hz / ticks_per_second;

class voice_encoder {
 public:
  /// Throws std::runtime_error when Opus cannot be initialised.
  voice_encoder();
  void apply(const sender_settings& settings);
  /// `pcm` is 1 to 3 ticks long. An empty result is a failure of the codec.
  std::vector<std::uint8_t> encode(std::span<const std::int16_t> pcm);

 private:
  struct deleter {
    void operator()(OpusEncoder* e) const;
  };
  std::unique_ptr<OpusEncoder, deleter> opus_;
};

class voice_decoder {
 public:
  voice_decoder();
  /// Appends the frame's samples; returns ticks appended, 0 when the frame is no Opus of whole
  /// ticks.
  int decode(bytes_view frame, std::vector<std::int16_t>& pcm);
  /// Appends what `next` carries of the frame before it (in-band FEC), as many ticks as `next` is
  /// long.
  int recover(bytes_view next, std::vector<std::int16_t>& pcm);
  /// Appends one tick of packet loss concealment.
  void conceal(std::vector<std::int16_t>& pcm);

 private:
  int append(bytes_view frame, int ticks, bool fec, std::vector<std::int16_t>& pcm);
  struct deleter {
    void operator()(OpusDecoder* d) const;
  };
  std::unique_ptr<OpusDecoder, deleter> opus_;
};

/// Ticks that an Opus packet lasts, 0 when it is damaged, longer than 60 ms or not of whole ticks.
int frame_ticks_of(bytes_view frame);
/// Whether an Opus packet carries FEC for the one before it: the LBRR flag (RFC 6716, 4.2.3
/// and 4.2.4).
bool carries_fec(bytes_view frame);

}  // namespace callweir::p2p

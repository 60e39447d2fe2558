#include "p2p/voice_codec.hpp"

#include <opus.h>

#include <algorithm>
#include <stdexcept>

namespace callweir::p2p {
namespace {

constexpr int complexity = 5;  // 1.4 % of a core a party, measured; 10 costs three times that

opus_int32 size_of(bytes_view frame) {
  return static_cast<opus_int32>(frame.size());
}

}  // namespace

void voice_encoder::deleter::operator()(OpusEncoder* e) const {
  opus_encoder_destroy(e);
}
void voice_decoder::deleter::operator()(OpusDecoder* d) const {
  opus_decoder_destroy(d);
}

voice_encoder::voice_encoder() {
  int status = 0;
  opus_.reset(opus_encoder_create(sample_rate_hz, 1, OPUS_APPLICATION_VOIP, &status));
  if (status != OPUS_OK) throw std::runtime_error("Opus encoder cannot be made");
  opus_encoder_ctl(opus_.get(), OPUS_SET_COMPLEXITY(complexity));
  opus_encoder_ctl(opus_.get(), OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
  opus_encoder_ctl(opus_.get(), OPUS_SET_INBAND_FEC(1));
  apply({});
}

void voice_encoder::apply(const sender_settings& settings) {
  opus_encoder_ctl(opus_.get(), OPUS_SET_BITRATE(settings.rate_bps));
  opus_encoder_ctl(opus_.get(), OPUS_SET_PACKET_LOSS_PERC(settings.loss_pct));
}

std::vector<std::uint8_t> voice_encoder::encode(std::span<const std::int16_t> pcm) {
  std::vector<std::uint8_t> out(frame_bytes_max);
  const int written = opus_encode(opus_.get(), pcm.data(), static_cast<int>(pcm.size()), out.data(),
                                  static_cast<opus_int32>(out.size()));
  out.resize(static_cast<std::size_t>(std::max(written, 0)));
  return out;
}

voice_decoder::voice_decoder() {
  int status = 0;
  opus_.reset(opus_decoder_create(sample_rate_hz, 1, &status));
  if (status != OPUS_OK) throw std::runtime_error("Opus decoder cannot be made");
}

int voice_decoder::append(bytes_view frame, int ticks, bool fec, std::vector<std::int16_t>& pcm) {
  const std::size_t before = pcm.size();
  pcm.resize(before + static_cast<std::size_t>(ticks * tick_samples));
  const int got = opus_decode(opus_.get(), frame.empty() ? nullptr : frame.data(), size_of(frame),
                              pcm.data() + before, ticks * tick_samples, fec ? 1 : 0);
  const int whole = std::max(got, 0) / tick_samples;
  pcm.resize(before + static_cast<std::size_t>(whole * tick_samples));
  return whole;
}

int voice_decoder::decode(bytes_view frame, std::vector<std::int16_t>& pcm) {
  const int ticks = frame_ticks_of(frame);
  return ticks == 0 ? 0 : append(frame, ticks, false, pcm);
}

int voice_decoder::recover(bytes_view next, std::vector<std::int16_t>& pcm) {
  const int ticks = frame_ticks_of(next);
  return ticks == 0 ? 0 : append(next, ticks, true, pcm);
}

void voice_decoder::conceal(std::vector<std::int16_t>& pcm) {
  // A decoder that fails here still owes its listener 20 ms: silence.
  if (append({}, 1, false, pcm) == 0) pcm.insert(pcm.end(), tick_samples, 0);
}

int frame_ticks_of(bytes_view frame) {
  if (frame.empty()) return 0;
  const int samples = opus_packet_get_nb_samples(frame.data(), size_of(frame), sample_rate_hz);
  if (samples <= 0 || samples % tick_samples != 0) return 0;
  const int ticks = samples / tick_samples;
  return ticks <= frame_ticks_max ? ticks : 0;
}

bool carries_fec(bytes_view frame) {
  if (frame.size() < 2 || (frame[0] & 0x80) != 0) return false;  // CELT only: no LBRR
  const unsigned char* frames[48];
  opus_int16 sizes[48];
  unsigned char toc = 0;
  if (opus_packet_parse(frame.data(), size_of(frame), &toc, frames, sizes, nullptr) <= 0 ||
      sizes[0] < 1) {
    return false;
  }
  // One VAD flag for each 20 ms of SILK in the first Opus frame, then the LBRR flag.
  const int silk_frames =
      std::max(1, opus_packet_get_samples_per_frame(frame.data(), sample_rate_hz) / tick_samples);
  return (frames[0][0] >> (7 - silk_frames) & 1) != 0;
}

}  // namespace callweir::p2p

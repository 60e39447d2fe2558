#include "p2p/speech.hpp"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "p2p/voice_codec.hpp"

namespace callweir::p2p {
namespace {

constexpr std::size_t samples_min = sample_rate_hz / 10;
constexpr std::size_t samples_max = 600ULL * sample_rate_hz;
constexpr std::size_t file_bytes_max = samples_max * 2 + 4096;
constexpr int chunks_max = 64;

std::uint32_t little(std::span<const std::uint8_t> at, int bytes) {
  std::uint32_t value = 0;
  for (int i = bytes - 1; i >= 0; --i) value = value << 8 | at[static_cast<std::size_t>(i)];
  return value;
}

tl::unexpected<error> not_speech(const std::string& name, const std::string& what) {
  return fail(what, name,
              "wanted is 16-bit PCM, one channel, 16000 Hz; sox IN.wav -b 16 -c 1 -r 16000 OUT.wav "
              "makes it");
}

}  // namespace

result<std::vector<std::int16_t>> parse_speech(std::span<const std::uint8_t> wav,
                                               const std::string& name) {
  if (wav.size() < 12 || std::memcmp(wav.data(), "RIFF", 4) != 0 ||
      std::memcmp(wav.data() + 8, "WAVE", 4) != 0) {
    return not_speech(name, "not a WAV file");
  }
  auto rest = wav.subspan(12);
  bool format_seen = false;
  for (int chunk = 0; chunk < chunks_max && rest.size() >= 8; ++chunk) {
    const std::span<const std::uint8_t> id = rest.first(4);
    // Writers to a pipe leave a length that is too large: what is there counts.
    const std::size_t length = std::min<std::size_t>(little(rest.subspan(4), 4), rest.size() - 8);
    const auto body = rest.subspan(8, length);
    if (std::memcmp(id.data(), "fmt ", 4) == 0) {
      if (body.size() < 16) return not_speech(name, "damaged WAV header");
      if (little(body, 2) != 1 || little(body.subspan(2), 2) != 1 ||
          little(body.subspan(4), 4) != sample_rate_hz || little(body.subspan(14), 2) != 16) {
        return not_speech(name, "wrong kind of WAV file");
      }
      format_seen = true;
    } else if (std::memcmp(id.data(), "data", 4) == 0 && format_seen) {
      const std::size_t samples = body.size() / 2;
      if (samples < samples_min || samples > samples_max) {
        return fail("speech of less than 0.1 s or more than 10 minutes", name);
      }
      std::vector<std::int16_t> pcm(samples);
      for (std::size_t i = 0; i < samples; ++i) {
        pcm[i] = static_cast<std::int16_t>(little(body.subspan(2 * i), 2));
      }
      return pcm;
    }
    rest = rest.subspan(std::min(rest.size(), 8 + length + length % 2));
  }
  return not_speech(name, "no samples in the WAV file");
}

result<std::vector<std::int16_t>> read_speech(const std::string& path) {
  std::error_code ignored;
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in || std::filesystem::is_directory(path, ignored)) {
    return fail("cannot read the speech file", path,
                "espeak-ng -w FILE makes speech, sox -r 16000 -c 1 -b 16 the right format");
  }
  if (static_cast<std::size_t>(in.tellg()) > file_bytes_max) {
    return fail("speech of more than 10 minutes", path);
  }
  in.seekg(0);
  const std::vector<char> bytes((std::istreambuf_iterator<char>(in)), {});
  return parse_speech({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, path);
}

speech_source::speech_source(std::span<const std::int16_t> recording, std::size_t start)
    : recording_(recording), at_(recording.empty() ? 0 : start % recording.size()) {}

void speech_source::read(std::span<std::int16_t> out) {
  if (recording_.empty()) {
    std::fill(out.begin(), out.end(), std::int16_t{0});
    return;
  }
  for (std::int16_t& sample : out) {
    sample = recording_[at_];
    if (++at_ == recording_.size()) at_ = 0;
  }
}

}  // namespace callweir::p2p

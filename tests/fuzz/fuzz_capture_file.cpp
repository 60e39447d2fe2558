// Damaged captures: whatever the bytes, the reader ends, stays within them and gives the same
// frames for bursts of any size, those that a plain second reader (tests/support) gives.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "base/capture_file.hpp"
#include "tests/support/plain_capture_reader.hpp"

namespace {

using namespace callweir;

struct outcome {
  std::size_t frames = 0;
  std::uint64_t sum = 0;
  bool damaged = false;
  friend bool operator==(const outcome&, const outcome&) = default;
};

[[noreturn]] void complain(const char* what) {
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

outcome read_all(std::span<const std::uint8_t> file, std::size_t burst) {
  outcome made;
  auto reader = capture_reader::over(file, "fuzz");
  if (!reader) return {0, 0, true};
  std::vector<captured_frame> frames(burst);
  for (;;) {
    const auto count = reader->read_burst(frames);
    made.damaged = !count;
    if (!count || *count == 0) break;
    for (std::size_t i = 0; i < *count; ++i) {
      const captured_frame& each = frames[i];
      if (each.captured > each.wire) complain("more captured than there was");
      if (each.captured > 0 &&
          (each.data < file.data() || each.data + each.captured > file.data() + file.size())) {
        complain("a frame lies outside the file");
      }
      for (std::uint32_t b = 0; b < each.captured; ++b) made.sum = made.sum * 31 + each.data[b];
      made.sum =
          made.sum * 31 + static_cast<std::uint64_t>(each.time.ns) + each.wire + each.link_type;
    }
    made.frames += *count;
    // A record takes 12 bytes at least.
    if (made.frames > file.size() / 12 + 1) complain("more frames than fit");
  }
  const double progress = reader->progress();
  if (!(progress >= 0 && progress <= 1)) complain("progress out of range");
  return made;
}

outcome read_again(std::span<const std::uint8_t> file) {
  const test::plain_capture plain = test::read_plainly(file);
  outcome made{plain.frames.size(), 0, plain.damaged};
  for (const test::plain_frame& each : plain.frames) {
    for (const std::uint8_t b : each.bytes) made.sum = made.sum * 31 + b;
    made.sum =
        made.sum * 31 + static_cast<std::uint64_t>(each.time_ns) + each.wire + each.link_type;
  }
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto file = std::make_unique<std::uint8_t[]>(size);
  if (size > 0) std::memcpy(file.get(), data, size);
  const outcome made = read_all({file.get(), size}, 1);
  if (made != read_all({file.get(), size}, 64)) complain("bursts change the outcome");
  if (made != read_again({file.get(), size})) complain("the plain reader reads something else");
  return 0;
}

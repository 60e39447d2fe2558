// Hostile frames: the decoder against its own careful walk and the plain one of tests/support.
// Input: a byte that picks the link type, then up to 16 frames, each two bytes of length (little
// endian, top bit: 64 more bytes were on the wire) and its bytes.
#include <algorithm>
#include <array>

#include "tests/fuzz/compare_decoders.hpp"

namespace {

constexpr std::array<std::uint16_t, 16> link_types = {1,   1, 1,   1,   101, 228, 229, 0,
                                                      108, 9, 104, 105, 113, 127, 192, 276};
constexpr int frames_max = 16;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  static callweir::test::decoder_comparison decoders;
  decoders.begin_input();
  std::size_t at = 1;
  for (int i = 0; i < frames_max && size - at >= 2; ++i) {
    const auto field = static_cast<std::uint16_t>(data[at] | data[at + 1] << 8);
    at += 2;
    const std::size_t length = std::min<std::size_t>(field & 0x7fff, size - at);
    decoders.frame(data + at, length, (field & 0x8000) != 0 ? 64 : 0,
                   link_types[data[0] % link_types.size()]);
    at += length;
  }
  return 0;
}

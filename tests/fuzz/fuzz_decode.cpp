// Hostile frames: the decoder against the plain one of tests/support. Input: a byte that picks the
// link type, then up to 16 frames, each two bytes of length (little endian, top bit: 64 more bytes
// were on the wire) and its bytes.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "capture/decode.hpp"
#include "tests/support/reference_decoder.hpp"

namespace {

using namespace callweir;

constexpr std::array<std::uint16_t, 16> link_types = {1,   1, 1,   1,   101, 228, 229, 0,
                                                      108, 9, 104, 105, 113, 127, 192, 276};
constexpr int frames_max = 16;

[[noreturn]] void complain(const char* what, const std::string& detail) {
  std::fprintf(stderr, "%s: %s\n", what, detail.c_str());
  std::abort();
}

void check_bounds(const packet_view& packet) {
  if (packet.payload_offset > packet.captured) complain("payload begins beyond the frame", "");
  if (packet.payload_captured > packet.captured - packet.payload_offset)
    complain("payload ends beyond the frame", "");
  if (packet.payload_captured > packet.payload_bytes) complain("more captured than there was", "");
  if (packet.vlan_count > 2) complain("more tags than are kept", "");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const std::uint16_t link_type = link_types[data[0] % link_types.size()];
  // One decoder for all inputs, since making one costs more than an input. Each input comes a
  // time-out later: fragments of earlier ones are too old to be found, and the first to be given
  // up.
  static capture::decoder fast({}, {7, 11});
  static time_point now;
  now = now + (capture::fragment_cache::time_out + nanoseconds(1));
  test::reference_decoder plain;
  std::size_t at = 1;
  for (int i = 0; i < frames_max && size - at >= 2; ++i) {
    const std::uint16_t field = static_cast<std::uint16_t>(data[at] | data[at + 1] << 8);
    at += 2;
    const std::size_t length = std::min<std::size_t>(field & 0x7fff, size - at);
    // A block of exactly that size, so that AddressSanitizer sees a byte read beyond it.
    const auto frame = std::make_unique<std::uint8_t[]>(length);
    if (length > 0) std::memcpy(frame.get(), data + at, length);
    at += length;
    packet_view one;
    one.frame = frame.get();
    one.captured = static_cast<std::uint32_t>(length);
    one.wire = static_cast<std::uint32_t>(length + ((field & 0x8000) != 0 ? 64 : 0));
    one.time = now;
    packet_view other = one;
    fast.decode_frame(one, link_type);
    plain.decode(other, link_type);
    check_bounds(one);
    const std::string differs = test::difference(one, other);
    if (!differs.empty()) complain("fast and plain decoder differ", differs);
  }
  return 0;
}

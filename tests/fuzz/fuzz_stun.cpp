// STUN, TURN and what they carry: whatever comes, nothing is read beyond the packet.
#include "classify/detectors/stun.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace callweir;
  if (size > 65'000) return 0;
  const auto bytes = static_cast<std::uint16_t>(size);
  classify::stun_detector detector;
  for (const std::uint16_t captured : {bytes, static_cast<std::uint16_t>(bytes / 2)}) {
    classify::stun_message m;
    if (!classify::parse_stun({data, captured, bytes, forward, {}}, m)) continue;
    if (m.total > bytes || m.data_offset + m.data_bytes > m.total) __builtin_trap();
    detector.observe(m, forward, false);
  }
  return 0;
}

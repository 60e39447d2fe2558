// DTLS records and hellos.
#include "classify/detectors/demultiplex.hpp"
#include "classify/detectors/dtls.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace callweir;
  if (size > 65'000) return 0;
  const auto bytes = static_cast<std::uint16_t>(size);
  classify::dtls_detector detector;
  for (const std::uint16_t captured : {bytes, static_cast<std::uint16_t>(bytes / 2)}) {
    const classify::sample s{data, captured, bytes, backward, {}};
    classify::demultiplex(s);
    detector.observe(s);
  }
  return 0;
}

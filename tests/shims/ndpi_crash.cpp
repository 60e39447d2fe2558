// A bug in nDPI, for the test of what the supervisor does about one: preloaded before libndpi, it
// crashes on packets that carry the magic words and hands all others on. No part of the product
// knows of it.
#include <dlfcn.h>
#include <ndpi_api.h>

#include <csignal>
#include <string_view>

namespace {

constexpr std::string_view magic = "callweir test: nDPI crashes here";

}  // namespace

#if NDPI_MAJOR * 100 + NDPI_MINOR >= 406
#define CALLWEIR_INPUT , ndpi_flow_input_info* input
#define CALLWEIR_INPUT_GIVEN , input
#else
#define CALLWEIR_INPUT
#define CALLWEIR_INPUT_GIVEN
#endif

extern "C" ndpi_protocol ndpi_detection_process_packet(ndpi_detection_module_struct* module,
                                                       ndpi_flow_struct* flow,
                                                       const unsigned char* packet,
                                                       const unsigned short length,
                                                       const u_int64_t time_ms CALLWEIR_INPUT) {
  using original = decltype(&ndpi_detection_process_packet);
  static const auto next =
      reinterpret_cast<original>(dlsym(RTLD_NEXT, "ndpi_detection_process_packet"));
  const std::string_view bytes(reinterpret_cast<const char*>(packet), length);
  if (next == nullptr || bytes.find(magic) != std::string_view::npos) raise(SIGSEGV);
  return next(module, flow, packet, length, time_ms CALLWEIR_INPUT_GIVEN);
}

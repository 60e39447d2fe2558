// QUIC's first packets: bytes as they come, and frames of any content under true protection, so
// that what lies behind the cipher is reached. Input: what of the two, then the bytes.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <span>

#include "classify/detectors/quic_initial.hpp"
#include "tests/fuzz/byte_source.hpp"
#include "tests/support/quic_builder.hpp"

namespace {

using namespace callweir;

void read(std::span<const std::uint8_t> datagram) {
  const test::exact_block exact(datagram.data(), datagram.size());
  const auto captured = static_cast<std::uint16_t>(datagram.size());
  const auto wire = std::max<std::uint16_t>(captured, 1'200);  // what is shorter was cut
  const classify::sample s{exact.data(), captured, wire, forward, {}};
  static classify::quic_opener opener;
  const std::string_view name = opener.server_name(s);
  const bool upper = name.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") != std::string_view::npos;
  const bool odd = opener.hello_goes_on() && !classify::is_quic_initial(s);
  if (upper || odd || name.size() > 2'048 || (!name.empty() && !classify::is_quic_initial(s))) {
    std::fprintf(stderr, "a name that cannot be\n");
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t frames_max = 1'100;
  if (size == 0) return 0;
  const std::span<const std::uint8_t> rest(data + 1, size - 1);
  if ((data[0] & 1) != 0) {
    read(rest.first(std::min<std::size_t>(rest.size(), 0xffff)));
  } else {
    read(test::quic_initial_packet(rest.first(std::min(rest.size(), frames_max))));
  }
  return 0;
}

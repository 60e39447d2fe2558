#include "classify/payload_types.hpp"

#include <array>

namespace callweir::classify {
namespace {

constexpr std::array<payload_type_facts, 35> make_table() {
  std::array<payload_type_facts, 35> t{};
  const auto voice = [&](std::size_t type, codec what, std::uint32_t clock_hz) {
    t[type] = {static_media::voice, what, clock_hz};
  };
  voice(0, codec::pcmu, 8'000);
  voice(3, codec::gsm, 8'000);
  voice(4, codec::g723, 8'000);
  voice(5, codec::unknown, 8'000);  // DVI4
  voice(6, codec::unknown, 16'000);
  voice(7, codec::unknown, 8'000);  // LPC
  voice(8, codec::pcma, 8'000);
  voice(9, codec::g722, 8'000);  // samples at 16 kHz; 8 for historical reasons
  t[10] = {static_media::sound, codec::unknown, 44'100};
  t[11] = {static_media::sound, codec::unknown, 44'100};
  voice(12, codec::unknown, 8'000);                           // QCELP
  voice(13, codec::unknown, 8'000);                           // comfort noise
  t[14] = {static_media::broadcast, codec::unknown, 90'000};  // MPA
  voice(15, codec::unknown, 8'000);                           // G.728
  voice(16, codec::unknown, 11'025);
  voice(17, codec::unknown, 22'050);
  voice(18, codec::g729, 8'000);
  for (const std::size_t type : {25, 26, 28, 31, 34}) {
    t[type] = {static_media::video, codec::unknown, 90'000};
  }
  for (const std::size_t type : {32, 33}) {  // MPV, MP2T
    t[type] = {static_media::broadcast, codec::unknown, 90'000};
  }
  return t;
}

constexpr auto table = make_table();

}  // namespace

payload_type_facts facts_of_payload_type(std::uint8_t type) noexcept {
  return type < table.size() ? table[type] : payload_type_facts{};
}

}  // namespace callweir::classify

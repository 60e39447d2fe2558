// Nests of headers, built right and then damaged a little, so that deep ones are reached that bytes
// at random would not find. Input: a byte with the number of headers, one byte each (what, and
// how), then damages of three bytes: place, what to put there, kind.
#include <algorithm>

#include "tests/fuzz/byte_source.hpp"
#include "tests/fuzz/compare_decoders.hpp"
#include "tests/support/packet_builder.hpp"

namespace {

using callweir::test::byte_source;
using callweir::test::frame_bytes;
using callweir::test::packet_builder;

void add_header(packet_builder& b, std::uint8_t code) {
  const unsigned how = code >> 5;
  switch (code & 31) {
    case 0:
      b.ethernet();
      break;
    case 1:
      b.vlan(7, (how & 1) != 0 ? 0x8100 : 0x88a8);
      break;
    case 2:
      b.mpls(std::vector<std::uint32_t>(how + 1, 16));
      break;
    case 3:
      b.pseudowire_control_word().ethernet();
      break;
    case 4:
      b.pppoe();
      break;
    case 5:
      b.ppp((how & 1) != 0);
      break;
    case 6:
      b.llc_snap();
      break;
    case 7:
      b.ipv4("10.0.0.5", "192.0.2.7",
             {.fragment = static_cast<std::uint16_t>((how & 1) != 0 ? 0x2000 : 0x4000)});
      break;
    case 8:
      b.ipv4("10.0.0.5", "192.0.2.7", {.fragment = static_cast<std::uint16_t>(how)});
      break;
    case 9:
      b.ipv4("10.0.0.5", "192.0.2.7", {.options = frame_bytes(how * 4, 1)});
      break;
    case 10:
    case 11:
      b.ipv6("2001:db8::5", "2001:db8:1::7");
      break;
    case 12:
      b.hop_by_hop(how + 1);
      break;
    case 13:
      b.routing(how + 1);
      break;
    case 14:
      b.destination_options(how + 1);
      break;
    case 15:
      b.fragment_header(5, static_cast<std::uint16_t>((how >> 1) * 8), (how & 1) != 0);
      break;
    case 16:
      b.authentication(12 + how * 4);
      break;
    case 17:
      b.esp();
      break;
    case 18:
    case 19:
      b.gre({(how & 1) != 0, (how & 2) != 0, (how & 4) != 0});
      break;
    case 20:
      b.pptp((how & 1) != 0, (how & 2) != 0);
      break;
    case 21:
      b.erspan();
      break;
    case 22:
    case 23:
      b.vxlan();
      break;
    case 24:
    case 25:
      b.gtp_u(1, (how & 1) != 0);
      break;
    case 26:
      b.capwap();
      break;
    case 27:
      b.udp(40'000, (how & 1) != 0 ? 4'789 : 5'060);
      break;
    case 28:
      b.tcp(40'000, 443, 0x18, 1, how * 4);
      break;
    case 29:
      b.sctp(5'000, 5'001);
      break;
    case 30:
      b.icmp();
      break;
    default:
      b.payload(how * 9);
  }
}

void damage(frame_bytes& frame, byte_source& in) {
  const std::uint8_t place = in.next(), value = in.next(), kind = in.next();
  if (frame.empty()) return;
  const std::size_t at = (place + (kind >> 4) * 16u) % frame.size();
  switch (kind & 3) {
    case 0:
      frame[at] = value;
      break;
    case 1:
      frame[at] = static_cast<std::uint8_t>(frame[at] ^ 1u << (value & 7));
      break;
    case 2:
      frame.resize(frame.size() - at / 2);
      break;
    default:
      frame.insert(frame.end(), value % 64, kind);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr int frames_max = 6, headers_max = 24, damages_max = 8;
  static callweir::test::decoder_comparison decoders;
  decoders.begin_input();
  byte_source in(data, size);
  for (int i = 0; i < frames_max && in.left() > 0; ++i) {
    const std::uint8_t shape = in.next();
    packet_builder builder;
    builder.ethernet();
    for (int h = 0; h < std::min<int>(shape & 31, headers_max); ++h) add_header(builder, in.next());
    frame_bytes frame = builder.build();
    for (int d = 0; d < std::min<int>(shape >> 5, damages_max); ++d) damage(frame, in);
    decoders.frame(frame.data(), frame.size(), (shape & 1) != 0 ? 0 : 9, callweir::link_ethernet);
    // Then cut short, at whatever header: nothing may be read beyond.
    const std::size_t cut = frame.empty() ? 0 : in.next() * frame.size() / 256;
    decoders.frame(frame.data(), cut, static_cast<std::uint32_t>(frame.size() - cut),
                   callweir::link_ethernet);
  }
  return 0;
}

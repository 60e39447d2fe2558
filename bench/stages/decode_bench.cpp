// What decoding costs a packet, hot (the burst's frames in L1) and with 4,096 frames in turn (in
// L2). The counter `cycles` is time-stamp-counter cycles a packet.
#include <benchmark/benchmark.h>
#include <x86intrin.h>

#include <array>
#include <cstring>
#include <vector>

#include "capture/decode.hpp"

namespace {

using namespace callweir;
using frame = std::array<std::uint8_t, 128>;

constexpr std::size_t burst = 64;

enum class kind { ipv4_udp, ipv4_tcp, ipv6_udp, vlan_udp, mixed, ipv4_options };

/// Ethernet, maybe a tag, IPv4 or IPv6, UDP or TCP, 32 bytes of payload.
frame make(kind what, std::uint32_t flow) {
  frame made{};
  std::size_t at = 12;
  if (what == kind::vlan_udp) {
    made[at] = 0x81;
    made[at + 3] = 7;
    at += 4;
  }
  const bool six = what == kind::ipv6_udp;
  const bool tcp = what == kind::ipv4_tcp;
  const std::size_t options = what == kind::ipv4_options ? 4 : 0;
  made[at] = six ? 0x86 : 0x08;
  made[at + 1] = six ? 0xdd : 0x00;
  at += 2;
  const std::size_t transport = (tcp ? 20 : 8) + 32;
  if (six) {
    made[at] = 0x60;
    made[at + 5] = static_cast<std::uint8_t>(transport);
    made[at + 6] = tcp ? 6 : 17;
    std::memcpy(&made[at + 20], &flow, 4);
    made[at + 39] = 1;
    at += 40;
  } else {
    made[at] = static_cast<std::uint8_t>(0x45 + options / 4);
    made[at + 3] = static_cast<std::uint8_t>(20 + options + transport);
    made[at + 9] = tcp ? 6 : 17;
    std::memcpy(&made[at + 12], &flow, 4);
    made[at + 19] = 1;
    at += 20 + options;
  }
  made[at] = 0x9c;
  made[at + 2] = 0x1f;
  if (tcp) {
    made[at + 12] = 0x50;
  } else {
    made[at + 5] = static_cast<std::uint8_t>(transport);
  }
  return made;
}

void decode_burst(benchmark::State& state, kind what) {
  const auto frames_held = static_cast<std::size_t>(state.range(0));
  std::vector<frame> frames;
  std::uint32_t random = 1;
  for (std::uint32_t i = 0; i < frames_held; ++i) {
    random = random * 1'664'525 + 1'013'904'223;
    kind each = what;
    if (what == kind::mixed) {
      constexpr std::array<kind, 8> mix = {kind::ipv4_udp, kind::ipv4_tcp, kind::ipv4_udp,
                                           kind::ipv6_udp, kind::ipv4_tcp, kind::vlan_udp,
                                           kind::ipv4_udp, kind::ipv4_tcp};
      each = mix[random >> 29];
    }
    frames.push_back(make(each, i));
  }
  capture::decoder decoder({}, {1, 2});
  std::array<packet_view, burst> views;
  std::size_t next = 0, packets = 0;
  std::uint64_t sum = 0, cycles = 0;
  for (auto _ : state) {
    for (packet_view& view : views) {
      view.frame = frames[next].data();
      view.captured = view.wire = 98;
      next = next + 1 == frames_held ? 0 : next + 1;
    }
    const std::uint64_t start = __rdtsc();
    decoder.decode_burst(views);
    cycles += __rdtsc() - start;
    for (const packet_view& view : views)
      sum += view.source_port + static_cast<unsigned>(view.status);
    packets += burst;
  }
  benchmark::DoNotOptimize(sum);
  state.SetItemsProcessed(static_cast<std::int64_t>(packets));
  state.counters["cycles"] = static_cast<double>(cycles) / static_cast<double>(packets);
}

BENCHMARK_CAPTURE(decode_burst, ipv4_udp, kind::ipv4_udp)->Arg(64)->Arg(4096);
BENCHMARK_CAPTURE(decode_burst, ipv4_tcp, kind::ipv4_tcp)->Arg(64)->Arg(4096);
BENCHMARK_CAPTURE(decode_burst, ipv6_udp, kind::ipv6_udp)->Arg(64);
BENCHMARK_CAPTURE(decode_burst, vlan_udp, kind::vlan_udp)->Arg(64);
BENCHMARK_CAPTURE(decode_burst, mixed, kind::mixed)->Arg(4096);
BENCHMARK_CAPTURE(decode_burst, ipv4_options_cold_path, kind::ipv4_options)->Arg(64);

}  // namespace

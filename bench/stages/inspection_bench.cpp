// Cost of what an undecided flow's packet may meet: the gates before inspection, and nDPI.
#include <benchmark/benchmark.h>

#include <array>
#include <memory>
#include <vector>

#include "bench/traffic/traffic_source.hpp"
#include "capture/decode.hpp"
#include "classify/detectors/quic_initial.hpp"
#include "classify/inspector.hpp"
#include "classify/ndpi_adapter.hpp"

namespace callweir::bench {
namespace {

struct no_events final : classify::event_sink {
  bool push(const classify::flow_event&) noexcept override { return true; }
};

/// The first packets of flows of each kind, decoded; a flow's lie together.
class first_packets {
 public:
  static constexpr std::uint32_t flows = 64, packets_a_flow = 4;

  explicit first_packets(flow_kind kind) {
    constexpr std::uint32_t count = flows * packets_a_flow;
    views.resize(count);
    frames_.resize(std::size_t{count} * traffic_source::frame_bytes_max);
    capture::decoder decoder({}, {1, 2});
    for (std::uint32_t i = 0; i < count; ++i) {
      views[i].frame = &frames_[std::size_t{i} * traffic_source::frame_bytes_max];
      views[i].time = {1'790'000'000'000'000'000 + i};
      // A question for a name is one packet.
      const std::uint32_t index = kind == flow_kind::dns ? 0 : i % packets_a_flow;
      traffic_source::write(shapes_, views[i], i / packets_a_flow, kind, index);
    }
    for (std::uint32_t i = 0; i < count; i += 64)
      decoder.decode_burst(std::span(views).subspan(i, 64));
  }

  std::vector<packet_view> views;

 private:
  frame_shapes shapes_;
  std::vector<std::uint8_t> frames_;
};

void inspection_gates(benchmark::State& state, flow_kind kind) {
  no_events events;
  classify::inspector::config settings;
  settings.inspections_max = 16;
  settings.touch = false;
  const classify::inspector inspector(settings, events);
  const first_packets first(kind);
  std::size_t at = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(inspector.worth_inspecting(first.views[at]));
    benchmark::DoNotOptimize(classify::inspector::may_be_call(first.views[at]));
    at = (at + 1) % first.views.size();
  }
}

/// A new flow each four packets: taking and giving back its state is part of it.
void ndpi_packet(benchmark::State& state, flow_kind kind) {
  classify::ndpi_adapter ndpi(classify::ndpi_adapter::config{16, true});
  const first_packets first(kind);
  std::size_t at = 0;
  for (auto _ : state) {
    const auto flow = ndpi.acquire();
    classify::ndpi_opinion opinion;
    for (std::uint32_t i = 0; i < first_packets::packets_a_flow && !opinion.done; ++i)
      ndpi.inspect(flow, first.views[at + i], opinion);
    benchmark::DoNotOptimize(opinion);
    ndpi.release(flow);
    at = (at + first_packets::packets_a_flow) % first.views.size();
  }
  state.SetItemsProcessed(state.iterations() * first_packets::packets_a_flow);
}

/// The name in a QUIC connection's first packet, and what nDPI's list says of it; by nDPI alone the
/// whole packet is nDPI's.
void quic_name(benchmark::State& state, bool by_ndpi_alone) {
  classify::ndpi_adapter ndpi(classify::ndpi_adapter::config{16, true});
  classify::quic_opener opener;
  const first_packets first(flow_kind::quic);
  const packet_view& p = first.views[0];
  const classify::sample part{p.payload(), p.payload_captured, p.payload_bytes, forward, p.time};
  for (auto _ : state) {
    classify::ndpi_opinion opinion;
    if (by_ndpi_alone) {
      const auto flow = ndpi.acquire();
      ndpi.inspect(flow, p, opinion);
      ndpi.release(flow);
    } else {
      ndpi.name_quic(opener.server_name(part), p, opinion);
    }
    benchmark::DoNotOptimize(opinion);
  }
}

BENCHMARK_CAPTURE(inspection_gates, tls, flow_kind::tls);
BENCHMARK_CAPTURE(inspection_gates, dns, flow_kind::dns);
BENCHMARK_CAPTURE(inspection_gates, voice, flow_kind::voice);
BENCHMARK_CAPTURE(ndpi_packet, tls, flow_kind::tls);
BENCHMARK_CAPTURE(ndpi_packet, voice, flow_kind::voice);
BENCHMARK_CAPTURE(quic_name, by_ndpi_alone, true);
BENCHMARK_CAPTURE(quic_name, opened_here, false);

}  // namespace
}  // namespace callweir::bench

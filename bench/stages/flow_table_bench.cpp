// Cost of finding and opening flows, in bursts of 64, for tables from cache-sized to beyond it.
#include <benchmark/benchmark.h>

#include <array>
#include <memory>
#include <random>
#include <vector>

#include "classify/flow_table.hpp"

namespace {

using namespace callweir;
using namespace callweir::classify;

packet_view packet_of(std::uint32_t flow) {
  packet_view p;
  p.status = decode_status::ok;
  p.source = ip_address::v4(0x0a00'0000 + flow);
  p.destination = ip_address::v4(0xc000'0200 + flow % 251);
  p.source_port = static_cast<std::uint16_t>(1024 + flow % 50'000);
  p.destination_port = 443;
  p.protocol = proto_udp;
  p.time = {1};
  return p;
}

std::unique_ptr<flow_table> make_table(std::uint32_t flows) {
  flow_table::config c;
  c.flows_max = flows;
  c.seed = {0x1234, 0x5678};
  return std::make_unique<flow_table>(c);
}

flow_index open_or_evict(flow_table& table, const flow_table::burst& b, std::size_t i,
                         const packet_view& p) {
  auto place = table.find_place(b.hashes[i], {});
  if (place.what == flow_table::place::kind::evict) {
    table.erase(place.victim);
    place = table.find_place(b.hashes[i], {});
  }
  if (place.what != flow_table::place::kind::room) return no_flow;
  return table.open(b.keys[i], b.hashes[i], b.swapped[i], p);
}

std::unique_ptr<flow_table> filled_table(std::uint32_t flows) {
  auto table = make_table(flows * 2);
  flow_table::burst b;
  for (std::uint32_t i = 0; i < flows; ++i) {
    const auto p = packet_of(i);
    table->prepare({&p, 1}, b);
    open_or_evict(*table, b, 0, p);
  }
  return table;
}

/// The canonical key of a packet and its hash, nothing looked up.
void key(benchmark::State& state) {
  const keyed_hash hash({0x1234, 0x5678});
  std::array<packet_view, 256> packets;
  for (std::uint32_t i = 0; i < packets.size(); ++i) packets[i] = packet_of(i * 7919);
  std::size_t at = 0;
  for (auto _ : state) {
    const auto made = make_flow_key(packets[at], hash);
    benchmark::DoNotOptimize(bucket_hash(made.key, hash));
    at = (at + 1) % packets.size();
  }
}
BENCHMARK(key);

/// Key, hash, lookup and counters of flows that are known, in random order.
void lookup(benchmark::State& state) {
  const auto flows = static_cast<std::uint32_t>(state.range(0));
  auto table = filled_table(flows);
  flow_table::burst b;
  std::mt19937 random(1);
  std::vector<packet_view> packets(1 << 14);
  for (auto& p : packets) p = packet_of(random() % flows);
  std::size_t at = 0;
  for (auto _ : state) {
    const std::span<const packet_view> burst(&packets[at], flow_table::burst_max);
    table->prepare(burst, b);
    for (std::size_t i = 0; i < burst.size(); ++i) {
      const flow_index flow = table->find(b, i);
      hot_flow& hot = table->hot(flow);
      hot.bytes[b.swapped[i]] += 100;
      ++hot.packets[b.swapped[i]];
      hot.last_ns = burst[i].time.ns;
    }
    at = (at + flow_table::burst_max) % packets.size();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(flow_table::burst_max));
}
BENCHMARK(lookup)->Arg(1 << 13)->Arg(1 << 16)->Arg(1 << 18)->Arg(1 << 20);

/// Packets of flows that are not there.
void lookup_miss(benchmark::State& state) {
  const auto flows = static_cast<std::uint32_t>(state.range(0));
  auto table = filled_table(flows);
  flow_table::burst b;
  std::vector<packet_view> packets(1 << 14);
  for (std::uint32_t i = 0; i < packets.size(); ++i) packets[i] = packet_of(flows + i);
  std::size_t at = 0;
  for (auto _ : state) {
    const std::span<const packet_view> burst(&packets[at], flow_table::burst_max);
    table->prepare(burst, b);
    for (std::size_t i = 0; i < burst.size(); ++i) benchmark::DoNotOptimize(table->find(b, i));
    at = (at + flow_table::burst_max) % packets.size();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(flow_table::burst_max));
}
BENCHMARK(lookup_miss)->Arg(1 << 13)->Arg(1 << 20);

/// Every packet is a new flow and there is room: find, open, and erase what opened a burst ago.
void insert(benchmark::State& state) {
  const auto flows = static_cast<std::uint32_t>(state.range(0));
  auto table = filled_table(flows);
  flow_table::burst b;
  std::array<packet_view, flow_table::burst_max> burst;
  std::array<flow_index, flow_table::burst_max> opened;
  opened.fill(no_flow);
  std::uint32_t next = flows;
  for (auto _ : state) {
    for (auto& p : burst) p = packet_of(next++);
    table->prepare(burst, b);
    for (std::size_t i = 0; i < burst.size(); ++i) {
      if (opened[i] != no_flow) table->erase(opened[i]);
      opened[i] = table->find(b, i) == no_flow ? open_or_evict(*table, b, i, burst[i]) : no_flow;
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(flow_table::burst_max));
}
BENCHMARK(insert)->Arg(1 << 13)->Arg(1 << 20);

/// Every packet is a new flow, the table is full: find, evict, open.
void insert_and_evict(benchmark::State& state) {
  const auto flows = static_cast<std::uint32_t>(state.range(0));
  auto table = make_table(flows);
  flow_table::burst b;
  std::array<packet_view, flow_table::burst_max> burst;
  std::uint32_t next = 0;
  std::int64_t now = 1;
  const auto stranger = [&] {
    auto p = packet_of(next++);
    p.time = {++now};
    return p;
  };
  for (std::uint32_t i = 0; i < 2 * flows; ++i) {
    burst[0] = stranger();
    table->prepare({burst.data(), 1}, b);
    open_or_evict(*table, b, 0, burst[0]);
  }
  for (auto _ : state) {
    for (auto& p : burst) p = stranger();
    table->prepare(burst, b);
    for (std::size_t i = 0; i < burst.size(); ++i) {
      if (table->find(b, i) == no_flow)
        benchmark::DoNotOptimize(open_or_evict(*table, b, i, burst[i]));
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(flow_table::burst_max));
}
BENCHMARK(insert_and_evict)->Arg(1 << 13)->Arg(1 << 20);

}  // namespace

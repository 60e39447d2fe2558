#include "dashboard/store/sums.hpp"

#include <algorithm>

namespace callweir::dashboard {
namespace {

/// Seconds at the start of the ten seconds; nothing lies before the epoch.
std::int64_t ten_seconds(time_point at) {
  return floor_to(std::max<std::int64_t>(at.ns, 0) / 1'000'000'000, levels[0]);
}

void add_ways(both_ways<std::uint64_t>& to, const both_ways<std::uint64_t>& from) {
  for (std::size_t way = 0; way < 2; ++way) to[way] = add_bounded(to[way], from[way]);
}

template <class Row>
void merge_rows(std::vector<Row>& rows) {
  if (rows.empty()) return;
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.key < b.key; });
  std::size_t kept = 0;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    if (rows[kept].key == rows[i].key) {
      rows[kept].add(rows[i]);
    } else if (++kept != i) {
      rows[kept] = rows[i];
    }
  }
  rows.resize(kept + 1);
}

}  // namespace

void traffic_sum::add(const traffic_sum& other) {
  flows = add_bounded(flows, other.flows);
  add_ways(packets, other.packets);
  add_ways(bytes, other.bytes);
}

void load_sum::add(const load_sum& other) {
  for (std::size_t kind = 0; kind < 2; ++kind) {
    add_ways(bytes[kind], other.bytes[kind]);
    add_ways(packets[kind], other.packets[kind]);
  }
  dropped = add_bounded(dropped, other.dropped);
  delayed = add_bounded(delayed, other.delayed);
  calls_most = std::max(calls_most, other.calls_most);
  degraded_most = std::max(degraded_most, other.degraded_most);
}

void policy_total_sum::add(const policy_total_sum& other) {
  flows = add_bounded(flows, other.flows);
  packets = add_bounded(packets, other.packets);
  bytes = add_bounded(bytes, other.bytes);
  dropped = add_bounded(dropped, other.dropped);
  delayed = add_bounded(delayed, other.delayed);
  first = std::min(first, other.first);
  last = std::max(last, other.last);
}

traffic_sum sum_of(const traffic_record& record) {
  traffic_sum out{
      {ten_seconds(record.at), record.host, record.app, record.link, record.voip}, 0, {}, {}};
  out.add({{}, record.flows, record.packets, record.bytes});
  return out;
}

load_sum sum_of(const second_record& record) {
  load_sum out{{ten_seconds(record.at), record.link}, {}, {}, 0, 0, 0, 0};
  out.add({{},
           record.bytes,
           record.packets,
           record.dropped,
           record.delayed,
           record.calls,
           record.degraded});
  return out;
}

policy_total_sum sum_of(const policy_record& record) {
  policy_total_sum out;
  out.key = {ten_seconds(record.at), record.position, record.name,
             record.match,           record.action,   record.mode};
  out.first = out.last = record.at.ns;
  out.add({{},
           record.flows,
           record.packets,
           record.bytes,
           record.dropped,
           record.delayed,
           out.first,
           out.last});
  return out;
}

void merge(std::vector<traffic_sum>& rows) {
  merge_rows(rows);
}
void merge(std::vector<load_sum>& rows) {
  merge_rows(rows);
}
void merge(std::vector<policy_total_sum>& rows) {
  merge_rows(rows);
}

}  // namespace callweir::dashboard

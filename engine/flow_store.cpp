#include "engine/flow_store.hpp"

#include <algorithm>
#include <limits>

namespace callweir::engine {
namespace {

std::uint32_t saturated(std::uint64_t value) {
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(value, std::numeric_limits<std::uint32_t>::max()));
}

}  // namespace

kept_flow keep(const classify::flow_event& closed, std::uint16_t file) {
  kept_flow out;
  out.id = closed.flow.id;
  out.first_ns = closed.totals.first.ns;
  out.last_ns = closed.totals.last.ns;
  for (const direction way : {forward, backward}) {
    out.bytes[way] = closed.totals.bytes[way];
    out.packets[way] = saturated(closed.totals.packets[way]);
  }
  out.source = closed.flow.source;
  out.destination = closed.flow.destination;
  out.decided_packet = closed.decided_packet;
  out.decided_us = saturated(static_cast<std::uint64_t>(closed.decided_after.count() / 1000));
  out.source_port = closed.flow.source_port;
  out.destination_port = closed.flow.destination_port;
  out.vlan[0] = closed.flow.vlan[0];
  out.vlan[1] = closed.flow.vlan[1];
  out.vlan_count = closed.flow.vlan_count & 3;
  out.file = file;
  out.protocol = closed.flow.protocol;
  out.emergency = closed.ties.emergency;
  out.from_outside = closed.flow.initiator == side::outside;
  out.in_call = closed.call != classify::no_call;
  out.tunnel = closed.flow.tunnel;
  set_verdict(out, closed.what);
  return out;
}

verdict verdict_of(const kept_flow& flow) {
  verdict out;
  out.app = flow.app;
  out.ndpi_master = flow.ndpi_master;
  out.ndpi_app = flow.ndpi_app;
  out.role = flow.role;
  out.p2p = static_cast<tristate>(flow.p2p);
  out.voip = flow.voip;
  out.confidence_pct = flow.confidence_pct;
  out.reasons = flow.reasons;
  return out;
}

void set_verdict(kept_flow& flow, const verdict& what) {
  flow.app = what.app;
  flow.ndpi_master = what.ndpi_master;
  flow.ndpi_app = what.ndpi_app;
  flow.role = what.role;
  flow.p2p = static_cast<std::uint8_t>(what.p2p) & 3;
  flow.voip = what.voip;
  flow.confidence_pct = what.confidence_pct;
  flow.reasons = what.reasons;
}

std::vector<std::uint32_t> flow_store::by_first() const {
  struct place {
    std::int64_t first_ns;
    std::uint64_t id;
    std::uint32_t at;
  };
  std::vector<place> places(size_);
  for (std::size_t i = 0; i < size_; ++i) {
    const kept_flow& flow = (*this)[i];
    places[i] = {flow.first_ns, flow.id, static_cast<std::uint32_t>(i)};
  }
  std::sort(places.begin(), places.end(), [](const place& a, const place& b) {
    return a.first_ns != b.first_ns ? a.first_ns < b.first_ns : a.id < b.id;
  });
  std::vector<std::uint32_t> out(size_);
  std::transform(places.begin(), places.end(), out.begin(), [](const place& p) { return p.at; });
  return out;
}

}  // namespace callweir::engine

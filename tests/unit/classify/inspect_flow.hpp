// Feeds one flow to an inspector and says what came out.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "classify/inspector.hpp"
#include "tests/support/flow_traffic.hpp"

namespace callweir::test {

struct kept_events : classify::event_sink {
  std::vector<classify::flow_event> all;
  bool push(const classify::flow_event& event) noexcept override {
    all.push_back(event);
    return true;
  }
};

struct inspected {
  verdict what;
  classify::call_ties ties;
  double sure_after_s = -1;  // first packet to voip with 90 percent; -1 never
  int sure_after_packets = 0;
};

struct flow_ends {
  std::uint32_t inside = 0x0a000005, outside = 0xc0000207;
  std::uint16_t inside_port = 40123, outside_port = 30456;
  std::uint8_t protocol = proto_udp;
  side initiator = side::inside;
};

class inspection_bench {
 public:
  kept_events events;

  explicit inspection_bench(std::vector<std::string> emergency = {}) {
    classify::inspector::config c;
    c.inspections_max = 4096;
    c.endpoints_max = 4096;
    c.expectations_max = 1024;
    c.emergency_numbers = std::move(emergency);
    c.seed = {11, 12};
    inspector_ = std::make_unique<classify::inspector>(c, events);
  }

  classify::inspector& inspector() { return *inspector_; }

  inspected run(const traffic& packets, const flow_ends& ends = {},
                classify::ndpi_opinion opinion = {}) {
    classify::flow_identity id;
    id.id = ++flows_;
    id.protocol = ends.protocol;
    id.initiator = ends.initiator;
    const bool out = ends.initiator == side::inside;
    id.source = ip_address::v4(out ? ends.inside : ends.outside);
    id.destination = ip_address::v4(out ? ends.outside : ends.inside);
    id.source_port = out ? ends.inside_port : ends.outside_port;
    id.destination_port = out ? ends.outside_port : ends.inside_port;
    classify::flow_totals totals;
    inspected result;
    std::uint32_t sequence[2] = {1000, 5000};  // of TCP, in order and without loss
    classify::inspection* scratch = inspector_->acquire();
    for (const timed_payload& t : packets) {
      packet_view p;
      p.frame = t.bytes.data();
      p.captured = p.wire = static_cast<std::uint32_t>(t.bytes.size());
      p.time = t.time;
      p.protocol = ends.protocol;
      p.status = decode_status::ok;
      p.payload_bytes = p.payload_captured = static_cast<std::uint16_t>(t.bytes.size());
      p.source = t.way == forward ? id.source : id.destination;
      p.destination = t.way == forward ? id.destination : id.source;
      p.source_port = t.way == forward ? id.source_port : id.destination_port;
      p.destination_port = t.way == forward ? id.destination_port : id.source_port;
      p.tcp_sequence = sequence[t.way];
      sequence[t.way] += p.payload_bytes;
      if (totals.packets[0] + totals.packets[1] == 0) totals.first = t.time;
      totals.last = t.time;
      ++totals.packets[t.way];
      totals.bytes[t.way] += t.bytes.size() + 28;
      const classify::inspected_flow flow{id, totals, opinion};
      const auto step = inspector_->observe(*scratch, flow, p, t.way, result.what, result.ties);
      if (result.sure_after_s < 0 && result.what.voip && result.what.confidence_pct >= 90) {
        result.sure_after_s = to_seconds(t.time - totals.first);
        result.sure_after_packets = static_cast<int>(totals.packets[0] + totals.packets[1]);
      }
      if (step == classify::inspection_step::decided) {
        inspector_->release(scratch);
        return result;
      }
    }
    const classify::inspected_flow flow{id, totals, opinion};
    inspector_->conclude(*scratch, flow, result.what, result.ties);
    inspector_->release(scratch);
    return result;
  }

 private:
  std::unique_ptr<classify::inspector> inspector_;
  std::uint64_t flows_ = 0;
};

/// A packet of text at a time in seconds.
inline timed_payload said(double seconds, direction way, std::string_view text) {
  return {time_point{1'700'000'000'000'000'000} + from_seconds(seconds),
          way,
          {text.begin(), text.end()}};
}

}  // namespace callweir::test

// Hostile traffic through the whole classifier (without nDPI, which is not ours): a small table,
// few addresses, payloads of any content, clocks that jump. Everything that goes in is accounted
// for, and no event says what cannot be. Input: packets of five bytes and a length with its
// payload: ends and direction, ports, protocol and flags, pause, burst.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <vector>

#include "classify/classifier.hpp"
#include "tests/fuzz/byte_source.hpp"

namespace {

using namespace callweir;

[[noreturn]] void complain(const char* what) {
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}
void demand(bool holds, const char* what) {
  if (!holds) complain(what);
}

/// Checks what it hears, keeps sums.
class auditor final : public classify::event_sink {
 public:
  bool push(const classify::flow_event& e) noexcept override {
    using kind = classify::flow_event::kind;
    demand(e.what.confidence_pct <= 100, "more than sure");
    if (e.type == kind::media) check_media(e.media);
    if (e.type == kind::dialog) demand(e.dialog.endpoints <= 4, "more endpoints than places");
    if (e.type == kind::verdict || e.type == kind::closed) {
      // A verdict event may tell of ties alone.
      const bool claims = e.type == kind::closed || e.what.confidence_pct > 0;
      demand(!claims || e.what.reasons != 0, "a claim without reason");
      demand(!closed_.contains(e.flow.id), "an event after the flow's end");
      demand(e.decided_packet <= e.totals.packets[0] + e.totals.packets[1], "decided too late");
      demand(e.decided_after.count() >= 0, "decided before the first packet");
      demand(e.totals.last >= e.totals.first, "ended before it began");
    }
    if (e.type != kind::closed) return true;
    closed_.insert(e.flow.id);
    for (const direction way : {forward, backward}) {
      packets += e.totals.packets[way];
      bytes += e.totals.bytes[way];
    }
    return true;
  }
  std::uint64_t packets = 0, bytes = 0;

 private:
  static void check_media(const classify::media_sample& m) {
    for (const classify::media_direction& way : m.way) {
      demand(std::isfinite(way.jitter_ms) && way.jitter_ms >= 0, "jitter is no number");
      demand(std::isfinite(way.added_delay_ms), "delay is no number");
      demand(way.late <= way.packets, "more late than came");
      demand(way.loss_known || way.expected == way.packets, "loss out of nothing");
    }
  }
  std::set<std::uint64_t> closed_;
};

struct packet {
  test::exact_block frame;
  packet_view view;
};

constexpr std::uint16_t ports[] = {5060, 3478, 40'000, 40'001, 443, 53, 4569, 33'445};
constexpr std::int64_t pauses_ms[] = {0,  0,  1,   10,  20,    20,    20,     30,
                                      40, 60, 100, 500, 1'000, 6'000, 30'000, 250'000};

packet_view read_header(test::byte_source& in, std::int64_t& now, bool& ends_burst) {
  const std::uint8_t ends = in.next(), port = in.next(), kind = in.next(), pause = in.next();
  packet_view p;
  now += pauses_ms[pause & 15] * 1'000'000 + (pause >> 4);
  ends_burst = (kind & 1) != 0;
  p.time = {now};
  p.status = (kind & 0x3e) == 0x3e ? decode_status::malformed : decode_status::ok;
  p.protocol = (kind & 2) != 0 ? proto_tcp : proto_udp;
  p.tcp_flags = p.protocol == proto_tcp ? kind >> 2 & 0x1f : 0;
  const bool v6 = (kind & 0x80) != 0, out = (ends & 1) != 0;
  const unsigned host = ends >> 1 & 7, peer = ends >> 4;
  p.source = v6 ? ip_address{0x2001'0db8'0000'0000, host} : ip_address::v4(0x0a000001u + host);
  p.destination = v6 ? ip_address{0x2001'0db8'0001'0000, peer} : ip_address::v4(0xc0000201u + peer);
  p.source_port = ports[port & 7];
  p.destination_port = ports[port >> 3 & 7];
  if (!out) {
    std::swap(p.source, p.destination);
    std::swap(p.source_port, p.destination_port);
  }
  p.from = out ? side::inside : side::outside;
  return p;
}

/// An IP header in front, of which only lengths matter here.
packet make_packet(packet_view p, const test::exact_block& payload, std::uint8_t missing) {
  const std::size_t ip = p.source.is_v4() ? 20 : 40, l4 = p.protocol == proto_tcp ? 20 : 8;
  std::vector<std::uint8_t> bytes(ip + l4);
  bytes[0] = p.source.is_v4() ? 0x45 : 0x60;
  bytes.insert(bytes.end(), payload.data(), payload.data() + payload.size());
  packet made{test::exact_block(bytes.data(), bytes.size()), p};
  packet_view& view = made.view;
  view.frame = made.frame.data();
  view.captured = static_cast<std::uint32_t>(bytes.size());
  view.wire = view.captured + missing;
  view.l4_offset = static_cast<std::uint16_t>(ip);
  view.payload_offset = static_cast<std::uint16_t>(ip + l4);
  view.payload_captured = static_cast<std::uint16_t>(payload.size());
  view.payload_bytes = static_cast<std::uint16_t>(payload.size() + missing);
  view.l3_bytes = static_cast<std::uint16_t>(view.captured + missing);
  return made;
}

/// The packet after it 20 ms later, of a stream (RTP's sequence number and time stamp go up), in
/// the same direction or by turns.
packet_view next_of_stream(packet_view p, test::exact_block& payload, bool by_turns) {
  p.time = p.time + std::chrono::milliseconds(20);
  if (by_turns) {
    std::swap(p.source, p.destination);
    std::swap(p.source_port, p.destination_port);
    p.from = other(p.from);
  }
  if (payload.size() < 12) return p;
  std::uint8_t* const at = payload.data();
  const int sequence = at[2] * 256 + at[3] + 1, stamp = at[6] * 256 + at[7] + 160;
  at[2] = static_cast<std::uint8_t>(sequence >> 8), at[3] = static_cast<std::uint8_t>(sequence);
  at[6] = static_cast<std::uint8_t>(stamp >> 8), at[7] = static_cast<std::uint8_t>(stamp);
  return p;
}

bool belongs(const classify::flow_identity& flow, const packet_view& p, direction way) {
  const bool same = way == forward;
  return flow.source == (same ? p.source : p.destination) &&
         flow.destination == (same ? p.destination : p.source) &&
         flow.source_port == (same ? p.source_port : p.destination_port) &&
         flow.destination_port == (same ? p.destination_port : p.source_port) &&
         flow.protocol == p.protocol;
}

void process(classify::classifier& c, const std::vector<packet>& burst) {
  std::vector<packet_view> views;
  for (const packet& each : burst) views.push_back(each.view);
  // Live, all packets of a burst have one time, and each has a fate.
  const bool live = views.front().time == views.back().time;
  std::vector<classify::packet_flow> flows(views.size());
  c.process(views, views.back().time, flows);
  for (std::size_t i = 0; i < flows.size(); ++i) {
    if (flows[i].flow == classify::no_flow) continue;
    const classify::flow_facts facts = c.facts(flows[i].flow);
    demand(belongs(facts.flow, views[i], flows[i].way), "a packet stands in another's flow");
    if (flows[i].fresh && facts.what.voip) c.set_action(flows[i].flow, 1);
    if (!live) continue;
    c.record_fate(flows[i], views[i].l3_bytes % 5 == 0, nanoseconds(1'000'000));
  }
}

classify::classifier_config configuration() {
  classify::classifier_config c;
  c.flows_max = 64;
  c.seed = {7, 8};
  c.touch = false;
  c.ndpi = false;
  c.inspection_share_pct = c.ndpi_share_pct = 0;
  c.emergency_numbers = {"112"};
  return c;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::uint64_t packets_max = 1'000;
  constexpr std::size_t burst_max = 64;
  // Less than the shortest time-out, as on live links, where all packets of a burst have one time:
  // a flow that ended inside a burst would leave its index to another.
  constexpr nanoseconds burst_span = std::chrono::seconds(4);
  test::byte_source in(data, size);
  auditor events;
  classify::classifier c(configuration(), events);
  std::int64_t now = 1'700'000'000'000'000'000;
  std::uint64_t packets = 0, bytes = 0;
  std::vector<packet> burst;
  const auto flush = [&] {
    if (burst.empty()) return;
    process(c, burst);
    c.idle(burst.back().view.time);
    burst.clear();
  };
  const auto add = [&](const packet_view& header, const test::exact_block& payload,
                       std::uint8_t missing, bool ends_burst) {
    if (!burst.empty() && header.time - burst.front().view.time > burst_span) flush();
    burst.push_back(make_packet(header, payload, missing));
    ++packets;
    bytes += burst.back().view.l3_bytes;
    if (ends_burst || burst.size() == burst_max) flush();
  };
  while (packets < packets_max && in.left() > 0) {
    bool ends_burst = false;
    packet_view header = read_header(in, now, ends_burst);
    const std::uint8_t how = in.next();
    test::exact_block payload = in.take(in.next_length());
    // Of each payload a few bytes may be missing, as in a capture that was cut.
    add(header, payload, how < 200 ? 0 : how, ends_burst);
    for (int i = 128; i < how && how < 200; ++i) {
      header = next_of_stream(header, payload, (how & 1) != 0);
      now = header.time.ns;
      add(header, payload, 0, i % 8 == 0);
    }
  }
  flush();
  const auto& n = c.counters();
  const std::uint64_t without = n.without_flow.get() + n.untracked_full.get() +
                                n.untracked_source.get() + n.untracked_worker.get();
  c.finish();
  demand(n.packets.get() == packets, "a packet was not counted");
  demand(events.packets + without == packets, "in is not closed flows and untracked packets");
  if (without == 0) demand(events.bytes == bytes, "bytes were lost");
  demand(n.flows_opened.get() == n.flows_closed.get() + n.flows_evicted.get(), "a flow stays open");
  demand(c.flows_live() == 0, "a flow lives on");
  return 0;
}

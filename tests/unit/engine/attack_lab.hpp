// A worker's whole pipeline with its control thread, both run by the test itself, on a clock of its
// own: what an attacker's frames do to memory, to decisions and to the calls that go on beside
// them.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "engine/configuration_use.hpp"
#include "engine/control_thread.hpp"
#include "engine/pipeline.hpp"

namespace callweir::engine {

using bytes = std::vector<std::uint8_t>;

/// What an Ethernet frame with IPv4 and UDP or a TCP segment looks like; checksums are zero.
struct ends {
  std::uint32_t source, destination;
  std::uint16_t source_port, destination_port;
};
inline void put16(bytes& into, std::size_t at, std::size_t value) {
  into[at] = static_cast<std::uint8_t>(value >> 8);
  into[at + 1] = static_cast<std::uint8_t>(value);
}
inline void put32(bytes& into, std::size_t at, std::uint32_t value) {
  put16(into, at, value >> 16);
  put16(into, at + 2, value & 0xffff);
}
inline bytes ip_frame(const ends& e, std::uint8_t protocol, std::size_t header) {
  bytes out(14 + 20 + header, 0);
  out[12] = 0x08;
  out[14] = 0x45;
  put16(out, 16, 20 + header);
  out[22] = 64;
  out[23] = protocol;
  put32(out, 26, e.source);
  put32(out, 30, e.destination);
  put16(out, 34, e.source_port);
  put16(out, 36, e.destination_port);
  return out;
}
inline bytes udp_frame(const ends& e, std::span<const std::uint8_t> payload) {
  bytes out = ip_frame(e, proto_udp, 8);
  put16(out, 16, std::min<std::size_t>(28 + payload.size(), 0xffff));
  put16(out, 38, std::min<std::size_t>(8 + payload.size(), 0xffff));
  out.insert(out.end(), payload.begin(), payload.end());
  return out;
}
inline bytes tcp_frame(const ends& e, std::uint8_t flags, std::uint32_t sequence,
                       std::span<const std::uint8_t> payload = {}) {
  bytes out = ip_frame(e, proto_tcp, 20);
  put16(out, 16, 40 + payload.size());
  put32(out, 38, sequence);
  out[46] = 0x50;
  out[47] = flags;
  out.insert(out.end(), payload.begin(), payload.end());
  return out;
}

/// Resident memory of this process in bytes, hugepages not counted.
inline std::uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t all = 0, resident = 0;
  statm >> all >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}
/// False under sanitizers, whose shadow and quarantine are not the product's memory.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool resident_bytes_mean_something = false;
#else
inline constexpr bool resident_bytes_mean_something = true;
#endif

inline configuration attacked_configuration(const std::string& flows) {
  const std::string text = "engine: { workers: 1, flows: " + flows +
                           " }\nlinks:\n  - { name: uplink, inside: { kernel: a }, outside: "
                           "{ kernel: b }, inside_networks: [10.0.0.0/8] }\npolicies:\n  - { name: "
                           "softphones, match: { voip: true }, action: { degrade: { mos: 1.8 } }, "
                           "mode: observe }\n  - { name: rest, match: {}, action: allow }\n";
  auto read = read_configuration(text, "attack.yaml");
  if (!read) throw std::runtime_error(read.error().front().text());
  return *read;
}

class attack_lab {
 public:
  static constexpr std::size_t frame_bytes_max = 9'216;

  explicit attack_lab(const configuration& whole, std::array<std::uint64_t, 2> seed = {3, 4},
                      bool touch = false) {
    pipeline::options wanted;
    wanted.classify = classifier_settings(whole, 1);
    wanted.classify.seed = seed;
    wanted.classify.touch = touch;
    // Whatever it costs: a share of the core would skip more on a busy machine.
    wanted.classify.inspection_share_pct = wanted.classify.ndpi_share_pct = 0;
    line = std::make_unique<pipeline>(wanted, events, channel);
    control_options options;
    options.links = {"uplink"};
    options.tap = [this](const classify::flow_event& event) {
      if (event.type == classify::flow_event::kind::closed && is_call(event.flow)) ++calls_closed;
    };
    control =
        std::make_unique<control_thread>(options, std::vector<worker_queues>{{&events, &channel}});
    if (auto begun = control->begin({whole, "", "attack.yaml"}, now); !begun)
      throw std::runtime_error(begun.error().text());
    memory_at_start = line->classifier().memory_bytes();
    storage_.resize(burst_max * frame_bytes_max);
  }

  /// One frame, `tick` after the one before.
  void send(std::span<const std::uint8_t> frame, side from = side::outside) {
    ASSERT_LE(frame.size(), frame_bytes_max);
    std::uint8_t* const at = &storage_[waiting_ * frame_bytes_max];
    std::memcpy(at, frame.data(), frame.size());
    packet_view& view = views_[waiting_++];
    view = packet_view{};
    view.frame = at;
    view.captured = view.wire = static_cast<std::uint32_t>(frame.size());
    view.time = now;
    view.from = from;
    now = now + tick;
    ++sent;
    if (waiting_ == burst_max) flush();
  }
  void flush() {
    std::array<decision, burst_max> decisions{};
    line->process({views_.data(), waiting_}, now, {decisions.data(), waiting_});
    for (std::size_t i = 0; i < waiting_; ++i)
      withheld += decisions[i].what != outcome::forward ? 1 : 0;
    waiting_ = 0;
    if (++bursts_ % 4 == 0) line->idle(now);
    control->step(now);
  }
  /// So many seconds of the clock without an attacker's frame.
  void pause(double seconds, int calls = 0) {
    const auto until = now + from_seconds(seconds);
    while (now < until) {
      if (calls > 0) talk(calls);
      flush();
      now = now + std::chrono::milliseconds(20);
    }
  }

  /// Each of the calls says 20 ms of Opus in both directions.
  void talk(int calls) {
    for (int i = 0; i < calls; ++i) {
      const auto n = static_cast<std::uint32_t>(i);
      const ends there{0x0a01'0000u + n, 0xc633'6400u + n,
                       static_cast<std::uint16_t>(40'000 + 2 * n),
                       static_cast<std::uint16_t>(50'000 + 2 * n)};
      const ends back{there.destination, there.source, there.destination_port, there.source_port};
      send(udp_frame(there, voice(n)), side::inside);
      send(udp_frame(back, voice(n + 1'000)), side::outside);
    }
    ++said_;
  }
  /// Once every 20 ms of the clock, as a call does.
  void talk_when_due(int calls) {
    if (now < due_) return;
    due_ = now + std::chrono::milliseconds(20);
    talk(calls);
  }

  struct kept_call {
    std::uint64_t id;
    bool voip;
    bool in_call;
    friend bool operator==(const kept_call&, const kept_call&) = default;
  };
  /// The calls' flows that the table holds, by inside port.
  std::map<std::uint16_t, kept_call> calls() const {
    std::map<std::uint16_t, kept_call> out;
    for (std::uint32_t i = 0; i < line->classifier().flows_max(); ++i) {
      const auto facts = line->classifier().facts(i);
      if (!is_call(facts.flow)) continue;
      out[facts.flow.source_port] = {facts.flow.id, facts.what.voip,
                                     facts.call != classify::no_call};
    }
    return out;
  }
  /// True where the table holds a UDP or TCP flow with this port.
  bool knows_port(std::uint16_t port) const {
    for (std::uint32_t i = 0; i < line->classifier().flows_max(); ++i) {
      const auto flow = line->classifier().facts(i).flow;
      if (flow.protocol != 0 && (flow.source_port == port || flow.destination_port == port))
        return true;
    }
    return false;
  }
  void expect_harmless() {
    flush();
    EXPECT_EQ(withheld, 0U) << "an innocent frame was held or dropped";
    EXPECT_EQ(line->counters().packets.get(), sent);
    EXPECT_EQ(line->classifier().memory_bytes(), memory_at_start);
    EXPECT_LE(line->classifier().flows_live(), line->classifier().flows_max());
  }

  time_point now{1'700'000'000'000'000'000};
  nanoseconds tick = std::chrono::microseconds(1);
  std::uint64_t sent = 0, withheld = 0, calls_closed = 0;
  std::size_t memory_at_start = 0;
  event_ring events;
  worker_channel channel;
  std::unique_ptr<pipeline> line;
  std::unique_ptr<control_thread> control;

 private:
  static bool is_call(const classify::flow_identity& flow) {
    return flow.protocol == proto_udp && flow.source.is_v4() &&
           flow.source.v4_bits() >> 16 == 0x0a01;
  }
  bytes voice(std::uint32_t stream) const {
    bytes out(12 + 80, 0);
    for (std::size_t i = 12; i < out.size(); ++i)
      out[i] = static_cast<std::uint8_t>(i * 37 + said_ * 91 + stream);
    out[0] = 0x80;
    out[1] = 111;
    put16(out, 2, 1'000 + said_);
    put32(out, 4, 5'000 + said_ * 960);
    put32(out, 8, 0x1234'0000 + stream);
    return out;
  }

  bytes storage_;
  std::array<packet_view, burst_max> views_{};
  std::size_t waiting_ = 0, bursts_ = 0;
  std::uint32_t said_ = 0;
  time_point due_{};
};

}  // namespace callweir::engine

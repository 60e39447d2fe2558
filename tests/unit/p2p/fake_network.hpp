// Two endpoints, a network that loses, delays, reorders and repeats, and a clock that only the test
// moves.
#pragma once

#include <cmath>
#include <functional>
#include <map>
#include <random>
#include <vector>

#include "p2p/endpoint.hpp"

namespace callweir::p2p::testing {

/// The same bytes for the same seed.
inline random_source seeded_random(std::uint32_t seed) {
  system_random();  // initialises libsodium
  auto engine = std::make_shared<std::mt19937>(seed);
  return [engine](std::span<std::uint8_t> out) {
    for (std::uint8_t& b : out) b = static_cast<std::uint8_t>((*engine)());
  };
}

/// Two seconds that Opus takes for a voice: a buzz of harmonics whose loudness comes and goes.
inline std::vector<std::int16_t> voice_like() {
  std::vector<std::int16_t> pcm(2 * sample_rate_hz);
  for (std::size_t i = 0; i < pcm.size(); ++i) {
    const double t = static_cast<double>(i) / sample_rate_hz;
    const double pitch = 120 + 20 * std::sin(2 * 3.14159265 * 1.3 * t);
    double sum = 0;
    for (int k = 1; k < 20; ++k) sum += std::sin(2 * 3.14159265 * pitch * k * t) / k;
    const double loud = 0.55 + 0.45 * std::sin(2 * 3.14159265 * 3 * t);
    pcm[i] = static_cast<std::int16_t>(6000 * loud * sum);
  }
  return pcm;
}

class fake_network {
 public:
  /// What happens to one datagram: the delays at which copies arrive, none for loss.
  using fate = std::function<std::vector<nanoseconds>(bool to_callee, time_point now)>;

  explicit fake_network(fate what) : what_(std::move(what)) {
    caller_.call(callee_address, now_).value();
    deliver();
  }

  void run(double seconds) {
    const time_point end = now_ + from_seconds(seconds);
    while (now_ < end) {
      now_ = now_ + std::chrono::milliseconds(1);
      while (!in_flight_.empty() && in_flight_.begin()->first <= now_) {
        const flying f = std::move(in_flight_.begin()->second);
        in_flight_.erase(in_flight_.begin());
        (f.to_callee ? callee_ : caller_)
            .on_datagram(f.to_callee ? caller_address : callee_address, f.bytes, now_);
      }
      caller_.on_time(now_);
      callee_.on_time(now_);
      deliver();
    }
  }

  void change(fate what) { what_ = std::move(what); }
  endpoint& caller() { return caller_; }
  endpoint& callee() { return callee_; }
  time_point now() const { return now_; }
  void deliver() {
    take(caller_, true, caller_events);
    take(callee_, false, callee_events);
  }

  std::vector<endpoint_event> caller_events, callee_events;
  std::vector<std::vector<std::uint8_t>> wire;  // every datagram sent

  static inline const peer_address caller_address{ip_address::v4(0x0a000001), 4001};
  static inline const peer_address callee_address{ip_address::v4(0x0a000002), 4002};

 private:
  struct flying {
    bool to_callee;
    std::vector<std::uint8_t> bytes;
  };

  void take(endpoint& from, bool to_callee, std::vector<endpoint_event>& events) {
    for (auto& d : from.take_datagrams()) {
      wire.push_back(d.bytes);
      for (const nanoseconds delay : what_(to_callee, now_)) {
        in_flight_.emplace(now_ + delay, flying{to_callee, d.bytes});
      }
    }
    for (auto& e : from.take_events()) events.push_back(std::move(e));
  }

  std::vector<std::int16_t> voice_ = voice_like();
  time_point now_{1'700'000'000'000'000'000};
  fate what_;
  endpoint caller_{{network_key("test"), voice_, 0}, seeded_random(1), false};
  endpoint callee_{{network_key("test"), voice_, 0}, seeded_random(2), true};
  std::multimap<time_point, flying> in_flight_;
};

inline std::vector<nanoseconds> arrives_after(double ms) {
  return {from_seconds(ms / 1e3)};
}

/// Sums of the seconds from index `from` on.
struct heard {
  double expected = 0, received = 0, concealed = 0, residual = 0, mos = 0, rate_kbps = 0;
  second_report last;
};
inline heard hear(const std::vector<endpoint_event>& events, std::size_t from,
                  std::size_t to = 100'000) {
  heard h;
  double samples = 0;
  std::size_t index = 0, used = 0;
  for (const endpoint_event& e : events) {
    if (e.what != endpoint_event::kind::second) continue;
    const std::size_t at = index++;
    if (at < from || at >= to) continue;
    ++used;
    h.expected += static_cast<double>(e.report.packets_expected);
    h.received += static_cast<double>(e.report.packets_received);
    h.concealed += static_cast<double>(e.report.concealed_samples);
    samples += static_cast<double>(e.report.samples);
    h.residual += e.report.residual_loss;
    h.last = e.report;
  }
  if (samples > 0) h.concealed /= samples;
  if (used > 0) h.residual /= static_cast<double>(used);
  return h;
}

}  // namespace callweir::p2p::testing

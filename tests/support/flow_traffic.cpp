#include "tests/support/flow_traffic.hpp"

#include <algorithm>
#include <cmath>

namespace callweir::test {
namespace {

constexpr std::int64_t epoch_ns = 1'700'000'000'000'000'000;

time_point at_ms(double ms) {
  return {epoch_ns + static_cast<std::int64_t>(ms * 1e6)};
}

std::vector<std::uint8_t> noise(random_source& random, double size) {
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(std::clamp(size, 24.0, 1400.0)));
  for (auto& b : bytes) b = static_cast<std::uint8_t>(random());
  return bytes;
}

double normal(random_source& random, double mean, double deviation) {
  return std::normal_distribution<double>(mean, deviation)(random);
}
double uniform(random_source& random, double low, double high) {
  return std::uniform_real_distribution<double>(low, high)(random);
}

void in_order(traffic& t) {
  std::stable_sort(t.begin(), t.end(),
                   [](const auto& a, const auto& b) { return a.time < b.time; });
}

void put32(std::vector<std::uint8_t>& bytes, std::size_t at, std::uint32_t value) {
  for (int i = 0; i < 4; ++i)
    bytes[at + static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
}

}  // namespace

traffic talk(random_source& random, const talk_options& o) {
  traffic out;
  for (int w = 0; w < 2; ++w) {
    const double frame = o.frame_ms[w], start = uniform(random, 0, 300);
    const auto id = static_cast<std::uint32_t>(random());
    std::uint32_t counter = 0;
    double lost_until = -1;
    for (double ms = start; ms < o.seconds * 1000; ms += frame) {
      const double frames = ms > o.seconds * 500 ? o.redundancy : 1.0;
      const double codec = o.kbps * frame / 8 * frames * (w == 1 ? o.listener : 1);
      auto bytes = noise(random, normal(random, codec, codec * 0.2) + o.overhead_bytes);
      ++counter;
      if (o.header) {
        put32(bytes, 0, id);
        put32(bytes, 4, counter);
      }
      // A burst of 200 ms on average begins so often that the share of `loss` is gone.
      if (ms > lost_until && o.loss > 0 &&
          uniform(random, 0, 1) < o.loss / (1 - o.loss) * frame / 200) {
        lost_until = ms + uniform(random, 160, 240);
      }
      if (ms <= lost_until) continue;
      out.push_back({at_ms(ms + std::abs(normal(random, 0, o.jitter_ms))),
                     static_cast<direction>(w), std::move(bytes)});
    }
  }
  in_order(out);
  return out;
}

traffic pictures(random_source& random, double frames_per_s, double seconds, int ways) {
  traffic out;
  for (int w = 0; w < ways; ++w) {
    for (double ms = 11.0 * w + 5; ms < seconds * 1000; ms += 1000 / frames_per_s) {
      const int packets = static_cast<int>(uniform(random, 1, 6));
      const double start = ms + std::abs(normal(random, 0, 2));
      for (int i = 0; i < packets; ++i) {
        const double size = i + 1 < packets ? 1150 : uniform(random, 60, 1150);
        out.push_back({at_ms(start + i * 0.4), static_cast<direction>(w), noise(random, size)});
      }
    }
  }
  in_order(out);
  return out;
}

traffic together(traffic a, const traffic& b) {
  a.insert(a.end(), b.begin(), b.end());
  in_order(a);
  return a;
}

traffic game(random_source& random, const game_options& o) {
  traffic out;
  for (double ms = 0; ms < o.seconds * 1000; ms += o.client_ms) {
    out.push_back({at_ms(ms + std::abs(normal(random, 0, 1))), forward,
                   noise(random, normal(random, o.client_bytes, 6))});
  }
  double busy = 1;
  for (double ms = 7; ms < o.seconds * 1000; ms += o.server_ms) {
    busy = std::clamp(busy + normal(random, 0, 0.2), 0.4, 3.0);
    out.push_back({at_ms(ms + std::abs(normal(random, 0, 2))), backward,
                   noise(random, normal(random, o.server_bytes * busy, 40))});
  }
  in_order(out);
  return out;
}

traffic tunnelled_transfer(random_source& random, double seconds) {
  traffic out;
  for (double ms = 0; ms < seconds * 1000; ms += 40) {
    for (int i = 0; i < 10; ++i)
      out.push_back({at_ms(ms + i * 0.4), backward, noise(random, 1340)});
    for (int i = 0; i < 5; ++i)
      out.push_back({at_ms(ms + 1 + i * 0.8), forward, noise(random, 84)});
  }
  in_order(out);
  return out;
}

traffic tunnelled_browsing(random_source& random, double seconds) {
  traffic out;
  for (double ms = 0; ms < seconds * 1000;
       ms += std::exponential_distribution<double>(1 / 700.0)(random)) {
    out.push_back({at_ms(ms), forward, noise(random, uniform(random, 100, 700))});
    const int answers = static_cast<int>(uniform(random, 2, 30));
    for (int i = 0; i < answers; ++i) {
      out.push_back({at_ms(ms + 30 + i * uniform(random, 0.2, 6)), backward,
                     noise(random, uniform(random, 80, 1340))});
      if (i % 2 == 0) out.push_back({at_ms(ms + 31 + i * 3.0), forward, noise(random, 84)});
    }
  }
  in_order(out);
  return out;
}

traffic remote_desktop(random_source& random, double seconds) {
  traffic out;
  for (double ms = 0; ms < seconds * 1000; ms += 33.3) {
    const int packets = static_cast<int>(uniform(random, 0, 8));
    for (int i = 0; i < packets; ++i)
      out.push_back({at_ms(ms + i * 0.3), backward, noise(random, uniform(random, 200, 1250))});
    if (uniform(random, 0, 1) < 0.5)
      out.push_back(
          {at_ms(ms + uniform(random, 0, 20)), forward, noise(random, uniform(random, 40, 90))});
  }
  in_order(out);
  return out;
}

traffic openvpn_talk(random_source& random, std::uint8_t first, double seconds) {
  talk_options o;
  o.seconds = seconds;
  o.overhead_bytes = 0;
  std::uint32_t id = 4000;  // one for both directions: each of them goes up
  const bool peer_id = first >> 3 == 9;
  return framed(talk(random, o), [&](const std::vector<std::uint8_t>&) {
    std::vector<std::uint8_t> head{first};
    if (peer_id) head.insert(head.end(), {0, 0, 1});
    const std::size_t at = head.size();
    head.resize(at + 4);
    put32(head, at, id++);
    const auto tag = noise(random, 24);
    head.insert(head.end(), tag.begin(), tag.begin() + 16);
    return head;
  });
}

traffic quic_talk(random_source& random, double seconds) {
  talk_options o;
  o.seconds = seconds;
  return framed(talk(random, o), [&](const std::vector<std::uint8_t>&) {
    return std::vector<std::uint8_t>{static_cast<std::uint8_t>(0x40 | (random() & 0x3f))};
  });
}

traffic rtp_talk(random_source& random, std::uint8_t payload_type, double frame_ms,
                 std::uint32_t clock_hz, std::size_t payload_bytes, double seconds, int ways) {
  traffic out;
  for (int w = 0; w < ways; ++w) {
    const auto ssrc = static_cast<std::uint32_t>(random()),
               base = static_cast<std::uint32_t>(random());
    auto sequence = static_cast<std::uint16_t>(random());
    std::uint32_t n = 0;
    for (double ms = w * 7.0; ms < seconds * 1000; ms += frame_ms, ++n) {
      auto bytes = noise(random, static_cast<double>(12 + payload_bytes));
      bytes[0] = 0x80;
      bytes[1] = payload_type;
      bytes[2] = static_cast<std::uint8_t>(sequence >> 8);
      bytes[3] = static_cast<std::uint8_t>(sequence);
      ++sequence;
      put32(bytes, 4, base + static_cast<std::uint32_t>(n * frame_ms * clock_hz / 1000));
      put32(bytes, 8, ssrc);
      out.push_back({at_ms(ms + std::abs(normal(random, 0, 1))), static_cast<direction>(w),
                     std::move(bytes)});
    }
  }
  in_order(out);
  return out;
}

}  // namespace callweir::test

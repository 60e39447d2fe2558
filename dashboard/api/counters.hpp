// What the API counts of itself. Any thread writes, any reads.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "base/units.hpp"

namespace callweir::dashboard::routes {

struct api_counters {
  /// Upper bounds of the buckets of answering times, in seconds; one more for all the rest.
  static constexpr std::array<double, 8> bounds_s{0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 10};

  std::array<std::atomic<std::uint64_t>, 6> answers{};  // by the first digit of the status
  std::array<std::atomic<std::uint64_t>, bounds_s.size() + 1> times{};
  std::atomic<std::uint64_t> time_ns{0};
  std::atomic<std::uint64_t> audit_waiting{0};

  void answered(int status, nanoseconds took) noexcept {
    answers[static_cast<std::size_t>(status / 100 % 6)].fetch_add(1, std::memory_order_relaxed);
    std::size_t bucket = 0;
    while (bucket < bounds_s.size() && to_seconds(took) > bounds_s[bucket]) ++bucket;
    times[bucket].fetch_add(1, std::memory_order_relaxed);
    time_ns.fetch_add(static_cast<std::uint64_t>(took.count()), std::memory_order_relaxed);
  }
};

}  // namespace callweir::dashboard::routes

// Loss in bursts long enough that forward error correction and concealment do not help (160 to 240
// ms: facts on call quality, measured with libopus), rare enough that a gap never reaches a second,
// and so exact that the share lost over 20 s is near the wanted: what should be lost but was not is
// carried as a debt. Data path.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/units.hpp"

namespace callweir::shaper {

class burst_loss {
 public:
  static constexpr std::int64_t burst_min_ns = 160'000'000;
  static constexpr std::int64_t burst_max_ns = 240'000'000;
  static constexpr std::int64_t good_min_ns = 400'000'000;  // between two bursts
  static constexpr float share_max = 0.5F;

  /// Whether the packet that arrived at `now` is lost. `drives`: it counts towards the share
  /// (voice); others share the bursts' fate. One direction of one call: nearly always one worker; a
  /// race costs one packet.
  bool lost(float share, nanoseconds burst, bool drives, time_point now) noexcept;
  /// Begins anew, with no burst and no debt.
  void reset() noexcept;

 private:
  void begin_burst(std::int64_t length_ns, std::int64_t now) noexcept;

  std::atomic<std::int64_t> until_{0};     // end of the newest burst
  std::atomic<std::int64_t> driven_{0};    // last packet that counted
  std::atomic<float> debt_{0};             // packets
  std::atomic<float> interval_ns_{20e6F};  // between packets that count, smoothed
  std::atomic<std::uint32_t> bursts_{0};   // begun so far: the source of jitter
};

}  // namespace callweir::shaper

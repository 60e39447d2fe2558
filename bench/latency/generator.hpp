// What stands at the other end of a link in memory: sends stamped frames at a steady rate. One
// thread's.
#pragma once

#include "bench/latency/memory_link.hpp"
#include "bench/traffic/traffic_source.hpp"

namespace callweir::bench {

struct sent_frames {
  std::uint64_t frames = 0, refused = 0;  // refused: the link's ring was full
  double seconds = 0;
  loop_breaks seen;
  double per_s() const { return static_cast<double>(frames) / seconds; }
  sent_frames& operator+=(const sent_frames& more) noexcept {
    frames += more.frames;
    refused += more.refused;
    seconds += more.seconds;
    seen += more.seen;
    return *this;
  }
};

class generator {
 public:
  generator(traffic_source& traffic, void* pool, link_source& inside, link_source& outside,
            double hz) noexcept;

  /// At `per_s` frames a second, evenly. What a break of its own kept it from sending is left out:
  /// a wire has no such bursts.
  sent_frames send(double per_s, double seconds) noexcept;
  /// As many as the link takes.
  sent_frames flood(double seconds) noexcept;

 private:
  static constexpr std::size_t burst_most = 32;
  /// Writes, stamps and puts `n` frames; adds those without room to `refused`.
  std::uint64_t emit(std::size_t n) noexcept;

  traffic_source& traffic_;
  void* pool_;
  link_source& inside_;
  link_source& outside_;
  double hz_;
  std::uint64_t break_cycles_;
};

}  // namespace callweir::bench

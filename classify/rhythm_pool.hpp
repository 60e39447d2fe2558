// Lends flows under inspection a rhythm to be judged by: a bounded pool, smaller than that of
// inspections. When all are lent, one whose flow has gone silent changes hands. One worker's.
#pragma once

#include <cstdint>

#include "classify/inspection.hpp"
#include "classify/lazy_memory.hpp"

namespace callweir::classify {

class rhythm_pool {
 public:
  /// `touch`: make all memory present now. Throws std::bad_alloc.
  rhythm_pool(std::uint32_t count, bool touch) : pool_(count, touch), count_(count) {}

  /// The rhythm of `s`, lent now if it has none; nullptr and counted when none can be had. A packet
  /// at `now` goes with it.
  voice_rhythm* use(inspection& s, time_point now) noexcept;
  /// Takes back what `s` has, if anything.
  void take_back(inspection& s) noexcept;

  /// Packets that found none.
  std::uint64_t refused() const noexcept { return refused_; }
  std::size_t bytes() const noexcept { return pool_.bytes(); }

 private:
  struct lent {
    voice_rhythm rhythm;
    inspection* holder = nullptr;
    std::int64_t last_ns = 0;  // newest packet of the holder's
  };
  std::uint32_t from_a_silent_flow(time_point now) noexcept;

  bounded_pool<lent> pool_;
  std::uint32_t count_;
  std::uint32_t hand_ = 0;  // of the clock over the pool
  std::uint64_t refused_ = 0;
};

}  // namespace callweir::classify

// Which flows of the book are told anew, and when: at the first verdict or action, when these
// change (at most once in ten seconds a flow), and at the end. Control thread only.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <unordered_map>

#include "engine/flow_book.hpp"
#include "engine/record_outlet.hpp"

namespace callweir::engine {

class flow_teller {
 public:
  static constexpr nanoseconds again_after = std::chrono::seconds(10);
  static constexpr nanoseconds progress_after = std::chrono::seconds(60);
  static constexpr std::size_t waiting_max = 65'536;  // as the book
  static constexpr std::size_t records_a_second = 5'000;

  /// Verdict or action of a flow that the book has may be another.
  void changed(std::uint64_t flow_id);
  /// It goes on; totals are told once a minute.
  void progressed(std::uint64_t flow_id, time_point now);
  /// It ended: told once more.
  void ended(std::uint64_t flow_id);
  /// It ended and the book had let go of it before: it cannot be told any more.
  void gone(std::uint64_t flow_id);
  /// Once a second: what is due, ends first, the rest in the next second.
  void tick(const flow_book& book, time_point now, const record_outlet& out);

  /// Any thread: ends that found no room, here or in the book.
  std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

 private:
  struct told {
    time_point at{};
    bool waiting = false;
  };
  std::unordered_map<std::uint64_t, told> flows_;
  std::deque<std::uint64_t> waiting_, ended_;
  std::atomic<std::uint64_t> lost_{0};
};

}  // namespace callweir::engine

// What each link carried in the last second, and what each policy line did in the last ten: both as
// differences of counters. Control thread only.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/record.hpp"
#include "engine/control_thread.hpp"
#include "engine/record_outlet.hpp"

namespace callweir::engine {

/// Sums of one link over all workers, since the engine started.
struct link_load {
  std::array<both_ways<std::uint64_t>, 2> bytes{}, packets{};  // as second_record
  std::uint64_t dropped = 0, delayed = 0;
};
/// By index of link.
using link_loads = std::function<std::vector<link_load>()>;

class second_teller {
 public:
  explicit second_teller(link_loads loads) : loads_(std::move(loads)) {}
  /// Once a second. Durable and live.
  void tick(const control_state& state, time_point now, const record_outlet& out);

 private:
  link_loads loads_;
  std::vector<link_load> before_;
};

class policy_teller {
 public:
  static constexpr nanoseconds every = std::chrono::seconds(10);
  /// A line that did nothing is told so often, so that one sees it stand there.
  static constexpr nanoseconds idle_every = std::chrono::minutes(5);

  /// Once a second.
  void tick(control_state& state, time_point now, const record_outlet& out);
  /// What is not told yet: at the end.
  void finish(control_state& state, const record_outlet& out);

 private:
  struct line {
    std::string name, action, mode;
    shaper::line_counters before;
  };
  void tell(control_state& state, bool idle_too, const record_outlet& out);

  std::vector<line> lines_;  // as the list was when it was told last
  std::uint32_t generation_ = 0;
  time_point window_{}, idle_told_{};
};

}  // namespace callweir::engine

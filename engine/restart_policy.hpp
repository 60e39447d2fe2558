// After a crash: when to start the engine again, and with what. Pure; tested without a process.
#pragma once

#include "base/units.hpp"

namespace callweir::engine {

class restart_policy {
 public:
  enum class mode { full, without_ndpi, pass_through };
  struct plan {
    mode how;
    nanoseconds wait;  // pass_through: until the next attempt
  };
  /// A second in life counts for an engine that was ready; `lived` is zero for one that never was.
  plan after_crash(time_point now, nanoseconds lived) {
    if (lived >= forgiven_after) crashes_ = 0;
    ++crashes_;
    last_crash_ = now;
    if (crashes_ > crashes_max) {
      // One attempt after each pause; the pause doubles.
      const auto pause = pause_;
      pause_ = pause_ * 2 < pause_max ? pause_ * 2 : pause_max;
      return {mode::pass_through, pause};
    }
    if (crashes_ == 1) pause_ = pause_min;
    // The first restart is immediate; then 250 ms, 500 ms, 1 s, 2 s.
    const auto wait = crashes_ == 1
                          ? nanoseconds{0}
                          : nanoseconds{std::chrono::milliseconds(125)} * (1 << (crashes_ - 1));
    return {crashes_ >= ndpi_suspect ? mode::without_ndpi : mode::full, wait};
  }
  unsigned crashes() const { return crashes_; }
  /// The alarm of a crash stands for ten minutes.
  bool crashed_lately(time_point now) const {
    return crashes_ > 0 && now - last_crash_ < std::chrono::minutes(10);
  }

 private:
  static constexpr unsigned ndpi_suspect = 3;  // third crash in a row
  static constexpr unsigned crashes_max = 5;
  static constexpr nanoseconds forgiven_after = std::chrono::seconds(60);
  static constexpr nanoseconds pause_min = std::chrono::minutes(1);
  static constexpr nanoseconds pause_max = std::chrono::minutes(30);
  unsigned crashes_ = 0;
  time_point last_crash_{};
  nanoseconds pause_ = pause_min;
};

}  // namespace callweir::engine

// When to shed: bursts that come back full, turn after turn, say that frames arrive faster than
// they are looked at.
#pragma once

#include "base/units.hpp"
#include "engine/packet_pipeline.hpp"

namespace callweir::engine {

class load_ladder {
 public:
  /// `full`: the poll returned a whole burst. Every poll of a lane is told.
  void polled(bool full) noexcept {
    ++polls_;
    full_ += full ? 1U : 0U;
  }
  /// Judges the last 100 ms; true when the level has changed.
  bool judge(time_point now) noexcept {
    if (now - since_ < window) return false;
    const auto before = level_;
    // One lane of two may be silent, so half of the polls full is all of a one-way flood.
    if (polls_ > 0 && full_ * 10 >= polls_ * 4) {
      calm_ = 0;
      if (level_ != load_level::shed_accounting)
        level_ = static_cast<load_level>(static_cast<int>(level_) + 1);
    } else if (full_ * 10 < polls_ && ++calm_ >= calm_windows && level_ != load_level::normal) {
      calm_ = 0;
      level_ = static_cast<load_level>(static_cast<int>(level_) - 1);
    }
    since_ = now;
    polls_ = full_ = 0;
    return level_ != before;
  }
  load_level level() const noexcept { return level_; }

 private:
  static constexpr nanoseconds window = std::chrono::milliseconds(100);
  static constexpr unsigned calm_windows = 5;
  time_point since_{};
  std::uint64_t polls_ = 0, full_ = 0;
  unsigned calm_ = 0;
  load_level level_ = load_level::normal;
};

}  // namespace callweir::engine

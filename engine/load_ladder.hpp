// When to shed: a lane whose polls all come back full has not been emptied for a whole window; its
// frames arrive faster than they are looked at. A full poll alone says nothing: after a rest, or a
// moment without a processor, a backlog is read in full bursts, and then the lane is empty again.
#pragma once

#include <algorithm>
#include <array>

#include "base/units.hpp"
#include "engine/packet_pipeline.hpp"

namespace callweir::engine {

class load_ladder {
 public:
  /// `full`: the poll of this lane returned a whole burst. Every poll is told.
  void polled(std::size_t lane, bool full) noexcept {
    lane_polls& seen = lanes_[std::min(lane, lanes_max - 1)];
    ++(full ? seen.full : seen.short_of);
  }
  /// Judges the last 100 ms; true when the level has changed.
  bool judge(time_point now) noexcept {
    if (now - since_ < window) return false;
    const auto before = level_;
    const bool swamped = std::any_of(lanes_.begin(), lanes_.end(), [](const lane_polls& lane) {
      return lane.full >= polls_least && lane.short_of == 0;
    });
    if (swamped) {
      calm_ = 0;
      if (level_ != load_level::shed_accounting)
        level_ = static_cast<load_level>(static_cast<int>(level_) + 1);
    } else if (++calm_ >= calm_windows && level_ != load_level::normal) {
      calm_ = 0;
      level_ = static_cast<load_level>(static_cast<int>(level_) - 1);
    }
    since_ = now;
    lanes_ = {};
    return level_ != before;
  }
  load_level level() const noexcept { return level_; }

 private:
  static constexpr nanoseconds window = std::chrono::milliseconds(100);
  static constexpr unsigned calm_windows = 5;
  static constexpr unsigned polls_least = 8;
  static constexpr std::size_t lanes_max = 32;  // the last place stands for all beyond
  struct lane_polls {
    std::uint32_t full = 0, short_of = 0;
  };
  time_point since_{};
  std::array<lane_polls, lanes_max> lanes_{};
  unsigned calm_ = 0;
  load_level level_ = load_level::normal;
};

}  // namespace callweir::engine

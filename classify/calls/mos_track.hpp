// How the MOS of one direction went over a whole call, in bounded room: one figure a step, and
// when there is no room for another step, steps get twice as long. Control thread only.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/record.hpp"

namespace callweir::classify {

class mos_track {
 public:
  static constexpr std::int64_t step_s_least = 10;
  static constexpr std::int64_t points_max = mos_course::points_max;

  /// The window that ends with `second` (since the epoch). Of one step the newest counts; what is
  /// older than the track's beginning is left out.
  void add(std::int64_t second, double mos);
  /// Takes over what `other` knows and this one does not.
  void absorb(mos_track other);
  bool empty() const { return first_ == none; }

  /// Both directions by steps of one length.
  static mos_course course(mos_track forward, mos_track backward);

 private:
  static constexpr std::int64_t none = -1;
  static constexpr std::uint8_t unknown = 0;

  void coarsen();
  std::int64_t last() const;
  std::uint8_t at(std::int64_t step) const;
  /// Coarsens both until their steps are alike and together fit into one track.
  static void align(mos_track& a, mos_track& b);

  std::array<std::uint8_t, points_max> points_{};  // MOS by 0.02 from 1, plus 1
  std::int64_t step_s_ = step_s_least;
  std::int64_t first_ = none;  // step of points_[0], counted from the epoch
};

}  // namespace callweir::classify

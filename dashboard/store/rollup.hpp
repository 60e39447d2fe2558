// Which sums answer a question about a period. Sums are kept by 10 s, 5 min, 1 h and days of UTC;
// a period is covered by pieces of the coarsest that lie wholly in it and finer ones at its ends.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/result.hpp"
#include "dashboard/store/queries.hpp"

namespace callweir::dashboard {

/// Length of the spans, in seconds; each a multiple of the one before.
constexpr std::array<std::int64_t, 4> levels{10, 300, 3'600, 86'400};
constexpr std::size_t level_count = levels.size();

/// The multiple of `span` at or before `value`, and at or after it.
constexpr std::int64_t floor_to(std::int64_t value, std::int64_t span) {
  const auto rest = value % span;
  return rest < 0 ? value - rest - span : value - rest;
}
constexpr std::int64_t ceil_to(std::int64_t value, std::int64_t span) {
  return -floor_to(-value, span);
}

/// Rows of one level whose span begins in [from, to), in seconds since the epoch.
struct piece {
  std::size_t level = 0;
  std::int64_t from = 0, to = 0;
  friend bool operator==(const piece&, const piece&) = default;
};

/// From when on each level is still kept, in seconds since the epoch; 0 where nothing was ever
/// dropped.
using kept_since = std::array<std::int64_t, level_count>;

/// A question in whole seconds: `from` rounded down and `to` up to 10 s.
struct span_question {
  std::int64_t from = 0, to = 0;
  std::int64_t step = 0;  // 0: one sum
};
/// Errors: the period ends before it begins, or the step is not a whole multiple of 10 s.
result<span_question> span_of(const period& when, nanoseconds step);

/// Pieces in ascending order that do not overlap. Sums over them are exact wherever the levels that
/// it takes are kept; where a finer one has gone, the spans of the next coarser one that begin in
/// the period stand in.
std::vector<piece> cover(const span_question& what, const kept_since& since);

}  // namespace callweir::dashboard

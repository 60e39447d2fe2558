#include "dashboard/store/rollup.hpp"

#include <algorithm>

namespace callweir::dashboard {
namespace {

constexpr std::int64_t ns_a_second = 1'000'000'000;
constexpr std::int64_t latest_ns = 9'000'000'000'000'000'000;  // in the year 2255

/// [from, to) by spans of `level`, handing what has gone to coarser ones.
void add(std::vector<piece>& out, std::size_t level, std::int64_t from, std::int64_t to,
         const kept_since& since) {
  if (from >= to) return;
  const auto kept = std::clamp(since[level], from, to);
  if (level + 1 < level_count) add(out, level + 1, from, kept, since);
  if (kept < to) out.push_back({level, kept, to});
}

void divide(std::vector<piece>& out, std::size_t level, std::int64_t from, std::int64_t to,
            const kept_since& since) {
  if (from >= to) return;
  const auto begin = ceil_to(from, levels[level]), end = floor_to(to, levels[level]);
  if (level == 0) {
    add(out, 0, from, to, since);
  } else if (begin < end) {
    divide(out, level - 1, from, begin, since);
    add(out, level, begin, end, since);
    divide(out, level - 1, end, to, since);
  } else {
    divide(out, level - 1, from, to, since);
  }
}

}  // namespace

result<span_question> span_of(const period& when, nanoseconds step) {
  if (when.to < when.from) return fail("the period ends before it begins", "from, to");
  const auto ns = step.count();
  if (ns < 0 || ns % (levels[0] * ns_a_second) != 0)
    return fail("a step is a whole multiple of 10 s", "step");
  // Rounding must not leave the range of the numbers.
  const auto from_ns = std::clamp<std::int64_t>(when.from.ns, 0, latest_ns);
  const auto to_ns = std::clamp<std::int64_t>(when.to.ns, 0, latest_ns);
  span_question out;
  out.from = floor_to(from_ns / ns_a_second, levels[0]);
  out.to = ceil_to(ceil_to(to_ns, ns_a_second) / ns_a_second, levels[0]);
  out.step = ns / ns_a_second;
  return out;
}

std::vector<piece> cover(const span_question& what, const kept_since& since) {
  std::size_t most = level_count - 1;
  // A span must not reach over the edge of a step.
  const auto fits = [&](std::int64_t span) {
    return what.step == 0 || (what.step % span == 0 && what.from % span == 0);
  };
  while (most > 0 && !fits(levels[most])) --most;
  std::vector<piece> out;
  divide(out, most, what.from, what.to, since);
  return out;
}

}  // namespace callweir::dashboard

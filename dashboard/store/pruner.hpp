// Lets the oldest go: by age, and by size. Works in small steps inside a transaction of the
// caller's; failures are noted by the connection. The store's thread.
#pragma once

#include <cstdint>
#include <functional>

#include "base/units.hpp"
#include "dashboard/sqlite/sqlite.hpp"
#include "dashboard/store/rollup.hpp"

namespace callweir::dashboard {

/// True while there is time left in this round.
using patience = std::function<bool()>;

/// How long sums of each level are kept: 10 s two days, 5 min two weeks, the others as long as
/// `keep`, which bounds them all.
std::array<nanoseconds, level_count> keep_of_levels(nanoseconds keep);

class pruner {
 public:
  explicit pruner(sqlite::connection& db);

  const kept_since& since() const { return since_; }
  /// Reads again what the database says; after a transaction that failed.
  void reload();
  /// Drops what is older than `keep` before `now`. True: patience ended first.
  bool by_age(time_point now, nanoseconds keep, const patience& left);
  /// Drops a small number of the oldest rows, whatever they are; the audit log stays. False: there
  /// is nothing left to drop.
  bool oldest();

 private:
  struct kind {
    const char* oldest;  // its time in ns; no row when the table is empty
    const char* drop;    // rows older than ?1, at most ?2 of them
    bool by_size;
  };
  static const std::array<kind, 7> kinds;

  bool drop_rows(const char* sql, std::int64_t before);
  bool sweep(std::size_t level);
  bool raise(std::size_t level, std::int64_t since);
  std::int64_t oldest_sum(std::size_t level);

  sqlite::connection& db_;
  kept_since since_{};
};

/// The clock that `keep` goes by. One that jumps ahead by more than a day (a machine that came up
/// with a wrong date) is believed only after it has run for an hour: records are not let go for a
/// mistake. Backwards is always believed.
class cautious_clock {
 public:
  /// `newest`: the latest that the records know of, when the store was opened; 0 for an empty one.
  explicit cautious_clock(time_point newest) : believed_(newest) {}
  time_point believe(time_point now);

 private:
  time_point believed_, doubted_since_{}, doubted_last_{};
  bool doubting_ = false;
};

}  // namespace callweir::dashboard

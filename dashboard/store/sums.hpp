// The sums of a batch before they go to the database: rows of one key fall together, first at 10 s
// and then level by level, and arrive sorted as the tables are, so that a batch costs as few pages
// as it can.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/record.hpp"
#include "dashboard/store/rollup.hpp"

namespace callweir::dashboard {

/// Sums are held at this; SQLite's integers have 63 bits and adding must not leave them.
constexpr std::uint64_t sum_most = 1ULL << 61;
constexpr std::uint64_t add_bounded(std::uint64_t a, std::uint64_t b) {
  return a > sum_most - (b < sum_most ? b : sum_most) ? sum_most : a + b;
}

/// Parts that a table does not tell apart are left empty. Texts belong to the batch.
struct traffic_key {
  std::int64_t at = 0;  // seconds since the epoch
  ip_address host;
  std::string_view app, link;
  bool voip = false;
  friend auto operator<=>(const traffic_key&, const traffic_key&) = default;
};
struct traffic_sum {
  traffic_key key;
  std::uint64_t flows = 0;
  both_ways<std::uint64_t> packets{}, bytes{};
  void add(const traffic_sum& other);
};

struct load_key {
  std::int64_t at = 0;
  std::string_view link;
  friend auto operator<=>(const load_key&, const load_key&) = default;
};
struct load_sum {
  load_key key;
  std::array<both_ways<std::uint64_t>, 2> bytes{}, packets{};
  std::uint64_t dropped = 0, delayed = 0;
  std::uint32_t calls_most = 0, degraded_most = 0;
  void add(const load_sum& other);
};

struct policy_key {
  std::int64_t at = 0;
  std::uint32_t position = 0;
  std::string_view name, match, action, mode;
  friend auto operator<=>(const policy_key&, const policy_key&) = default;
};
struct policy_total_sum {
  policy_key key;
  std::uint64_t flows = 0, packets = 0, bytes = 0, dropped = 0, delayed = 0;
  std::int64_t first = 0, last = 0;  // ns: when the line was seen
  void add(const policy_total_sum& other);
};

traffic_sum sum_of(const traffic_record& record);
load_sum sum_of(const second_record& record);
policy_total_sum sum_of(const policy_record& record);

/// Sorts by key and makes one of equal ones.
void merge(std::vector<traffic_sum>& rows);
void merge(std::vector<load_sum>& rows);
void merge(std::vector<policy_total_sum>& rows);

/// All that a batch adds.
struct batch_sums {
  std::vector<traffic_sum> traffic;
  std::vector<load_sum> load;
  std::vector<policy_total_sum> policies;
};

}  // namespace callweir::dashboard

// Questions to the store, and the shapes of its answers. Plain data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/record.hpp"
#include "base/units.hpp"

namespace callweir::dashboard {

/// [from, to), in nanoseconds since the epoch.
struct period {
  time_point from, to;
};

/// Rows of a page that anybody is shown, at most.
constexpr std::size_t page_rows_max = 10'000;
/// Rows of one question, at most: one more tells whether there is another page.
constexpr std::size_t rows_max = page_rows_max + 1;

struct flow_query {
  period when;  // flows that were seen in it
  std::optional<std::string> app{}, call{}, policy{};
  std::optional<ip_address> address{};  // either end
  std::optional<bool> voip{};
  std::size_t offset = 0, most = 1'000;  // most: up to rows_max
};

struct call_query {
  period when;  // calls that touch it
  std::optional<std::string> app{}, policy{};
  std::optional<ip_address> party{};
  std::optional<bool> active{};  // not ended yet
  std::size_t offset = 0, most = 1'000;
};

struct host_query {
  period when;
  std::optional<std::string> role{};
  std::size_t offset = 0, most = 1'000;
};

struct traffic_query {
  period when;
  /// app_of_host needs `host`.
  enum class grouping { app, host, link, app_of_host, nothing } by = grouping::app;
  std::optional<ip_address> host{};
  std::optional<std::string> app{}, link{};
  /// 0: one sum; else a whole multiple of 10 s. Steps are counted from the start of the period,
  /// whose ends are rounded outwards to 10 s. Sums of 10 s are kept two days, of 5 min two weeks:
  /// in older periods a step is no shorter than what is left.
  nanoseconds step{0};
  std::size_t top = 10;
};

struct traffic_point {
  time_point at;  // start of the step
  std::uint64_t flows = 0;
  both_ways<std::uint64_t> bytes{}, packets{};  // sent and received by inside hosts
};

struct traffic_series {
  std::string key;                    // application, address or link; "" for all the rest
  bool voip = false;                  // most of its bytes; never of hosts
  traffic_point sum;                  // of the whole period
  std::vector<traffic_point> points;  // ascending, only steps with anything in them
};

struct load_query {
  period when;
  std::optional<std::string> link{};
  nanoseconds step = std::chrono::seconds(10);
};

struct load_point {
  time_point at;
  /// 0 calls, 1 everything else; [from inside, from outside].
  std::array<both_ways<std::uint64_t>, 2> bytes{}, packets{};
  std::uint64_t dropped = 0, delayed = 0;
  std::uint32_t calls_most = 0, degraded_most = 0;  // at one time, within the step
};

struct policy_total {
  policy_record sums;  // over the period; `at` is when the line was last seen
  time_point first;    // when it was first seen in the period
};

}  // namespace callweir::dashboard

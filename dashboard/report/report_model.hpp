// Everything that a report says, asked from the store in one go and bounded: what is listed is
// limited, what is not listed is counted and summed. Plain data; the writers (html, csv, json) add
// words and pictures and ask nothing.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/record.hpp"
#include "base/result.hpp"
#include "dashboard/report/calendar.hpp"
#include "dashboard/report/report.hpp"

namespace callweir::dashboard {

/// From 1970 to 2116: differences of a damaged store's times must not overflow.
time_point bounded(time_point at);

/// What a call met, the strongest of it. Authorised: an `allow` or `prioritise` line that names
/// what it matches, the built-in one for emergencies among them. Tolerated: passed by a catch-all
/// or by no line at all.
enum class treatment : std::uint8_t { authorised, tolerated, limited, degraded, blocked };
constexpr std::size_t treatment_count = 5;
const char* treatment_name(treatment what);  // "authorised", …
constexpr bool is_throttled(treatment what) {
  return what >= treatment::limited;
}

/// MOS of a group of calls, over their directions.
struct mos_spread {
  std::uint64_t calls = 0;               // with a MOS in at least one direction
  double low = 0, median = 0, high = 0;  // 10th percentile, 50th, 90th; 0 for no calls
};

/// Directions by MOS, in steps of a quarter from 1 to 5.
constexpr std::size_t mos_steps = 16;
using mos_histogram = std::array<std::uint64_t, mos_steps>;

struct call_line {
  std::string id, app, codec, media;
  std::string policy, action;  // of the strongest treatment; "" for none
  std::vector<std::string> parties, reasons;
  treatment what = treatment::tolerated;
  tristate p2p = tristate::open;
  bool relayed = false, emergency = false;
  bool ended = true;  // false: it was running when it was last heard of
  std::uint8_t confidence_pct = 0;
  time_point start, end;
  /// mos_throttled: while what `action` says was done to it; open where nothing was.
  both_ways<std::optional<double>> mos_before, mos, mos_throttled, inflicted_loss, added_delay_ms;
  std::string mos_scale;
};

struct application_calls {
  std::string app;
  std::array<std::uint64_t, treatment_count> calls{};
  double seconds = 0;  // talked, all calls together
  std::uint64_t all() const;
  std::uint64_t throttled() const;
};

/// Calls that are counted and not listed.
struct unlisted_calls {
  std::uint64_t calls = 0;
  double seconds = 0;
};

/// What throttling of one kind did. MOS after: while it was in force, of the calls that it worked
/// on for long enough.
struct outcome {
  std::uint64_t calls = 0;
  std::uint64_t brief = 0;    // over before the ramp and one window of the MOS were
  std::uint64_t judged = 0;   // long enough, and MOS and target known
  std::uint64_t unknown = 0;  // long enough, and that is not known both ways
  std::uint64_t reached = 0;  // of those, at most `tolerance` above the target both ways
  std::optional<double> target_low, target_high;  // of the lines at work
  mos_spread before, after;
  mos_histogram before_steps{}, after_steps{};
};
constexpr double target_tolerance = 0.3;  // MOS; the controller is held to the same

/// A bystander's MOS, or the median of several, that is this much lower while others are throttled
/// counts as harm.
constexpr double harm_mos = 0.2;

/// Calls of one treatment against the stretches of time in which others were throttled on the same
/// link. A call counts wherever a part of it was.
struct bystander_group {
  mos_spread before, during, after;       // within an hour of a stretch, or in it
  mos_spread quiet;                       // at all other times
  std::uint64_t both_times = 0;           // calls with a MOS in a stretch and apart from one
  std::uint64_t lowered = 0, raised = 0;  // of these: MOS in the stretch, by `harm_mos` or more
  double median_loss = 0;                 // of these: MOS apart less MOS in it, the worse way
  mos_spread own_without, own_with;       // of these
};
struct bystanders {
  bystander_group authorised, tolerated;
  std::uint64_t stretches = 0;
  double stretch_seconds = 0;
  std::uint64_t link_unknown = 0;  // calls left out because their link could not be told
  std::uint64_t emergency = 0, emergency_throttled = 0;
};

/// Traffic of one application, host or link.
struct usage {
  std::string key;  // "" for all the rest together
  bool voip = false;
  std::uint64_t flows = 0;
  both_ways<std::uint64_t> bytes{};      // sent and received by inside hosts
  std::vector<std::uint64_t> over_time;  // bytes both ways, a value a bin
  std::uint64_t sum() const { return bytes[0] + bytes[1]; }
};

/// What arrived, a value a bin.
struct load_totals {
  both_ways<std::uint64_t> bytes{}, packets{};  // from inside, from outside
  std::uint64_t call_bytes = 0, dropped = 0, delayed = 0;
  std::uint32_t calls_most = 0, degraded_most = 0;
  std::vector<std::uint64_t> bytes_by_bin, call_bytes_by_bin;
  std::vector<std::uint32_t> calls_by_bin, degraded_by_bin;
};

struct host_line {
  std::string address, roles;
  std::uint8_t confidence_pct = 0;
  std::uint32_t peers = 0, calls = 0;
  std::uint64_t bytes = 0;
  time_point first, last;
};

struct policy_line {
  policy_record sums;       // `at`: when it was last seen
  std::uint64_t calls = 0;  // that it acted on
  time_point first;         // when it was first seen in the period
  bool over = false;        // it stood no more when the list was last seen
  bool observes() const { return sums.mode == "observe"; }
};

struct gap_sum {
  std::string what;
  std::uint64_t times = 0, count = 0;
  double seconds = 0;
};
struct gap_line {
  time_point from, to;
  std::string what, reason;
  std::uint64_t count = 0;
};
struct change_line {
  time_point at;
  std::string who, verb, what;
};

struct report_model {
  std::string site, timezone;
  period when;
  time_point made;
  bool pseudonymised = false;
  std::optional<calendar> clock;  // always set
  time_bins bins;
  std::vector<std::string> notes;  // what the reader must know of the period, as sentences

  std::uint64_t calls = 0, calls_not_read = 0;
  std::array<std::uint64_t, treatment_count> treated{};
  double call_seconds = 0;
  std::vector<application_calls> apps_calling;  // most calls first
  std::vector<call_line> throttled, others;     // newest first
  unlisted_calls more_throttled, more_others;
  outcome degraded, limited;
  bystanders beside;

  load_totals load;
  std::vector<usage> apps, hosts, links;  // most bytes first, the rest ("") last
  std::uint64_t hosts_seen = 0;
  bool more_hosts = false;                 // hosts_seen is a lower bound
  std::vector<host_line> softphone_hosts;  // most calls first
  std::uint64_t softphone_hosts_unlisted = 0;
  std::vector<policy_line> policies;  // in list order
  std::vector<gap_sum> gap_sums;
  std::vector<gap_line> gaps;
  std::uint64_t gaps_unlisted = 0;
  std::vector<change_line> changes;  // of policies, bypass, accounts; newest first
  std::uint64_t changes_unlisted = 0;
};

struct model_limits {
  std::size_t calls_listed = 1'000;
  std::size_t hosts_listed = 200;
  std::size_t changes_listed = 50, gaps_listed = 100;
  std::uint64_t calls_read = 200'000;  // at most; the rest is counted only
};

/// `each_call`, where given, sees every call that is read, newest first.
result<report_model> ask_report_model(store_reader& from, const report_request& what,
                                      const model_limits& limits,
                                      const std::function<void(const call_line&)>& each_call = {});

}  // namespace callweir::dashboard

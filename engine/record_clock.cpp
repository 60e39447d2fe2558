#include "engine/record_clock.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <utility>

namespace callweir::engine {
namespace {

std::int64_t read(clockid_t id) {
  timespec t{};
  clock_gettime(id, &t);
  return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

}  // namespace

std::int64_t wall_clock_lead() {
  constexpr std::int64_t at_once_ns = 100'000'000;
  constexpr int tries = 5;  // a thread that is put aside between two looks would see a step
  std::int64_t lead = 0;
  for (int i = 0; i < tries; ++i) {
    const std::int64_t before = read(CLOCK_MONOTONIC);
    lead = read(CLOCK_REALTIME) - before;
    if (read(CLOCK_MONOTONIC) - before < at_once_ns) break;
  }
  return lead;
}

record_clock::record_clock(std::function<std::int64_t()> lead)
    : lead_(std::move(lead)), first_(lead_ ? lead_() : 0) {}

nanoseconds record_clock::tick() {
  if (!lead_) return nanoseconds(0);
  const nanoseconds now(lead_() - first_);
  if (now - shift_ < least && shift_ - now < least) return nanoseconds(0);
  // Whole seconds: those of records stay the beginnings of seconds.
  const nanoseconds before = std::exchange(shift_, std::chrono::round<std::chrono::seconds>(now));
  return shift_ - before;
}

void move_times(flow_record& record, nanoseconds by) {
  record.first = record.first + by;
  record.last = record.last + by;
}

void move_times(call_record& record, nanoseconds by) {
  record.start = record.start + by;
  record.end = record.end + by;
  for (auto& action : record.actions) {
    action.since = action.since + by;
    if (action.until) action.until = *action.until + by;
  }
  const auto seconds = std::chrono::round<std::chrono::seconds>(by).count();
  record.course.from_s = std::max<std::int64_t>(0, record.course.from_s + seconds);
}

void move_times(host_record& record, nanoseconds by) {
  record.first = record.first + by;
  record.last = record.last + by;
}

void move_times(traffic_record& record, nanoseconds by) {
  record.at = record.at + by;
}

void move_times(second_record& record, nanoseconds by) {
  record.at = record.at + by;
}

void move_times(policy_record& record, nanoseconds by) {
  record.at = record.at + by;
}

void move_times(gap_record& record, nanoseconds by) {
  record.from = record.from + by;
  record.to = record.to + by;
}

void move_times(audit_record& record, nanoseconds by) {
  record.at = record.at + by;
}

}  // namespace callweir::engine

#include "engine/record_gaps.hpp"

namespace callweir::engine {
namespace {

gap_record gap_of(const char* what, time_point from, time_point to, std::string reason) {
  gap_record gap;
  gap.from = from;
  gap.to = to;
  gap.what = what;
  gap.reason = std::move(reason);
  return gap;
}

}  // namespace

void gap_teller::begin(time_point now, const record_outlet& out) {
  const std::int64_t absent = shared_ != nullptr ? shared_->absent_since_ns.exchange(0) : 0;
  if (shared_ != nullptr) stalls_ = shared_->stalls.load();
  if (absent != 0 && absent < now.ns) {
    out.durable(
        gap_of("engine", {absent}, now, "the engine was not there: traffic passed uninspected"));
    return;
  }
  audit_record entry;
  entry.at = now;
  entry.who = "engine";
  entry.verb = "engine-start";
  entry.what = "inspection begins";
  out.durable(entry);
}

void gap_teller::watch(stretch& one, bool on, time_point now, const record_outlet& out) {
  constexpr nanoseconds told_every = std::chrono::minutes(5);  // what goes on is told in pieces
  if (on && !one.since) one.since = now;
  if (!one.since || (on && now - *one.since < told_every)) return;
  out.durable(gap_of(one.what, *one.since, now, one.reason));
  one.since = on ? std::optional(now) : std::nullopt;
}

void gap_teller::tell_stalls(time_point now, const record_outlet& out) {
  const std::uint32_t stalls = shared_->stalls.load();
  if (stalls == stalls_ || shared_->withheld.load() != 0) return;
  const std::int64_t since = shared_->withheld_since_ns.load();
  const time_point from = since != 0 && since < now.ns ? time_point{since} : now;
  out.durable(gap_of("engine", from, now,
                     "a worker was late: traffic passed uninspected until it answered"));
  stalls_ = stalls;
}

void gap_teller::tell_events(time_point now, const record_outlet& out) {
  if (!events_lost_ || now - events_at_ < events_every) return;
  const std::uint64_t lost = events_lost_();
  if (lost > events_) {
    gap_record gap = gap_of("events", events_at_.ns != 0 ? events_at_ : now, now,
                            "the control thread could not follow the workers");
    gap.count = lost - events_;
    out.durable(gap);
  }
  events_ = lost;
  events_at_ = now;
}

void gap_teller::tick(time_point now, const record_outlet& out) {
  tell_events(now, out);
  if (shared_ == nullptr) return;
  watch(overload_, (shared_->alarms.load() & alarm_overload) != 0, now, out);
  watch(bypass_, shared_->bypass.load() != 0, now, out);
  tell_stalls(now, out);
}

void gap_teller::finish(time_point now, const record_outlet& out) {
  watch(overload_, false, now, out);
  watch(bypass_, false, now, out);
}

}  // namespace callweir::engine

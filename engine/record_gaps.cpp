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
  // The supervisor writes times of the wall clock.
  const time_point known = time_point{since} - out.shift;
  const time_point from = since != 0 && known < now ? known : now;
  out.durable(gap_of("engine", from, now,
                     "a worker was late: traffic passed uninspected until it answered"));
  stalls_ = stalls;
}

void gap_teller::tell_losses(time_point now, const record_outlet& out) {
  for (auto& each : counted_) {
    const std::uint64_t lost = each.count ? each.count() : 0;
    if (lost > each.told) {
      gap_record gap = gap_of(each.what, losses_at_.ns != 0 ? losses_at_ : now, now, each.reason);
      gap.count = lost - each.told;
      out.durable(gap);
    }
    each.told = lost;
  }
  losses_at_ = now;
}

void gap_teller::tick(time_point now, const record_outlet& out) {
  if (now - losses_at_ >= losses_every) tell_losses(now, out);
  if (shared_ == nullptr) return;
  watch(overload_, (shared_->alarms.load() & alarm_overload) != 0, now, out);
  watch(bypass_, shared_->bypass.load() != 0, now, out);
  tell_stalls(now, out);
}

void gap_teller::finish(time_point now, const record_outlet& out) {
  tell_losses(now, out);
  watch(overload_, false, now, out);
  watch(bypass_, false, now, out);
}

}  // namespace callweir::engine

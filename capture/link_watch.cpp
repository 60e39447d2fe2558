#include "capture/link_watch.hpp"

namespace callweir::capture {

link_watch::link_watch(time_point now, const timing& times) : times_(times) {
  for (auto& p : ports_) p = {true, now, now + times.grace};
}

std::optional<link_watch::order> link_watch::observe(bool inside, bool outside, time_point now) {
  const bool carrier[2] = {inside, outside};
  for (int i = 0; i < 2; ++i) {
    if (ports_[i].carrier == carrier[i]) continue;
    ports_[i].carrier = carrier[i];
    ports_[i].since = now;
    if (carrier[i]) ports_[i].excused = now;  // negotiated: from here a loss is one
  }
  if (held_) {
    auto& reason = ports_[static_cast<int>(other(*held_))];
    if (!reason.carrier || now - reason.since < times_.back) return {};
    const side released = *held_;
    held_.reset();
    auto& port = ports_[static_cast<int>(released)];
    port.since = now;
    port.excused = now + times_.grace;
    return order{released, true};
  }
  for (const side s : {side::inside, side::outside}) {
    const auto& lost = ports_[static_cast<int>(s)];
    const auto& there = ports_[static_cast<int>(other(s))];
    if (lost.carrier || !there.carrier || now < lost.excused || now - lost.since < times_.loss)
      continue;
    held_ = other(s);
    return order{other(s), false};
  }
  return {};
}

}  // namespace callweir::capture

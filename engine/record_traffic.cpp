#include "engine/record_traffic.hpp"

#include <algorithm>
#include <utility>

#include "base/applications.hpp"

namespace callweir::engine {
namespace {

time_point window_of(time_point at) {
  const std::int64_t length = traffic_book::window.count();
  return {at.ns / length * length};
}

}  // namespace

std::size_t traffic_book::key_hash::operator()(const key& of) const noexcept {
  std::uint64_t h = of.host.high * 0x9e3779b97f4a7c15ULL ^ of.host.low;
  h = (h ^ h >> 32) * 0xbf58476d1ce4e5b9ULL;
  h ^= std::uint64_t{of.app} << 17 | std::uint64_t{of.link} << 1 | (of.voip ? 1 : 0);
  h = (h ^ h >> 29) * 0x94d049bb133111ebULL;
  return h ^ h >> 32;
}

traffic_book::traffic_book(std::vector<std::string> links)
    : links_(std::move(links)), rest_(std::max<std::size_t>(links_.size(), 1)) {
  sums_.reserve(keys_max);
}

void traffic_book::add(const key& where, const sums& what) {
  auto found = sums_.find(where);
  if (found == sums_.end() && sums_.size() < keys_max) found = sums_.emplace(where, sums{}).first;
  sums& into = found != sums_.end() ? found->second
                                    : rest_[std::min<std::size_t>(where.link, rest_.size() - 1)];
  into.flows += what.flows;
  for (int way = 0; way < 2; ++way) {
    into.packets[way] += what.packets[way];
    into.bytes[way] += what.bytes[way];
  }
}

void traffic_book::on_event(const classify::flow_event& event, app_id app, time_point now) {
  using kind = classify::flow_event::kind;
  const bool ended = event.type == kind::closed;
  if (!ended && event.type != kind::progress) return;
  auto known = heavy_.find(event.flow.id);
  if (!ended && known == heavy_.end()) {
    if (heavy_.size() >= heavy_max) return;  // all of it is booked at its end
    known = heavy_.emplace(event.flow.id, booked{}).first;
  }
  const booked before = known != heavy_.end() ? known->second : booked{};
  const int sent = event.flow.initiator == side::inside ? forward : backward;
  sums fresh;
  fresh.flows = ended ? 1 : 0;
  for (const int way : {0, 1}) {
    const int to = way == sent ? 0 : 1;
    fresh.packets[to] = event.totals.packets[way] - before.packets[way];
    fresh.bytes[to] = event.totals.bytes[way] - before.bytes[way];
  }
  if (ended) {
    if (known != heavy_.end()) heavy_.erase(known);
  } else {
    known->second = {event.totals.packets, event.totals.bytes, now};
  }
  const ip_address& host = sent == forward ? event.flow.source : event.flow.destination;
  if (window_.ns == 0) window_ = window_of(now);
  add({host, app, event.flow.link, event.what.voip}, fresh);
}

void traffic_book::tell(const record_outlet& out) {
  const auto record_of = [&](std::uint16_t link, const sums& what) {
    traffic_record record;
    record.at = window_;
    if (link < links_.size()) record.link = links_[link];
    record.flows = what.flows;
    record.packets = what.packets;
    record.bytes = what.bytes;
    return record;
  };
  for (const auto& [where, what] : sums_) {
    traffic_record record = record_of(where.link, what);
    record.app = application_name(where.app);
    record.host = where.host;
    record.voip = where.voip;
    out.durable(record);
  }
  for (std::size_t link = 0; link < rest_.size(); ++link) {
    if (rest_[link].flows == 0 && rest_[link].bytes == both_ways<std::uint64_t>{}) continue;
    out.durable(record_of(static_cast<std::uint16_t>(link), rest_[link]));
    rest_[link] = {};
  }
  sums_.clear();
}

void traffic_book::forget_silent(time_point now) {
  if (now - swept_ < std::chrono::minutes(10)) return;
  swept_ = now;
  std::erase_if(heavy_, [&](const auto& one) { return now - one.second.at > heavy_patience; });
}

void traffic_book::tick(time_point now, const record_outlet& out) {
  const time_point current = window_of(now);
  if (current == window_) return;
  if (window_.ns != 0) tell(out);
  window_ = current;
  forget_silent(now);
}

void traffic_book::finish(const record_outlet& out) {
  if (window_.ns != 0) tell(out);
}

}  // namespace callweir::engine

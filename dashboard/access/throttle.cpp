#include "dashboard/access/throttle.hpp"

#include <algorithm>

#include "base/ip_address.hpp"

namespace callweir::dashboard {

/// A clock that went back makes everything stale rather than locking people out.
bool throttle::stale(const entry& one, time_point now) const {
  return now < one.last || now - one.last > options_.forget;
}

nanoseconds throttle::wait(const std::string& key, time_point now) const {
  const auto found = table_.find(key);
  if (found == table_.end() || stale(found->second, now)) return nanoseconds{0};
  return std::max(nanoseconds{0}, found->second.next - now);
}

void throttle::make_room(time_point now) {
  std::erase_if(table_, [&](const auto& one) { return stale(one.second, now); });
  if (table_.size() < options_.keys_max) return;
  const auto oldest =
      std::min_element(table_.begin(), table_.end(),
                       [](const auto& a, const auto& b) { return a.second.last < b.second.last; });
  table_.erase(oldest);
}

void throttle::failed(const std::string& key, time_point now) {
  auto found = table_.find(key);
  if (found == table_.end()) {
    if (table_.size() >= options_.keys_max) make_room(now);
    found = table_.emplace(key, entry{}).first;
  }
  auto& one = found->second;
  if (stale(one, now)) one = {};
  ++one.failures;
  one.last = now;
  one.next = now;
  if (one.failures <= options_.free) return;
  constexpr unsigned doublings_max = 30;
  const unsigned doublings = std::min(one.failures - options_.free - 1, doublings_max);
  one.next = now + std::min(options_.longest, nanoseconds{options_.first.count() << doublings});
}

void throttle::undo(const std::string& key) {
  const auto found = table_.find(key);
  if (found == table_.end()) return;
  auto& one = found->second;
  if (--one.failures == 0) {
    table_.erase(found);
  } else {
    one.next = one.last;
  }
}

std::string throttle_key_of_address(const std::string& address) {
  const auto parsed = ip_address::parse(address);
  if (!parsed || parsed->is_v4()) return address;
  return ip_address{parsed->high, 0}.text() + "/64";
}

}  // namespace callweir::dashboard

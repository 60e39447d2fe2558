#include "engine/record_hosts.hpp"

#include <algorithm>

namespace callweir::engine {
namespace {

std::uint64_t looks_of(const host_record& host) {
  std::uint64_t h = host.bytes;
  for (const std::uint64_t part :
       {std::uint64_t{host.flows}, std::uint64_t{host.calls}, std::uint64_t{host.peers},
        std::uint64_t{host.confidence_pct}, std::uint64_t{host.roles.size()}}) {
    h = (h ^ part ^ h >> 31) * 0x9e3779b97f4a7c15ULL;
  }
  return h;
}

}  // namespace

void host_teller::tell(const std::vector<host_record>& hosts, std::size_t most,
                       const record_outlet& out) {
  for (std::size_t looked = 0; looked < hosts.size() && most > 0; ++looked) {
    at_ = (at_ + 1) % hosts.size();
    host_record host = hosts[at_];
    const std::uint64_t looks = looks_of(host);
    told& known = told_[host.address];
    const bool same_stay = known.same_stay(host);
    if (same_stay && known.looks == looks) continue;
    // It is by its first moment that the store tells the stays of a host apart. That the clock is
    // set, or that a flow which ends had begun earlier, must not make another of it, whose bytes
    // would be counted once more.
    known = {looks, host.first, same_stay ? known.shown : host.first + out.shift, host.bytes,
             host.flows};
    host.first = known.shown - out.shift;
    out.durable(host);
    --most;
  }
  if (told_.size() <= 2 * hosts.size() + 64) return;
  std::map<ip_address, told> there;  // hosts that the tracker let go are told anew
  for (const auto& host : hosts) {
    if (const auto known = told_.find(host.address); known != told_.end()) there.insert(*known);
  }
  told_ = std::move(there);
}

void host_teller::tick(const classify::call_tracker& tracker, time_point now,
                       const record_outlet& out) {
  if (now < next_) return;
  const auto hosts = tracker.hosts();
  next_ = now + (hosts.size() > hosts_many ? every_many : every);
  tell(hosts, records_most, out);
}

void host_teller::finish(const classify::call_tracker& tracker, const record_outlet& out) {
  const auto hosts = tracker.hosts();
  tell(hosts, std::min<std::size_t>(hosts.size(), 10 * records_most), out);
}

}  // namespace callweir::engine

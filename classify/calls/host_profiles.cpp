#include "classify/calls/host_profiles.hpp"

#include <algorithm>
#include <cmath>

namespace callweir::classify {
namespace {

constexpr std::uint8_t sure_pct = 90;
constexpr std::uint32_t supernode_peers = 64;    // a client keeps a handful, a supernode hundreds
constexpr std::uint32_t supernode_answers = 32;  // flows that strangers opened to it

std::uint64_t mix(std::uint64_t x) {  // splitmix64's finaliser
  x = (x ^ x >> 30) * 0xbf58'476d'1ce4'e5b9ULL;
  x = (x ^ x >> 27) * 0x94d0'49bb'1331'11ebULL;
  return x ^ x >> 31;
}

}  // namespace

std::size_t ip_address_hash::operator()(const ip_address& a) const noexcept {
  return static_cast<std::size_t>(mix(a.high + 0x9e37'79b9'7f4a'7c15ULL) ^ mix(a.low));
}

void peer_count::add(const ip_address& peer) {
  const std::uint64_t hash = mix(ip_address_hash{}(peer));
  if (!many_) {
    const auto key = static_cast<std::uint32_t>(hash >> 32);
    const auto end = few_.begin() + few_count_;
    if (std::find(few_.begin(), end, key) != end) return;
    if (few_count_ < few_.size()) {
      few_[few_count_++] = key;
      return;
    }
    many_ = true;
    for (const std::uint32_t old : few_) bits_.set(old % bits_.size());
  }
  bits_.set((hash >> 32) % bits_.size());
}

std::uint32_t peer_count::value() const {
  if (!many_) return few_count_;
  const double size = static_cast<double>(bits_.size());
  const double empty = std::max(1.0, size - static_cast<double>(bits_.count()));
  return static_cast<std::uint32_t>(std::lround(size * std::log(size / empty)));
}

host_profiles::profile* host_profiles::touch(const ip_address& address, time_point at) {
  if (address.is_multicast() || hosts_max_ == 0) return nullptr;
  const auto found = hosts_.find(address);
  if (found != hosts_.end()) {
    by_age_.splice(by_age_.end(), by_age_, found->second.age);
    found->second.last = std::max(found->second.last, at);
    return &found->second;
  }
  if (hosts_.size() >= hosts_max_) {
    hosts_.erase(by_age_.front());
    by_age_.pop_front();
  }
  by_age_.push_back(address);
  profile& fresh = hosts_[address];
  fresh.first = fresh.last = at;
  fresh.age = std::prev(by_age_.end());
  return &fresh;
}

void host_profiles::on_event(const flow_event& event) {
  using kind = flow_event::kind;
  if (event.type != kind::verdict && event.type != kind::closed && event.type != kind::endpoint)
    return;
  const bool ours = event.flow.initiator == side::inside;
  const ip_address& inside = ours ? event.flow.source : event.flow.destination;
  const ip_address& outside = ours ? event.flow.destination : event.flow.source;
  profile* host = touch(event.type == kind::endpoint ? event.flow.source : inside, event.at);
  if (host == nullptr) return;
  const bool overlay = event.what.role == flow_role::overlay;
  if (event.what.voip) host->voip_pct = std::max(host->voip_pct, event.what.confidence_pct);
  if (event.type == kind::endpoint) return;
  if ((event.what.voip || overlay) && !outside.is_multicast()) {
    if (host->peers == nullptr) host->peers = std::make_unique<peer_count>();
    host->peers->add(outside);
  }
  if (event.type != kind::closed) return;
  ++host->flows;
  host->bytes += event.totals.bytes[0] + event.totals.bytes[1];
  if (event.totals.first.ns != 0) host->first = std::min(host->first, event.totals.first);
  if (overlay && !ours) ++host->overlay_answered;
}

void host_profiles::count_call(const ip_address& inside, time_point at) {
  if (profile* host = touch(inside, at)) ++host->calls;
}

std::vector<host_record> host_profiles::records() const {
  std::vector<host_record> out;
  out.reserve(hosts_.size());
  for (const auto& [address, host] : hosts_) {
    host_record r;
    r.address = address;
    r.peers = host.peers != nullptr ? host.peers->value() : 0;
    r.confidence_pct = host.voip_pct;
    if (host.voip_pct >= sure_pct) r.roles.emplace_back("softphone");
    if (r.peers >= supernode_peers && host.overlay_answered >= supernode_answers)
      r.roles.emplace_back("supernode");
    r.calls = host.calls;
    r.flows = host.flows;
    r.bytes = host.bytes;
    r.first = host.first;
    r.last = host.last;
    out.push_back(std::move(r));
  }
  std::sort(out.begin(), out.end(),
            [](const host_record& a, const host_record& b) { return a.address < b.address; });
  return out;
}

}  // namespace callweir::classify

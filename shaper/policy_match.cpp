#include "shaper/policy_match.hpp"

#include <algorithm>

namespace callweir::shaper {
namespace {

ip_address last_of(const ip_prefix& p) {
  const auto host_bits = [](int n) -> std::uint64_t {  // of a half that has n network bits
    return n <= 0 ? ~0ULL : n >= 64 ? 0 : ~0ULL >> n;
  };
  return {p.address.high | host_bits(p.bits), p.address.low | host_bits(p.bits - 64)};
}

tristate asked(const std::optional<bool>& flag) {
  return !flag ? tristate::open : *flag ? tristate::yes : tristate::no;
}

bool fits(tristate wanted, bool is) noexcept {
  return wanted == tristate::open || (wanted == tristate::yes) == is;
}

}  // namespace

address_set::address_set(const std::vector<ip_prefix>& networks) {
  for (const auto& n : networks) ranges_.push_back({n.address, last_of(n)});
  std::sort(ranges_.begin(), ranges_.end(),
            [](const range& a, const range& b) { return a.first < b.first; });
  std::vector<range> merged;
  for (const auto& r : ranges_) {
    if (!merged.empty() && r.first <= merged.back().last) {
      merged.back().last = std::max(merged.back().last, r.last);
    } else {
      merged.push_back(r);
    }
  }
  ranges_ = std::move(merged);
}

bool address_set::contains(const ip_address& address) const noexcept {
  const auto after =
      std::upper_bound(ranges_.begin(), ranges_.end(), address,
                       [](const ip_address& a, const range& r) { return a < r.first; });
  return after != ranges_.begin() && address <= std::prev(after)->last;
}

compiled_match::compiled_match(const match& when, const policy_document& document,
                               const std::vector<std::string>& links)
    : voip_(asked(when.voip)),
      p2p_(asked(when.p2p)),
      call_(asked(when.call)),
      emergency_(asked(when.emergency)),
      confidence_min_(when.min_confidence_pct.value_or(0)),
      by_group_(!when.groups.empty()),
      by_link_(!when.links.empty()),
      vlans_(when.vlans),
      src_(when.src),
      dst_(when.dst) {
  std::vector<ip_prefix> networks;
  for (const auto& g : document.groups) {
    if (std::find(when.groups.begin(), when.groups.end(), g.name) == when.groups.end()) continue;
    networks.insert(networks.end(), g.networks.begin(), g.networks.end());
  }
  groups_ = address_set(networks);
  for (std::size_t i = 0; i < links.size() && i < 64; ++i) {
    const bool named =
        std::find(when.links.begin(), when.links.end(), links[i]) != when.links.end();
    if (named) links_ |= 1ULL << i;
  }
  for (const app_id app : when.apps) {
    if (apps_.size() <= app / 64U) apps_.resize(app / 64U + 1);
    apps_[app / 64U] |= 1ULL << (app % 64U);
  }
  for (const flow_role role : when.roles) roles_ = static_cast<role_mask>(roles_ | bit_of(role));
  // Both kinds named: what was not told apart is one of them.
  constexpr role_mask both = bit_of(flow_role::voice) | bit_of(flow_role::video);
  if ((roles_ & both) == both) roles_ = static_cast<role_mask>(roles_ | bit_of(flow_role::media));
  if (when.schedule) {
    for (std::size_t i = 0; i < document.schedules.size(); ++i) {
      if (document.schedules[i].name == *when.schedule) schedule_ = static_cast<int>(i);
    }
  }
}

bool compiled_match::matches(const flow_attributes& flow) const noexcept {
  if (flow.what.confidence_pct < confidence_min_) return false;
  if (!fits(voip_, flow.what.voip) || !fits(call_, flow.in_call) ||
      !fits(emergency_, flow.emergency)) {
    return false;
  }
  if (p2p_ != tristate::open && p2p_ != flow.what.p2p) return false;
  if (!apps_.empty()) {
    const auto app = flow.what.app;
    if (app / 64U >= apps_.size() || (apps_[app / 64U] >> (app % 64U) & 1) == 0) return false;
  }
  if (by_link_ && (flow.link >= 64 || (links_ >> flow.link & 1) == 0)) return false;
  if (!vlans_.empty()) {
    bool found = false;
    for (std::uint8_t i = 0; i < flow.vlan_count && i < 2; ++i) {
      found = found || std::find(vlans_.begin(), vlans_.end(), flow.vlan[i]) != vlans_.end();
    }
    if (!found) return false;
  }
  return matches_addresses(flow);
}

bool compiled_match::matches_addresses(const flow_attributes& flow) const noexcept {
  const auto& inside = flow.initiator == side::inside ? flow.source : flow.destination;
  return (!by_group_ || groups_.contains(inside)) && (src_.empty() || src_.contains(flow.source)) &&
         (dst_.empty() || dst_.contains(flow.destination));
}

role_mask compiled_match::acts_on(flow_role flow) const noexcept {
  if (roles_ == 0 || (roles_ & bit_of(flow)) != 0) return every_role;
  return flow == flow_role::media ? static_cast<role_mask>(roles_ & media_roles) : role_mask{0};
}

}  // namespace callweir::shaper

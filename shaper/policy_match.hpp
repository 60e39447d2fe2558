// The conditions of a line in the form that a worker evaluates: sets and masks, no text.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ip_address.hpp"
#include "shaper/policy.hpp"
#include "shaper/policy_set.hpp"

namespace callweir::shaper {

/// Packet roles as bits, by flow_role.
using role_mask = std::uint16_t;
constexpr role_mask bit_of(flow_role role) {
  return static_cast<role_mask>(1U << static_cast<unsigned>(role));
}
constexpr role_mask every_role = (1U << flow_role_count) - 1;
constexpr role_mask media_roles =
    bit_of(flow_role::voice) | bit_of(flow_role::video) | bit_of(flow_role::media);

/// Addresses in ranges that do not overlap, found by binary search.
class address_set {
 public:
  address_set() = default;
  explicit address_set(const std::vector<ip_prefix>& networks);
  bool contains(const ip_address& address) const noexcept;
  bool empty() const noexcept { return ranges_.empty(); }

 private:
  struct range {
    ip_address first, last;
  };
  std::vector<range> ranges_;
};

class compiled_match {
 public:
  compiled_match() = default;
  /// References were checked by the reader; unknown names match nothing.
  compiled_match(const match& when, const policy_document& document,
                 const std::vector<std::string>& links);

  /// Everything but the schedule and the role.
  bool matches(const flow_attributes& flow) const noexcept;
  /// The packet roles of a flow with this role that the line acts on; 0 when it does not match. A
  /// line that names voice or video acts on those packets of a `media` flow, which bundles several.
  role_mask acts_on(flow_role flow) const noexcept;
  int schedule() const noexcept { return schedule_; }  // index, -1 for always
  bool emergency_only() const noexcept { return emergency_ == tristate::yes; }

 private:
  bool matches_addresses(const flow_attributes& flow) const noexcept;

  // `open` is not asked for.
  tristate voip_ = tristate::open, p2p_ = tristate::open, call_ = tristate::open;
  tristate emergency_ = tristate::open;
  std::uint8_t confidence_min_ = 0;
  bool by_group_ = false, by_link_ = false;
  role_mask roles_ = 0;  // 0: any
  int schedule_ = -1;
  std::uint64_t links_ = 0;
  std::vector<std::uint16_t> vlans_;
  std::vector<std::uint64_t> apps_;  // bit set, empty: any
  address_set groups_, src_, dst_;
};

}  // namespace callweir::shaper

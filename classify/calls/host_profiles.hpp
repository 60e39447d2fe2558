// What inside addresses do over time: softphone, supernode, how many peers. Bounded; the address
// not seen for longest goes first. Control thread only.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <list>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/record.hpp"
#include "classify/flow_event.hpp"

namespace callweir::classify {

struct ip_address_hash {
  std::size_t operator()(const ip_address& a) const noexcept;
};

/// Distinct addresses: exact up to 16, then linear counting over 1,024 bits (Whang et al. 1990; 1 %
/// at 100, about 5 % at 2,000, stops growing at about 7,000).
class peer_count {
 public:
  void add(const ip_address& peer);
  std::uint32_t value() const;

 private:
  std::array<std::uint32_t, 16> few_{};
  std::uint8_t few_count_ = 0;
  bool many_ = false;
  std::bitset<1024> bits_;
};

class host_profiles {
 public:
  explicit host_profiles(std::uint32_t hosts_max) : hosts_max_(hosts_max) {}

  void on_event(const flow_event& event);
  /// A call of this inside address began.
  void count_call(const ip_address& inside, time_point at);
  std::vector<host_record> records() const;

 private:
  struct profile {
    time_point first, last;
    std::uint64_t bytes = 0;  // of flows that ended
    std::uint32_t flows = 0, calls = 0;
    std::uint32_t overlay_answered = 0;  // overlay flows that others opened to it
    std::uint8_t voip_pct = 0;           // best confidence of its voip flows
    std::unique_ptr<peer_count> peers;   // only once it has voip or overlay flows
    std::list<ip_address>::iterator age;
  };
  profile* touch(const ip_address& address, time_point at);

  std::uint32_t hosts_max_;
  std::unordered_map<ip_address, profile, ip_address_hash> hosts_;
  std::list<ip_address> by_age_;  // oldest first
};

}  // namespace callweir::classify

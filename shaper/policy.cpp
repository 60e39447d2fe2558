#include "shaper/policy.hpp"

#include <algorithm>

namespace callweir::shaper {

bool match::empty() const {
  return groups.empty() && src.empty() && dst.empty() && links.empty() && vlans.empty() &&
         apps.empty() && roles.empty() && !voip && !p2p && !call && !emergency && !schedule;
}

const char* action_name(action_kind kind) {
  switch (kind) {
    case action_kind::allow:
      return "allow";
    case action_kind::prioritise:
      return "prioritise";
    case action_kind::limit:
      return "limit";
    case action_kind::degrade:
      return "degrade";
    case action_kind::block:
      return "block";
  }
  return "allow";
}

const char* limit_per_name(limit_per per) {
  switch (per) {
    case limit_per::call:
      return "call";
    case limit_per::flow:
      return "flow";
    case limit_per::host:
      return "host";
    case limit_per::group:
      return "group";
    case limit_per::policy:
      return "policy";
  }
  return "call";
}

std::uint32_t default_burst_bytes(bit_rate rate) {
  constexpr std::uint64_t two_mtu = 2 * 1500;
  constexpr std::uint64_t twenty_ms = 50;  // of a second
  constexpr std::uint64_t most = 1'000'000'000;
  return static_cast<std::uint32_t>(std::clamp(rate.bps / 8 / twenty_ms, two_mtu, most));
}

}  // namespace callweir::shaper

// The policy language as data: what the configuration's `groups`, `schedules`, `emergency` and
// `policies` say, before it is compiled. Read and checked by policy_reader.
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ip_address.hpp"
#include "base/units.hpp"
#include "base/verdict.hpp"

namespace callweir::shaper {

struct group {
  std::string name;
  std::vector<ip_prefix> networks;
  friend bool operator==(const group&, const group&) = default;
};

/// Bounds of the language. Names are letters, digits, '_', '-' and '.', 64 at most.
constexpr std::size_t groups_max = 1'024;
constexpr std::size_t group_networks_max = 65'536;
constexpr std::size_t schedules_max = 64;
constexpr std::size_t lines_max = 1'024;
constexpr std::size_t match_values_max = 1'024;
constexpr std::size_t name_bytes_max = 64;
constexpr std::size_t emergency_max = 1'024;

/// Weekly times in the site's time zone: one bit a minute from Monday 00:00.
struct schedule {
  std::string name;
  std::string text;  // as written: "Mon-Fri 08:00-18:00"
  std::bitset<7 * 24 * 60> minutes;
  friend bool operator==(const schedule&, const schedule&) = default;
};

struct emergency_peers {
  std::vector<std::string> numbers = {"112", "911"};
  std::vector<ip_address> peers;
  friend bool operator==(const emergency_peers&, const emergency_peers&) = default;
};

/// Conditions of a line: all that are set must hold. Empty lists are unset.
struct match {
  std::vector<std::string> groups;
  std::vector<ip_prefix> src, dst;  // initiator's and responder's address
  std::vector<std::string> links;
  std::vector<std::uint16_t> vlans;
  std::vector<app_id> apps;
  std::vector<flow_role> roles;
  std::optional<bool> voip, p2p, call, emergency;
  std::optional<std::string> schedule;
  std::optional<std::uint8_t> min_confidence_pct;  // 90 wherever voip, app, role or p2p is matched
  /// True for the catch-all `{}`: `min_confidence` alone narrows nothing.
  bool empty() const;
  friend bool operator==(const match&, const match&) = default;
};

enum class action_kind : std::uint8_t { allow, prioritise, limit, degrade, block };
const char* action_name(action_kind kind);
enum class limit_per : std::uint8_t { call, flow, host, group, policy };

struct action {
  action_kind kind = action_kind::allow;
  bit_rate rate;                    // limit
  std::uint32_t burst_bytes = 0;    // limit; 0: the larger of 2 MTU and 20 ms at the rate
  limit_per per = limit_per::call;  // limit
  double mos = 0;                   // degrade: target, 1.0 to 4.5
  nanoseconds ramp = std::chrono::seconds(10);  // degrade: time until the target is reached
  friend bool operator==(const action&, const action&) = default;
};

const char* limit_per_name(limit_per per);
/// Bytes a bucket of this rate holds when nothing is written: the larger of 2 MTU and 20 ms at the
/// rate.
std::uint32_t default_burst_bytes(bit_rate rate);

struct policy_line {
  std::string name;
  match when;
  action then;
  bool enforce = true;  // false: observe
  std::string where;    // file:line:column, for messages; not compared
  friend bool operator==(const policy_line& a, const policy_line& b) {
    return a.name == b.name && a.when == b.when && a.then == b.then && a.enforce == b.enforce;
  }
};

struct policy_document {
  std::string timezone = "UTC";
  std::vector<group> groups;
  std::vector<schedule> schedules;
  emergency_peers emergency;
  std::vector<policy_line> lines;
  friend bool operator==(const policy_document&, const policy_document&) = default;
};

}  // namespace callweir::shaper

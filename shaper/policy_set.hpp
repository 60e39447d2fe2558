// Policies compiled to a flat form, with their buckets and degrade units. Built beside the running
// one and swapped by pointer at a quiescent point; shared by all workers and the control thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/packet_view.hpp"
#include "base/result.hpp"
#include "shaper/policy.hpp"

namespace callweir::shaper {

/// Attributes a flow is matched by. For a flow in a call, `what` already holds the call's app, p2p
/// and the higher confidence.
struct flow_attributes {
  ip_address source, destination;  // initiator, responder
  side initiator = side::inside;
  std::uint16_t link = 0;
  std::uint8_t vlan_count = 0;
  std::uint16_t vlan[2] = {0, 0};
  verdict what;
  bool in_call = false;
  bool emergency = false;
  std::uint32_t call = 0xffff'ffff;  // call slot
  std::uint64_t flow_id = 0;
  side call_initiator = side::inside;  // of the call's first media flow
  std::uint64_t call_key = 0;  // unique for the life of the process, unlike the slot; 0 none
};

/// Opaque to all but the shaper; 0 is the built-in `allow`.
using action_handle = std::uint32_t;
/// False for handles that let everything pass uncounted (an `allow` line): no need to call apply().
constexpr bool acts(action_handle handle) {
  return handle != 0 && (handle >> 31) == 0;
}

enum class fate_kind : std::uint8_t { pass, hold, drop };
/// Why a packet did not leave at once or at all; one table gives name and sentence.
enum class fate_reason : std::uint8_t {
  none,
  limit,
  block,
  degrade_burst,
  degrade_rate,
  degrade_delay,
  delay_line_full
};
constexpr int fate_reason_count = 7;
const char* fate_reason_name(fate_reason reason);
/// A sentence for the documentation and `status`.
const char* fate_reason_text(fate_reason reason);

struct fate {
  fate_kind kind = fate_kind::pass;
  fate_reason reason = fate_reason::none;
  bool first_in_line = false;  // prioritise
  time_point release{};        // hold: not before
  bool stale = false;  // the handle is of another set or was idle for long: bind the flow anew
};

/// One direction of what is done to a degraded call; the direction is that of the call's first
/// media flow. Written by the control thread, read by workers.
struct impairment {
  double loss = 0;       // fraction of media packets, 0 to 0.5
  nanoseconds burst{0};  // length of a loss burst, 160 to 240 ms
  nanoseconds delay{0};  // fixed extra delay, 0 to 600 ms
  bit_rate cap;          // 0: none
};

/// What has been inflicted since the unit began, one direction. Written by workers, read by the
/// control thread.
struct inflicted {
  std::uint64_t packets = 0, dropped = 0, delayed = 0;
  std::int64_t delay_ns_sum = 0;
};

struct line_counters {
  std::uint64_t flows = 0, packets = 0, bytes = 0, dropped = 0,
                delayed = 0;  // observe: what would have been
};

/// What bounded tables could not take; the packets concerned pass untouched.
struct shaper_overloads {
  std::uint64_t bindings = 0;  // flows that no action handle was left for
  std::uint64_t buckets = 0;   // packets or flows that no bucket was left for
};

class policy_set {
 public:
  /// `links`: names by index. `previous` may be null: buckets, degrade units and counters of lines
  /// that stay (same name and same action) are carried over.
  static result<std::shared_ptr<policy_set>> compile(const policy_document& document,
                                                     const std::vector<std::string>& links,
                                                     std::uint32_t calls_max,
                                                     const policy_set* previous);
  ~policy_set();
  policy_set(const policy_set&) = delete;
  policy_set& operator=(const policy_set&) = delete;

  // Worker's side; no allocation, no lock.
  /// Walks the lines in order, counts a hit of each that matches, first enforced match decides.
  /// `before` is the handle that the flow had: lines that it stands for are not counted again.
  action_handle bind(const flow_attributes& flow, time_point now,
                     action_handle before = 0) noexcept;
  /// Starts loading what apply() is about to read; any handle that acts().
  void prefetch(action_handle action) const noexcept;
  /// What happens to this packet. `role`: of the packet inside its flow (see
  /// classify::packet_flow).
  fate apply(action_handle action, const packet_view& packet, direction way, flow_role role,
             time_point now) noexcept;

  // Control thread's side.
  /// Minute changed or schedules flipped: true when flows must be bound anew.
  bool update_schedules(time_point now);
  const policy_document& document() const;
  int line_of(action_handle action) const;  // index into document().lines, -1: the built-in allow
  action_kind kind_of(action_handle action) const;
  /// The degrade line in force for a call slot, nullptr when none is.
  const policy_line* degrading(std::uint32_t call) const;
  void set_impairment(std::uint32_t call, direction way, const impairment& what);
  inflicted taken(std::uint32_t call, direction way) const;
  void forget_call(std::uint32_t call);
  line_counters counters(std::size_t line) const;
  shaper_overloads overloads() const;
  /// Taken at compile(), most of it shared with the set before. For `check --dump`.
  static std::size_t memory_bytes(std::uint32_t calls_max);
  /// What a set has of its own beside the one before, without its document.
  static std::size_t own_memory_bytes(std::uint32_t calls_max);

 private:
  policy_set();
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace callweir::shaper

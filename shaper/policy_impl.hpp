// Inside of a policy set. Private to shaper/policy_*.cpp.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <vector>

#include "base/keyed_hash.hpp"
#include "shaper/binding_table.hpp"
#include "shaper/bucket_table.hpp"
#include "shaper/degrade_units.hpp"
#include "shaper/policy_match.hpp"
#include "shaper/policy_set.hpp"
#include "shaper/site_time.hpp"

namespace callweir::shaper {

/// Counters of a line, in shards so that workers do not fight for a cache line.
class line_probe {
 public:
  void add_flow() noexcept { mine().flows.fetch_add(1, std::memory_order_relaxed); }
  void add_packet(std::uint32_t bytes, fate_kind what) noexcept {
    shard& s = mine();
    s.packets.fetch_add(1, std::memory_order_relaxed);
    s.bytes.fetch_add(bytes, std::memory_order_relaxed);
    if (what == fate_kind::drop) s.dropped.fetch_add(1, std::memory_order_relaxed);
    if (what == fate_kind::hold) s.delayed.fetch_add(1, std::memory_order_relaxed);
  }
  line_counters total() const noexcept;

 private:
  static constexpr std::size_t shard_count = 16;
  struct alignas(64) shard {
    std::atomic<std::uint64_t> flows{0}, packets{0}, bytes{0}, dropped{0}, delayed{0};
  };
  shard& mine() noexcept;
  std::array<shard, shard_count> shards_;
};

struct compiled_line {
  compiled_match when;
  action_kind kind = action_kind::allow;
  limit_per per = limit_per::call;
  bool enforce = true;
  bool carried = false;  // the set before had it: its flows are counted already
  bucket_rate rate;
  std::uint64_t identity = 0;  // of name and action: what buckets are keyed by
  std::shared_ptr<line_probe> probe;
};

struct policy_set::impl {
  policy_document document;
  std::vector<compiled_line> lines;
  std::vector<address_set> groups;  // for `per: group`
  address_set emergency_peers;      // what reaches or comes from them is an emergency
  keyed_hash hash;
  std::shared_ptr<bucket_table> buckets;
  std::shared_ptr<degrade_units> units;
  std::unique_ptr<binding_table> bindings;
  std::unique_ptr<std::atomic<std::int16_t>[]> in_force;  // degrade line by call slot, -1 none
  std::unique_ptr<site_time> clock;
  std::array<std::atomic<bool>, schedules_max> schedule_on{};
  std::atomic<std::int64_t> updated_ns{0};  // last update_schedules(), 0 never

  bool on(const compiled_line& line) const noexcept {
    const int schedule = line.when.schedule();
    return schedule < 0 ||
           schedule_on[static_cast<std::size_t>(schedule)].load(std::memory_order_relaxed);
  }
  std::uint64_t bucket_key(const compiled_line& line, const flow_attributes& flow) const noexcept;
  stage make_stage(std::size_t line, const flow_attributes& flow, role_mask roles,
                   time_point now) noexcept;
  std::int16_t degrades(const binding& what, flow_role role) const noexcept;
  void note_degrade(const binding& what, const flow_attributes& flow) noexcept;
  fate act(action_handle handle, std::size_t index, const stage& s, const packet_view& packet,
           flow_role role, time_point now) noexcept;
  action_handle plain_handle(int line) const noexcept;
};

}  // namespace callweir::shaper

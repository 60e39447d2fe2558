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

/// Counters of a line. Each of the first threads that count has a shard of its own and writes it
/// without a lock prefix, which would cost some twenty cycles a counter; all others share the last.
class line_probe {
 public:
  void add_flow() noexcept {
    const std::size_t mine = place();
    add(mine, shards_[mine].flows, 1);
  }
  void add_packet(std::uint32_t bytes, fate_kind what) noexcept {
    const std::size_t mine = place();
    shard& s = shards_[mine];
    add(mine, s.packets, 1);
    add(mine, s.bytes, bytes);
    if (what == fate_kind::drop) add(mine, s.dropped, 1);
    if (what == fate_kind::hold) add(mine, s.delayed, 1);
  }
  line_counters total() const noexcept;

 private:
  using count = std::atomic<std::uint64_t>;
  static constexpr std::size_t shard_count = 16, shared = shard_count - 1;
  struct alignas(64) shard {
    count flows{0}, packets{0}, bytes{0}, dropped{0}, delayed{0};
  };
  static void add(std::size_t mine, count& to, std::uint64_t n) noexcept {
    if (mine == shared) [[unlikely]] {
      to.fetch_add(n, std::memory_order_relaxed);
    } else {
      to.store(to.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }
  }
  static std::size_t place() noexcept {
    if (place_of_thread == shard_count) [[unlikely]]
      place_of_thread = next_place();
    return place_of_thread;
  }
  static std::size_t next_place() noexcept;

  static inline thread_local constinit std::size_t place_of_thread = shard_count;
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

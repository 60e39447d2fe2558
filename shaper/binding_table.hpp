// What an action handle stands for: the lines that act on a flow, each with the packet roles that
// it acts on and the bucket or call that it charges. Bounded, one allocation, shared by workers
// without a lock; flows whose lines charge the same share an entry. An entry that nobody used for
// ten minutes may be taken over, and its old handles are stale then.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "base/units.hpp"
#include "shaper/large_array.hpp"
#include "shaper/policy_match.hpp"

namespace callweir::shaper {

/// One line at work on a flow.
struct stage {
  std::uint64_t key = 0;             // limit: of the bucket
  std::uint32_t unit = 0xffff'ffff;  // limit: bucket index; degrade: call slot
  std::uint16_t line = 0;
  role_mask roles = 0;
  bool observe = false;
};

constexpr std::size_t stages_max = 6;

struct binding {
  std::array<stage, stages_max> stages;
  std::uint8_t count = 0;
  std::uint32_t drain_call = 0xffff'ffff;  // media of this call leaves the delay line in order
};

class binding_table {
 public:
  /// `first_generation` differs between a set and its successor, so that old handles are seen to be
  /// old.
  binding_table(std::uint32_t capacity, std::uint32_t first_generation);

  /// A handle below 2^31 and not 0; 0, and counted, when the table is full.
  std::uint32_t intern(const binding& what, time_point now) noexcept;
  /// False when the handle is stale.
  bool peek(std::uint32_t handle, binding& out) const noexcept;
  /// The same, and marks the entry as used.
  bool read(std::uint32_t handle, time_point now, binding& out) noexcept;
  /// A bucket was found anew.
  void set_unit(std::uint32_t handle, std::size_t stage, std::uint32_t unit) noexcept;
  /// Starts loading what read() will, where no more than two lines act on the flow.
  void prefetch(std::uint32_t handle) const noexcept {
    __builtin_prefetch(&entries_[((handle & index_mask) - 1) & mask_]);
  }
  std::uint64_t refused() const noexcept { return refused_.load(std::memory_order_relaxed); }
  std::uint32_t first_generation() const noexcept { return first_generation_; }
  static std::size_t memory_bytes(std::uint32_t capacity) noexcept;

 private:
  // A handle is generation and index, 31 bits in all; the index is never 0 with generation 0.
  static constexpr std::uint32_t index_bits = 19;
  static constexpr std::uint32_t capacity_max = 1U << index_bits;
  static constexpr std::uint32_t index_mask = capacity_max - 1;
  static constexpr std::uint32_t generation_mask = (1U << (31 - index_bits)) - 1;
  // All words are atomic: a stale reader may meet the worker that takes the entry over. It reads
  // nonsense then, never out of bounds, and the generation, read before and after, tells.
  struct alignas(64) entry {
    std::atomic<std::uint64_t> key{0};  // 0 free, 1 being written
    std::atomic<std::uint32_t> used_s{0};
    std::atomic<std::uint32_t> generation{0};
    std::atomic<std::uint32_t> count{0};
    std::atomic<std::uint32_t> drain_call{0xffff'ffff};
    struct stage_words {
      std::atomic<std::uint64_t> key{0};
      std::atomic<std::uint64_t> word{0};  // unit, line, roles, observe
    };
    std::array<stage_words, stages_max> stages{};  // two in the first cache line
  };
  static_assert(sizeof(entry) == 128);
  static std::uint64_t content_key(const binding& what) noexcept;
  void write(entry& e, const binding& what, std::uint64_t key, std::uint32_t now_s) noexcept;
  static std::uint32_t handle_of(std::uint32_t index, std::uint32_t generation) noexcept;

  std::uint32_t mask_;
  std::uint32_t first_generation_;
  large_array<entry> entries_;
  std::atomic<std::uint64_t> refused_{0};
};

}  // namespace callweir::shaper

#include "shaper/binding_table.hpp"

#include <algorithm>
#include <bit>

namespace callweir::shaper {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;
constexpr std::uint64_t being_written = 1;
constexpr std::uint32_t window = 16;
constexpr std::int32_t idle_s = 600;

std::uint32_t rounded(std::uint32_t capacity, std::uint32_t most) noexcept {
  return std::bit_ceil(std::clamp<std::uint32_t>(capacity, 1'024, most));
}

std::uint32_t seconds(time_point now) noexcept {
  return static_cast<std::uint32_t>(now.ns / 1'000'000'000);
}

/// unit 32 bits, line 16, roles 15, observe 1.
std::uint64_t word_of(const stage& s) noexcept {
  return std::uint64_t{s.unit} << 32 | std::uint64_t{s.line} << 16 |
         std::uint64_t{static_cast<std::uint16_t>(s.roles << 1)} | (s.observe ? 1U : 0U);
}

}  // namespace

binding_table::binding_table(std::uint32_t capacity, std::uint32_t first_generation)
    : mask_(rounded(capacity, capacity_max) - 1),
      first_generation_(first_generation & generation_mask),
      entries_(std::size_t{mask_} + 1) {
  for (std::uint32_t i = 0; i <= mask_; ++i)
    entries_[i].generation.store(first_generation_, relaxed);
}

std::size_t binding_table::memory_bytes(std::uint32_t capacity) noexcept {
  return large_array<entry>::bytes(rounded(capacity, capacity_max));
}

std::uint64_t binding_table::content_key(const binding& what) noexcept {
  std::uint64_t h = what.drain_call;
  const auto mix = [&h](std::uint64_t v) {
    h = (h ^ v) * 0x9e37'79b9'7f4a'7c15ULL;
    h ^= h >> 29;
  };
  for (std::size_t i = 0; i < what.count; ++i) {
    mix(what.stages[i].key);
    mix(word_of(what.stages[i]));
  }
  mix(what.count);
  return h > being_written ? h : h + 2;
}

void binding_table::write(entry& e, const binding& what, std::uint64_t key,
                          std::uint32_t now_s) noexcept {
  // Released, so that whoever reads one of them sees the entry's new generation, too.
  constexpr auto release = std::memory_order_release;
  e.used_s.store(now_s, relaxed);
  e.count.store(what.count, release);
  e.drain_call.store(what.drain_call, release);
  for (std::size_t i = 0; i < what.count; ++i) {
    e.stages[i].key.store(what.stages[i].key, release);
    e.stages[i].word.store(word_of(what.stages[i]), release);
  }
  e.key.store(key, std::memory_order_release);
}

std::uint32_t binding_table::handle_of(std::uint32_t index, std::uint32_t generation) noexcept {
  // Index plus one, so that no handle is 0; the table's last index is kept free for that.
  return generation << index_bits | (index + 1);
}

std::uint32_t binding_table::intern(const binding& what, time_point now) noexcept {
  const std::uint64_t key = content_key(what);
  const std::uint32_t now_s = seconds(now);
  std::uint32_t oldest = capacity_max;
  std::int32_t oldest_age = idle_s;
  for (std::uint32_t i = 0; i < window; ++i) {
    const auto index = (static_cast<std::uint32_t>(key >> 20) + i) & mask_;
    if (index == capacity_max - 1) continue;
    entry& e = entries_[index];
    // Before the key: an entry that is taken over in between gives a handle that is stale at once.
    const std::uint32_t generation = e.generation.load(std::memory_order_acquire);
    std::uint64_t found = e.key.load(std::memory_order_acquire);
    if (found == 0 &&
        e.key.compare_exchange_strong(found, being_written, std::memory_order_acq_rel)) {
      write(e, what, key, now_s);
      return handle_of(index, generation);
    }
    if (found == key) {
      e.used_s.store(now_s, relaxed);
      return handle_of(index, generation);
    }
    const auto age = static_cast<std::int32_t>(now_s - e.used_s.load(relaxed));
    if (found != being_written && age > oldest_age) {
      oldest = index;
      oldest_age = age;
    }
  }
  if (oldest != capacity_max) {
    entry& e = entries_[oldest];
    std::uint64_t found = e.key.load(relaxed);
    if (found != being_written &&
        e.key.compare_exchange_strong(found, being_written, std::memory_order_acq_rel)) {
      const std::uint32_t generation = (e.generation.load(relaxed) + 1) & generation_mask;
      e.generation.store(generation, std::memory_order_release);
      write(e, what, key, now_s);
      return handle_of(oldest, generation);
    }
  }
  refused_.fetch_add(1, relaxed);
  return 0;
}

bool binding_table::peek(std::uint32_t handle, binding& out) const noexcept {
  constexpr auto acquire = std::memory_order_acquire;
  const std::uint32_t index = (handle & index_mask) - 1;
  if (index > mask_) return false;
  const entry& e = entries_[index];
  if (e.generation.load(acquire) != handle >> index_bits) return false;
  out.count = static_cast<std::uint8_t>(std::min<std::uint32_t>(e.count.load(acquire), stages_max));
  out.drain_call = e.drain_call.load(acquire);
  for (std::size_t i = 0; i < out.count; ++i) {
    const std::uint64_t word = e.stages[i].word.load(acquire);
    out.stages[i] = {.key = e.stages[i].key.load(acquire),
                     .unit = static_cast<std::uint32_t>(word >> 32),
                     .line = static_cast<std::uint16_t>(word >> 16),
                     .roles = static_cast<role_mask>((word & 0xffff) >> 1),
                     .observe = (word & 1) != 0};
  }
  // Taken over meanwhile: what was read may be another flow's.
  return e.generation.load(relaxed) == handle >> index_bits;
}

bool binding_table::read(std::uint32_t handle, time_point now, binding& out) noexcept {
  if (!peek(handle, out)) return false;
  auto& used = entries_[(handle & index_mask) - 1].used_s;
  const std::uint32_t now_s = seconds(now);
  if (used.load(relaxed) != now_s) used.store(now_s, relaxed);
  return true;
}

void binding_table::set_unit(std::uint32_t handle, std::size_t stage, std::uint32_t unit) noexcept {
  auto& word = entries_[((handle & index_mask) - 1) & mask_].stages[stage].word;
  word.store((word.load(relaxed) & 0xffff'ffffULL) | std::uint64_t{unit} << 32, relaxed);
}

}  // namespace callweir::shaper

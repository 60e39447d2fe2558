// A bounded table for context between flows: four-way buckets, keyed hash, the stalest of a bucket
// goes when it is full. Memory is taken zeroed and touched on use, so that starting is cheap.
#pragma once

#include <type_traits>

#include "classify/detectors/sample.hpp"
#include "classify/lazy_memory.hpp"

namespace callweir::classify {

/// `Value` is trivially copyable and valid when all its bytes are zero.
template <class Value>
class keyed_table {
  static_assert(std::is_trivially_copyable_v<Value>);

 public:
  struct entry {
    std::uint64_t key;  // 0: free
    std::int64_t touched_ns;
    Value value;
  };

  /// At least `capacity` entries; throws std::bad_alloc. `touch`: see lazy_array.
  keyed_table(std::uint32_t capacity, bool touch)
      : entries_(buckets_for(capacity) * ways, touch), mask_(buckets_for(capacity) - 1) {}

  /// `now` refreshes it. nullptr when absent or untouched for longer than `life`.
  Value* find(std::uint64_t key, time_point now, nanoseconds life) noexcept {
    key |= 1;
    for (entry *e = bucket(key), *end = e + ways; e != end; ++e) {
      if (e->key != key) continue;
      if (now.ns - e->touched_ns > life.count()) return nullptr;
      e->touched_ns = now.ns;
      return &e->value;
    }
    return nullptr;
  }
  /// The entry of `key`, made zeroed if it is absent or older than `life`; never fails.
  Value& claim(std::uint64_t key, time_point now, nanoseconds life) noexcept {
    key |= 1;
    entry* oldest = bucket(key);
    for (entry *e = oldest, *end = e + ways; e != end; ++e) {
      if (e->key == key) {
        if (now.ns - e->touched_ns > life.count()) e->value = Value{};
        e->touched_ns = now.ns;
        return e->value;
      }
      if (oldest->key != 0 && (e->key == 0 || e->touched_ns < oldest->touched_ns)) oldest = e;
    }
    oldest->key = key;
    oldest->touched_ns = now.ns;
    oldest->value = Value{};
    return oldest->value;
  }
  void erase(std::uint64_t key) noexcept {
    key |= 1;
    for (entry *e = bucket(key), *end = e + ways; e != end; ++e) {
      if (e->key == key) e->key = 0;
    }
  }
  std::size_t memory_bytes() const noexcept { return (mask_ + 1) * ways * sizeof(entry); }

 private:
  static constexpr std::uint64_t ways = 4;
  static std::uint64_t buckets_for(std::uint32_t capacity) noexcept {
    std::uint64_t buckets = 1;
    while (buckets * ways < capacity) buckets *= 2;
    return buckets;
  }
  entry* bucket(std::uint64_t key) noexcept { return entries_.data() + (key >> 1 & mask_) * ways; }

  lazy_array<entry> entries_;
  std::uint64_t mask_;
};

}  // namespace callweir::classify

#include "shaper/bucket_table.hpp"

#include <bit>

namespace callweir::shaper {
namespace {

constexpr std::uint32_t window = 16;  // slots looked at: two to eight cache lines
constexpr std::uint32_t idle_s = 10;

}  // namespace

bucket_table::bucket_table(std::uint32_t capacity)
    : mask_(std::bit_ceil(std::max<std::uint32_t>(capacity, 1'024)) - 1),
      slots_(std::make_unique<slot[]>(std::size_t{mask_} + 1)) {}

std::uint32_t bucket_table::acquire(std::uint64_t key, time_point now) noexcept {
  if (key == 0) key = 1;
  const std::uint32_t now_s = seconds(now);
  const auto take_over = [&](std::uint32_t index, std::uint64_t from) {
    slot& s = slots_[index];
    if (!s.key.compare_exchange_strong(from, key, std::memory_order_acq_rel)) return from == key;
    s.used_s.store(now_s, std::memory_order_relaxed);
    for (auto& bucket : s.way) bucket.fill(ticks(now));
    return true;
  };
  std::uint32_t oldest = none, oldest_age = idle_s;
  for (std::uint32_t i = 0; i < window; ++i) {
    const auto index = (static_cast<std::uint32_t>(key) + i) & mask_;
    slot& s = slots_[index];
    const std::uint64_t found = s.key.load(std::memory_order_acquire);
    if (found == key) return index;
    if (found == 0 && take_over(index, 0)) return index;
    const auto age = static_cast<std::int32_t>(now_s - s.used_s.load(std::memory_order_relaxed));
    if (age > static_cast<std::int32_t>(oldest_age)) {
      oldest = index;
      oldest_age = static_cast<std::uint32_t>(age);
    }
  }
  if (oldest != none && take_over(oldest, slots_[oldest].key.load(std::memory_order_relaxed))) {
    return oldest;
  }
  refused_.fetch_add(1, std::memory_order_relaxed);
  return none;
}

bool bucket_table::take(std::uint32_t index, direction way, const bucket_rate& rate,
                        std::uint32_t bytes, time_point now) noexcept {
  slot& s = slots_[index & mask_];
  const std::uint32_t now_s = seconds(now);
  if (s.used_s.load(std::memory_order_relaxed) != now_s) {
    s.used_s.store(now_s, std::memory_order_relaxed);
  }
  return s.way[way].take(rate, bytes, ticks(now));
}

}  // namespace callweir::shaper

#include "capture/fragment_cache.hpp"

namespace callweir::capture {
namespace {

/// Both halves of the 128-bit product folded together (the mixing step of wyhash).
std::uint64_t fold(std::uint64_t a, std::uint64_t b) noexcept {
  const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

bool fresh(time_point seen, time_point now) noexcept {
  // Captures may jump back in time a little; what lies in the future by more than the time-out is
  // stale too. Stamps of a hostile capture lie anywhere: the difference may overflow.
  std::int64_t age_ns;
  if (__builtin_sub_overflow(now.ns, seen.ns, &age_ns)) return false;
  const std::int64_t most_ns = fragment_cache::time_out.count();
  return age_ns <= most_ns && age_ns >= -most_ns;
}

}  // namespace

fragment_cache::fragment_cache(std::array<std::uint64_t, 2> seed)
    : seed_{seed[0] ^ 0x9e37'79b9'7f4a'7c15ULL, seed[1] ^ 0xd1b5'4a32'd192'ed03ULL},
      entries_(entries_max) {}

std::uint32_t fragment_cache::bucket_of(const fragment_key& key) const noexcept {
  const std::uint64_t tail = std::uint64_t{key.id} << 8 | key.protocol;
  std::uint64_t h = fold(key.source.high ^ seed_[0], key.source.low ^ seed_[1]);
  h = fold(h ^ key.destination.high, key.destination.low ^ seed_[0]);
  h = fold(h ^ tail, seed_[1] ^ 0xa076'1d64'78bd'642fULL);
  return static_cast<std::uint32_t>(h >> 32) % (entries_max / ways) * ways;
}

void fragment_cache::insert(const fragment_key& key, const fragment_flow& flow,
                            time_point now) noexcept {
  entry* const bucket = &entries_[bucket_of(key)];
  entry* victim = bucket;
  for (std::uint32_t i = 0; i < ways; ++i) {
    if (bucket[i].key == key) {
      victim = &bucket[i];
      break;
    }
    if (bucket[i].seen < victim->seen) victim = &bucket[i];
  }
  *victim = {key, flow, now};
}

const fragment_flow* fragment_cache::find(const fragment_key& key, time_point now) const noexcept {
  const entry* const bucket = &entries_[bucket_of(key)];
  for (std::uint32_t i = 0; i < ways; ++i) {
    if (bucket[i].key == key && fresh(bucket[i].seen, now)) return &bucket[i].flow;
  }
  return nullptr;
}

}  // namespace callweir::capture

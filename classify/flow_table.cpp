#include "classify/flow_table.hpp"

#include <emmintrin.h>

#include <algorithm>
#include <bit>

namespace callweir::classify {
namespace {

/// Five flows to a bucket of eight when the table is full: then one new flow of 2,000 finds both
/// its buckets full, and evicts.
std::uint32_t bucket_count(std::uint32_t flows_max) {
  return std::max<std::uint32_t>((flows_max + 4) / 5, 4);
}

/// A bit for each of the eight tags that equals `tag`.
unsigned same_tags(const std::uint16_t* tags, std::uint16_t tag) noexcept {
  const __m128i all = _mm_load_si128(reinterpret_cast<const __m128i*>(tags));
  const __m128i same = _mm_cmpeq_epi16(all, _mm_set1_epi16(static_cast<short>(tag)));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_packs_epi16(same, _mm_setzero_si128())));
}

/// Order of eviction: undecided, then decided ones that nobody holds; `kept` never.
enum class eviction_class : std::uint8_t { undecided, decided, kept };

eviction_class class_of(const hot_flow& flow) noexcept {
  if (flow.has(flow_in_call) || flow.acted_on()) return eviction_class::kept;
  return flow.has(flow_decided) ? eviction_class::decided : eviction_class::undecided;
}

}  // namespace

flow_table::flow_table(const config& wanted)
    : config_(wanted),
      hash_(wanted.seed),
      bucket_count_(bucket_count(wanted.flows_max)),
      buckets_(bucket_count_, wanted.touch),
      hot_(wanted.flows_max, wanted.touch),
      warm_(wanted.flows_max, wanted.touch) {}

std::size_t flow_table::memory_bytes() const noexcept {
  return buckets_.bytes() + hot_.bytes() + warm_.bytes();
}

void flow_table::prepare(std::span<const packet_view> packets, burst& out) noexcept {
  const std::size_t count = std::min(packets.size(), burst_max);
  for (std::size_t i = 0; i < count; ++i) {
    out.guesses[i] = no_flow;
    if (packets[i].status != decode_status::ok) continue;
    const keyed_flow made = make_flow_key(packets[i], hash_);
    out.keys[i] = made.key;
    out.swapped[i] = made.swapped;
    out.hashes[i] = bucket_hash(made.key, hash_);
    __builtin_prefetch(&buckets_[first_bucket(out.hashes[i])]);
  }
  // Five flows of six are in their first bucket: the second is asked for only where it is needed.
  std::array<std::uint8_t, burst_max> elsewhere;
  std::size_t others = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (packets[i].status != decode_status::ok) continue;
    out.guesses[i] = guess(buckets_[first_bucket(out.hashes[i])], out.hashes[i]);
    if (out.guesses[i] != no_flow) {
      __builtin_prefetch(&hot_[out.guesses[i]], 1);
    } else {
      __builtin_prefetch(&buckets_[second_bucket(out.hashes[i])]);
      elsewhere[others++] = static_cast<std::uint8_t>(i);
    }
  }
  for (std::size_t j = 0; j < others; ++j) {
    const std::size_t i = elsewhere[j];
    out.guesses[i] = guess(buckets_[second_bucket(out.hashes[i])], out.hashes[i]);
    if (out.guesses[i] != no_flow) __builtin_prefetch(&hot_[out.guesses[i]], 1);
  }
}

flow_index flow_table::guess(const bucket& in, std::uint64_t hash) noexcept {
  const unsigned same = same_tags(in.tags, tag_of(hash));
  return same != 0 ? in.flows[std::countr_zero(same)] : no_flow;
}

flow_index flow_table::find(const flow_key& key, std::uint64_t hash) const noexcept {
  for (const std::uint32_t at : {first_bucket(hash), second_bucket(hash)}) {
    const bucket& b = buckets_[at];
    for (unsigned same = same_tags(b.tags, tag_of(hash)); same != 0; same &= same - 1) {
      const flow_index i = b.flows[std::countr_zero(same)];
      if (matches(i, key)) return i;
    }
  }
  return no_flow;
}

flow_table::place flow_table::find_place(std::uint64_t hash,
                                         std::span<const flow_index> pinned) const noexcept {
  const bucket* const both[2] = {&buckets_[first_bucket(hash)], &buckets_[second_bucket(hash)]};
  const bool record_left = used_ < config_.flows_max;
  if (record_left && (same_tags(both[0]->tags, 0) | same_tags(both[1]->tags, 0)) != 0) {
    return {place::kind::room, no_flow};
  }
  place best;
  auto best_class = eviction_class::kept;
  for (const bucket* b : both) {
    for (int slot = 0; slot < 8; ++slot) {
      if (b->tags[slot] == 0) continue;
      const flow_index i = b->flows[slot];
      const auto kind = class_of(hot_[i]);
      if (kind > best_class || kind == eviction_class::kept) continue;
      if (kind == best_class && hot_[i].last_ns >= hot_[best.victim].last_ns) continue;
      if (std::find(pinned.begin(), pinned.end(), i) != pinned.end()) continue;
      best = {place::kind::evict, i};
      best_class = kind;
    }
  }
  return best;
}

flow_index flow_table::take_record() noexcept {
  if (free_head_ == no_flow) return high_water_++;
  const flow_index i = free_head_;
  free_head_ = hot_[i].action;
  if (free_head_ != no_flow) {  // the next new flow's lines
    __builtin_prefetch(&hot_[free_head_], 1);
    __builtin_prefetch(&warm_[free_head_], 1);
  }
  return i;
}

flow_index flow_table::open(const flow_key& key, std::uint64_t hash, bool swapped,
                            const packet_view& first) noexcept {
  bucket& a = buckets_[first_bucket(hash)];
  bucket& b = buckets_[second_bucket(hash)];
  const unsigned empty_a = same_tags(a.tags, 0);
  const unsigned empty_b = same_tags(b.tags, 0);
  // Into the emptier of the two, which keeps both from filling up; into the first also where it has
  // one flow more, for what is there is found at first sight.
  const int room_a = std::popcount(empty_a), room_b = std::popcount(empty_b);
  bucket& into = room_a > 0 && room_a + 1 >= room_b ? a : b;
  const int slot = std::countr_zero(&into == &a ? empty_a : empty_b);
  const flow_index i = take_record();
  into.tags[slot] = tag_of(hash);
  into.flows[slot] = i;
  ++used_;

  hot_flow& flow = hot_[i];
  flow = hot_flow{};
  flow.addresses[0] = key.addresses[0];
  flow.addresses[1] = key.addresses[1];
  flow.ports = key.ports;
  flow.context = key.context | (swapped ? flow_reversed : 0u);
  flow.last_ns = first.time.ns == 0 ? 1 : first.time.ns;  // zero marks a free record
  warm_flow& more = warm_[i];
  more = warm_flow{};
  more.first_ns = first.time.ns;
  more.p2p = tristate::open;
  more.from_outside = first.from == side::outside;
  if (flow.is_v6()) more.lower_end = swapped ? first.destination : first.source;
  return i;
}

flow_key flow_table::key_of(flow_index i) const noexcept {
  const hot_flow& flow = hot_[i];
  return {
      {flow.addresses[0], flow.addresses[1]}, flow.ports, flow.context & flow_key::context_mask};
}

void flow_table::erase(flow_index flow) noexcept {
  const std::uint64_t hash = bucket_hash(key_of(flow), hash_);
  for (const std::uint32_t at : {first_bucket(hash), second_bucket(hash)}) {
    bucket& b = buckets_[at];
    for (unsigned same = same_tags(b.tags, tag_of(hash)); same != 0; same &= same - 1) {
      const int slot = std::countr_zero(same);
      if (b.flows[slot] != flow) continue;
      b.tags[slot] = 0;
      hot_[flow] = hot_flow{};
      hot_[flow].action = free_head_;
      free_head_ = flow;
      --used_;
      return;
    }
  }
}

flow_identity flow_table::identity(flow_index i) const noexcept {
  const hot_flow& flow = hot_[i];
  flow_identity out;
  out.index = i;
  out.link = flow.link();
  out.protocol = flow.protocol();
  out.tunnel = static_cast<tunnel_kind>(flow.context >> 12 & 7);
  out.vlan_count = static_cast<std::uint8_t>(flow.context >> 15 & 3);
  out.vlan[0] = flow.ports >> 20 & 0xfff;
  out.vlan[1] = flow.ports >> 8 & 0xfff;
  out.initiator = warm_[i].from_outside ? side::outside : side::inside;
  ip_address lower, upper;
  if (flow.is_v6()) {
    lower = warm_[i].lower_end;
    const hash128 other =
        hash_.second_of({flow.addresses[0], flow.addresses[1]}, lower.high, lower.low);
    upper.high = other.low;
    upper.low = other.high;
  } else {
    lower = ip_address::v4(static_cast<std::uint32_t>(flow.addresses[0] >> 32));
    upper = ip_address::v4(static_cast<std::uint32_t>(flow.addresses[0]));
  }
  const auto lower_port = static_cast<std::uint16_t>(flow.ports >> 48);
  const auto upper_port = static_cast<std::uint16_t>(flow.ports >> 32);
  const bool reversed = flow.has(flow_reversed);
  out.source = reversed ? upper : lower;
  out.destination = reversed ? lower : upper;
  out.source_port = reversed ? upper_port : lower_port;
  out.destination_port = reversed ? lower_port : upper_port;
  return out;
}

}  // namespace callweir::classify

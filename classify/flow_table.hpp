// The flows of one worker: a hash of 64-byte buckets (8 tags and 8 indices), two candidates a key,
// over records of one hot and one warm cache line. Single thread; all memory is taken in the
// constructor.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>

#include "base/packet_view.hpp"
#include "base/verdict.hpp"
#include "classify/flow_event.hpp"
#include "classify/flow_key.hpp"
#include "classify/lazy_memory.hpp"

namespace callweir::classify {

/// Bits of a flow's state, above the key's bits in `hot_flow::context`.
enum flow_bit : std::uint32_t {
  flow_reversed = 1u << 18,  // the initiator is the higher end of the key
  flow_decided = 1u << 19,   // nothing looks at its packets any more
  flow_in_call = 1u << 20,   // belongs to a call: evicted last
  flow_working =
      1u << 21,  // holds a place in a pool: its packets go through inspection or measurement
  flow_closing = 1u << 22,  // TCP FIN or RST was seen
  flow_gated = 1u << 23     // named by its first packet alone: looked at again should it go on
};
constexpr int flow_generation_shift = 24;

/// What every packet touches. Zero bytes are a free record.
struct alignas(64) hot_flow {
  std::uint64_t addresses[2];  // of flow_key
  std::uint64_t ports;         // of flow_key
  std::uint32_t context;       // of flow_key, then flow_bit, then 8 bits of policy generation
  std::uint32_t action;        // the shaper's handle; top bit: all of it just passes
  std::int64_t last_ns;        // newest packet
  std::uint64_t bytes[2];      // L3 bytes by `direction`
  std::uint32_t packets[2];    // wraps: warm_flow counts the wraps

  bool has(flow_bit b) const noexcept { return (context & b) != 0; }
  void set(flow_bit b) noexcept { context |= b; }
  void clear(flow_bit b) noexcept { context &= ~static_cast<std::uint32_t>(b); }
  bool acted_on() const noexcept { return action != 0 && (action >> 31) == 0; }
  bool is_v6() const noexcept { return (context & flow_key::v6_bit) != 0; }
  std::uint8_t protocol() const noexcept { return static_cast<std::uint8_t>(ports); }
  std::uint16_t link() const noexcept { return context & (links_max - 1); }
  bool free() const noexcept { return (packets[0] | packets[1]) == 0 && last_ns == 0; }
};
static_assert(sizeof(hot_flow) == 64);

/// What is touched when a flow opens, changes or ends. Zero bytes are a fresh record.
struct alignas(64) warm_flow {
  ip_address lower_end;  // of an IPv6 flow: the key has what makes it both ends
  std::int64_t first_ns;
  std::uint64_t reasons;
  std::uint64_t count : 48;      // flow id without the worker
  std::uint64_t call : 16;       // call_slot + 1, 0: none
  std::uint32_t work;            // place in the pool, valid while flow_working
  std::uint32_t decided_packet;  // 0: not decided
  std::uint32_t decided_us;      // from the first packet; saturates at 71 minutes
  app_id app, ndpi_master, ndpi_app;
  std::uint8_t packets_wraps[2];  // times hot_flow::packets went round
  flow_role role;
  std::uint8_t confidence_pct;
  std::uint8_t told_mib;  // mebibytes, both ways, when `progress` was sent last: the low 8 bits
  tristate p2p : 2;
  bool voip : 1;
  bool emergency : 1;
  bool from_outside : 1;  // the initiator's packet came in by the outside port
};
static_assert(sizeof(warm_flow) == 64);

class flow_table {
 public:
  struct config {
    std::uint32_t flows_max = 1'000'000;
    nanoseconds timeout_udp = std::chrono::seconds(200);
    nanoseconds timeout_tcp = std::chrono::hours(1);
    nanoseconds timeout_unclassified = std::chrono::seconds(5);
    std::array<std::uint64_t, 2> seed{};
    bool touch = true;  // make all pages present now
  };
  /// A TCP connection that ended stays for its last segments only.
  static constexpr nanoseconds timeout_closing = std::chrono::seconds(15);
  static constexpr std::size_t burst_max = 64;

  /// Keys, hashes and first guesses of a burst.
  struct burst {
    std::array<flow_key, burst_max> keys;
    std::array<std::uint64_t, burst_max> hashes;
    std::array<flow_index, burst_max> guesses;  // no_flow also where there is nothing to find
    std::array<bool, burst_max> swapped;
  };

  /// Where a new flow would go.
  struct place {
    enum class kind : std::uint8_t { room, evict, refused } what = kind::refused;
    flow_index victim = no_flow;  // evict: close it, erase it, and ask again
  };

  /// Throws std::bad_alloc. flows_max from 16 to 2^27.
  explicit flow_table(const config& wanted);

  /// Keys and hashes of the burst, buckets and hot lines on their way into the cache. Packets whose
  /// status is not ok are passed over.
  void prepare(std::span<const packet_view> packets, burst& out) noexcept;
  /// The flow of packet `i` of a prepared burst; no_flow where there is none (yet).
  flow_index find(const burst& b, std::size_t i) const noexcept {
    const flow_index guess = b.guesses[i];
    if (guess != no_flow && matches(guess, b.keys[i])) [[likely]]
      return guess;
    return find(b.keys[i], b.hashes[i]);
  }
  flow_index find(const flow_key& key, std::uint64_t hash) const noexcept;

  /// Room for a new flow of this hash: free, or whom to evict, never one of `pinned` (flows of this
  /// burst). Of the 16 candidates the oldest undecided; else the oldest decided in no call and not
  /// acted on.
  place find_place(std::uint64_t hash, std::span<const flow_index> pinned) const noexcept;
  /// Opens a flow; find_place must just have said `room`. Counters are still zero.
  flow_index open(const flow_key& key, std::uint64_t hash, bool swapped,
                  const packet_view& first) noexcept;
  void erase(flow_index flow) noexcept;

  hot_flow& hot(flow_index i) noexcept { return hot_[i]; }
  const hot_flow& hot(flow_index i) const noexcept { return hot_[i]; }
  warm_flow& warm(flow_index i) noexcept { return warm_[i]; }
  const warm_flow& warm(flow_index i) const noexcept { return warm_[i]; }
  void prefetch_warm(flow_index i) const noexcept { __builtin_prefetch(&warm_[i], 1); }
  /// What an event tells of a flow.
  void prefetch_to_tell(flow_index i) const noexcept {
    __builtin_prefetch(&hot_[i]);
    __builtin_prefetch(&warm_[i]);
  }
  /// All lines that the end of a flow touches.
  void prefetch_to_close(flow_index i) const noexcept {
    const std::uint64_t hash = bucket_hash(key_of(i), hash_);
    __builtin_prefetch(&buckets_[first_bucket(hash)], 1);
    __builtin_prefetch(&buckets_[second_bucket(hash)], 1);
    __builtin_prefetch(&warm_[i], 1);
  }
  /// Addresses and ports of initiator and responder, VLANs, tunnel, link; id and worker are the
  /// caller's.
  flow_identity identity(flow_index i) const noexcept;

  /// How long the flow may be silent. Undecided flows get timeout_unclassified only while the table
  /// is more than half full: where nothing presses, a probe every 20 s stays one flow.
  nanoseconds timeout(const hot_flow& flow) const noexcept {
    if (flow.has(flow_closing)) return timeout_closing;
    if (!flow.has(flow_decided) && pressed()) return config_.timeout_unclassified;
    return flow.protocol() == proto_tcp ? config_.timeout_tcp : config_.timeout_udp;
  }
  bool expired(const hot_flow& flow, time_point now) const noexcept {
    return now.ns - flow.last_ns > timeout(flow).count();
  }
  bool pressed() const noexcept { return used_ > config_.flows_max / 2; }

  struct swept {
    std::uint32_t records = 0;  // passed by, free ones too
    bool round = false;         // came to the end of the round
  };
  /// Passes by the next `count` records, round and round, until visit(index), asked for each that
  /// is in use, says false.
  template <class F>
  swept sweep(std::uint32_t count, F&& visit) {
    swept out;
    bool on = true;
    for (; on && out.records < count && sweep_at_ < high_water_; ++out.records) {
      const flow_index at = sweep_at_++;
      if (!hot_[at].free()) on = visit(at);
    }
    out.round = sweep_at_ >= high_water_;
    if (out.round) sweep_at_ = 0;
    return out;
  }

  std::uint32_t size() const noexcept { return used_; }
  std::uint32_t high_water() const noexcept { return high_water_; }
  bool in_use(flow_index i) const noexcept { return i < high_water_ && !hot_[i].free(); }
  std::size_t memory_bytes() const noexcept;
  const keyed_hash& hash() const noexcept { return hash_; }

 private:
  struct alignas(64) bucket {
    std::uint16_t tags[8];  // 0: empty
    flow_index flows[8];
    std::uint8_t spare[16];
  };
  static_assert(sizeof(bucket) == 64);

  static std::uint16_t tag_of(std::uint64_t hash) noexcept {
    const auto tag = static_cast<std::uint16_t>(hash >> 48);
    return tag == 0 ? 1 : tag;
  }
  std::uint32_t first_bucket(std::uint64_t hash) const noexcept {
    return scaled(static_cast<std::uint32_t>(hash));
  }
  /// Half of what it rests on has no part in the first.
  std::uint32_t second_bucket(std::uint64_t hash) const noexcept {
    return scaled(static_cast<std::uint32_t>(hash * 0x9e37'79b9'7f4a'7c15ULL >> 32));
  }
  /// 32 bits, evenly over any number of buckets.
  std::uint32_t scaled(std::uint32_t bits) const noexcept {
    return static_cast<std::uint32_t>(std::uint64_t{bits} * bucket_count_ >> 32);
  }
  bool matches(flow_index i, const flow_key& key) const noexcept {
    const hot_flow& flow = hot_[i];
    return ((flow.addresses[0] ^ key.addresses[0]) | (flow.addresses[1] ^ key.addresses[1]) |
            (flow.ports ^ key.ports) | ((flow.context ^ key.context) & flow_key::context_mask)) ==
               0 &&
           !flow.free();
  }
  static flow_index guess(const bucket& in, std::uint64_t hash) noexcept;
  flow_key key_of(flow_index i) const noexcept;
  flow_index take_record() noexcept;

  config config_;
  keyed_hash hash_;
  std::uint32_t bucket_count_;
  lazy_array<bucket> buckets_;
  lazy_array<hot_flow> hot_;
  lazy_array<warm_flow> warm_;
  flow_index free_head_ = no_flow;  // chain through hot_flow::action
  std::uint32_t high_water_ = 0;    // records beyond were never used
  std::uint32_t used_ = 0;
  std::uint32_t sweep_at_ = 0;
};

/// Bytes a flow takes at the table's full size: record and a fifth of a bucket. What is left of 200
/// is for the pools of those that are inspected or measured.
constexpr std::size_t flow_bytes = sizeof(hot_flow) + sizeof(warm_flow) + 64 / 5 + 1;
static_assert(flow_bytes <= 141);

}  // namespace callweir::classify

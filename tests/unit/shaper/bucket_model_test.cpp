// Token buckets and their table against exact naive models, by random histories that RapidCheck
// shrinks to the shortest that fails.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>
#include <optional>
#include <vector>

#include "shaper/bucket_table.hpp"
#include "shaper/token_bucket.hpp"
#include "tests/unit/shaper/exact_bucket.hpp"

namespace callweir::shaper {
namespace {

constexpr std::int64_t start_ns = 1'790'000'000'000'000'000;  // ticks have wrapped

struct offer {
  std::uint32_t gap;  // in 1/16 of the time that 1,500 bytes take
  std::uint32_t bytes;
};
std::ostream& operator<<(std::ostream& out, const offer& o) {
  return out << "{gap " << o.gap << ", " << o.bytes << " bytes}";
}

rc::Gen<offer> any_offer() {
  const auto gap = rc::gen::weightedOneOf<std::uint32_t>(
      {{6, rc::gen::inRange(0u, 24u)}, {1, rc::gen::inRange(0u, 2'000u)}});
  const auto bytes = rc::gen::weightedOneOf<std::uint32_t>(
      {{8, rc::gen::inRange(1u, 1'501u)}, {1, rc::gen::inRange(1u, 65'536u)}});
  return rc::gen::build<offer>(rc::gen::set(&offer::gap, gap), rc::gen::set(&offer::bytes, bytes));
}

std::uint64_t any_rate() {
  return *rc::gen::element<std::uint64_t>(1'000, 8'000, 20'000, 64'000, 333'333, 1'000'000,
                                          77'777'777, 1'000'000'000, 10'000'000'000,
                                          100'000'000'000);
}

/// What rounding may have moved the bucket by: 1/64 ns each packet, 1e-5 of what passed.
exact_bucket::amount tolerance(std::uint64_t bps, std::size_t packets, std::uint64_t bytes) {
  return static_cast<exact_bucket::amount>(bps) * static_cast<exact_bucket::amount>(packets + 1) +
         exact_bucket::byte * static_cast<exact_bucket::amount>(bytes / 100'000 + 1);
}

void check_against_exact(std::uint64_t bps, std::uint32_t burst, const std::vector<offer>& offers) {
  const auto rate = bucket_rate::make({bps}, burst);
  token_bucket bucket;
  bucket.fill(ticks({start_ns}));
  exact_bucket model(bps, burst, start_ns);
  const double unit_ns = 1'500 * 8e9 / static_cast<double>(bps) / 16;
  std::int64_t now = start_ns;
  std::uint64_t passed = 0;
  struct passing {
    std::int64_t at;
    std::uint32_t bytes;
  };
  std::vector<passing> history;
  for (const offer& o : offers) {
    now += static_cast<std::int64_t>(unit_ns * o.gap);
    model.advance(now);
    const auto slack = tolerance(bps, history.size(), passed + burst);
    if (bucket.take(rate, o.bytes, ticks({now}))) {
      RC_ASSERT(model.spare(o.bytes) >= -slack);
      model.take(o.bytes);
      history.push_back({now, o.bytes});
      passed += o.bytes;
    } else {
      RC_ASSERT(model.spare(o.bytes) < slack);
    }
    if (bucket.full(rate, ticks({now}))) RC_ASSERT(model.missing() <= slack);
  }
  // In no stretch more than rate x time + burst, and what the last packet has beyond the burst.
  const auto slack = tolerance(bps, history.size(), passed + burst);
  for (std::size_t first = 0; first < history.size(); ++first) {
    exact_bucket::amount sum = 0;
    for (std::size_t last = first; last < history.size(); ++last) {
      sum += exact_bucket::byte * static_cast<exact_bucket::amount>(history[last].bytes);
      const auto beyond = history[last].bytes > burst ? history[last].bytes - burst : 0;
      const auto time = static_cast<exact_bucket::amount>(history[last].at - history[first].at);
      const auto most = static_cast<exact_bucket::amount>(bps) * time +
                        exact_bucket::byte * static_cast<exact_bucket::amount>(burst + beyond);
      RC_ASSERT(sum <= most + slack);
    }
  }
}

TEST(bucket_model, never_over_rate_times_time_and_burst_and_never_stingy) {
  ASSERT_TRUE(rc::check("token bucket and exact bucket", [] {
    const auto burst = *rc::gen::inRange(1u, 70'000u);
    const auto bps = any_rate();
    check_against_exact(bps, burst,
                        *rc::gen::container<std::vector<offer>>(rc::gen::resize(100, any_offer())));
  }));
}

TEST(bucket_model, whatever_the_clock_did_a_packet_gets_through_in_the_time_the_bucket_holds) {
  ASSERT_TRUE(rc::check("clock jumps", [](std::vector<std::int32_t> jumps_ms) {
    const auto burst = *rc::gen::inRange(1u, 70'000u);
    const auto rate = bucket_rate::make({any_rate()}, burst);
    token_bucket bucket;
    std::uint64_t now = ticks({start_ns});
    bucket.fill(now);
    for (const std::int32_t jump : jumps_ms) {
      now += ticks({std::int64_t{jump} * 1'000'000});
      for (int i = 0; i < 3; ++i) bucket.take(rate, 1'500, now);
    }
    const bool at_once = bucket.take(rate, burst, now);
    now += rate.burst_ticks + rate.cost(bucket_rate::packet_bytes_max);
    RC_ASSERT(at_once || bucket.take(rate, burst, now));
  }));
}

/// One step of a bucket table's life.
struct step {
  enum class kind : std::uint8_t { acquire, take, wait } what = kind::acquire;
  std::uint32_t key = 0;  // index into keys that share windows
  std::uint32_t ms = 0;   // wait
  bool back = false;      // take: the other direction
};
std::ostream& operator<<(std::ostream& out, const step& s) {
  return out << "{" << static_cast<int>(s.what) << " key " << s.key << " ms " << s.ms << "}";
}

rc::Gen<step> any_step() {
  using kind = step::kind;
  return rc::gen::build<step>(
      rc::gen::set(&step::what, rc::gen::weightedElement<kind>(
                                    {{6, kind::acquire}, {6, kind::take}, {1, kind::wait}})),
      rc::gen::set(&step::key, rc::gen::inRange(0u, 64u)),
      rc::gen::set(&step::ms, rc::gen::element(1u, 900u, 4'000u, 9'900u, 10'100u, 11'000u)),
      rc::gen::set(&step::back));
}

/// Keys of 40 home slots around the end of the table: windows of 16 overlap and wrap.
std::uint64_t key_of(std::uint32_t number) {
  return (std::uint64_t{number} + 1) << 32 | ((1'000 + number % 40) & 1'023);
}

class table_model {
 public:
  void acquire(std::uint32_t key) {
    const std::uint32_t index = table_.acquire(key_of(key), {now_});
    const auto known = places_.find(key);
    if (known != places_.end()) {
      RC_ASSERT(index == known->second.index);
      return;
    }
    if (index == bucket_table::none) {
      ++refused_;
      // Only where all 16 places are held by others who used them within eleven seconds.
      std::uint32_t held = 0;
      for (const auto& [other, where] : places_)
        held += distance(key, where.index) < 16 && now_s() - where.used_s <= 10;
      RC_ASSERT(held == 16u);
    } else {
      RC_ASSERT(distance(key, index) < 16u);
      for (auto at = places_.begin(); at != places_.end(); ++at) {
        if (at->second.index != index) continue;
        RC_ASSERT(now_s() - at->second.used_s > 10);
        RC_ASSERT(!table_.holds(index, key_of(at->first)));
        places_.erase(at);
        break;
      }
      places_.emplace(key, place{index, now_s(), {{bps, burst, now_}, {bps, burst, now_}}});
    }
    RC_ASSERT(table_.refused() == refused_);
  }
  void take(std::uint32_t key, direction way) {
    const auto known = places_.find(key);
    if (known == places_.end()) return;
    place& p = known->second;
    RC_ASSERT(table_.holds(p.index, key_of(key)));
    p.used_s = now_s();
    p.way[way].advance(now_);
    const bool wanted = p.way[way].spare(bytes) >= 0;
    RC_ASSERT(table_.take(p.index, way, rate_, bytes, {now_}) == wanted);
    if (wanted) p.way[way].take(bytes);
  }
  void wait(std::uint32_t ms) { now_ += std::int64_t{ms} * 1'000'000; }

 private:
  // 1 byte a microsecond: nothing is rounded, so that both must agree to the packet.
  static constexpr std::uint64_t bps = 8'000'000;
  static constexpr std::uint32_t burst = 3'000, bytes = 1'000;
  struct place {
    std::uint32_t index;
    std::int64_t used_s;
    exact_bucket way[2];
  };
  std::int64_t now_s() const { return now_ / 1'000'000'000; }
  std::uint32_t distance(std::uint32_t key, std::uint32_t index) const {
    return (index - static_cast<std::uint32_t>(key_of(key))) & (table_.capacity() - 1);
  }

  bucket_table table_{1'024};
  bucket_rate rate_ = bucket_rate::make({bps}, burst);
  std::map<std::uint32_t, place> places_;
  std::int64_t now_ = start_ns;
  std::uint64_t refused_ = 0;
};

TEST(bucket_model, the_table_gives_each_key_one_bucket_and_takes_none_that_was_used_of_late) {
  ASSERT_TRUE(rc::check("bucket table and map", [] {
    const auto steps = *rc::gen::scale(
        8.0, rc::gen::container<std::vector<step>>(rc::gen::resize(100, any_step())));
    table_model model;
    for (const step& s : steps) {
      if (s.what == step::kind::acquire) model.acquire(s.key);
      if (s.what == step::kind::take) model.take(s.key, s.back ? backward : forward);
      if (s.what == step::kind::wait) model.wait(s.ms);
    }
  }));
}

}  // namespace
}  // namespace callweir::shaper

// What a classifier counts: one table gives member, name and sentence. One thread writes, anyone
// reads.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

namespace callweir::classify {

// X(member, sentence)
#define CALLWEIR_CLASSIFIER_COUNTERS(X)                                                          \
  X(packets, "packets that were classified")                                                     \
  X(without_flow, "packets without a 5-tuple: forwarded and counted, never classified")          \
  X(flows_opened, "flows opened")                                                                \
  X(flows_closed, "flows that ended by time-out or at the end of a capture")                     \
  X(flows_evicted, "flows that ended early to make room for new ones")                           \
  X(untracked_full, "packets of new flows for which neither place nor victim was found")         \
  X(untracked_source, "packets of new flows beyond what one source network may open in a flood") \
  X(untracked_worker, "packets of new flows beyond what a worker opens in a flood")              \
  X(inspected, "packets that went through inspection")                                           \
  X(inspection_cycles, "time-stamp-counter cycles that inspection took, nDPI included")          \
  X(ndpi_packets, "packets that nDPI saw")                                                       \
  X(ndpi_shed,                                                                                   \
    "packets that nDPI did not see because its share of the core or its places were used up")    \
  X(inspections_parked,                                                                          \
    "inspections put aside to make room for newer flows, resumed should they go on")             \
  X(inspections_shed, "packets that went by uninspected because every place was taken")          \
  X(media_shed, "media flows that are not measured because every place was taken")               \
  X(streams_shed,                                                                                \
    "packets of a media flow's further sources for which no place was left: one that is silent " \
    "gave way, or they were not measured")                                                       \
  X(endpoints_missed,                                                                            \
    "recognised endpoints whose other flows were not upgraded: too many waited already")         \
  X(verdicts, "changes of what a flow is said to be")                                            \
  X(events_lost, "events that the control thread had no room for")

struct classifier_counters {
  class count {
   public:
    void add(std::uint64_t n = 1) noexcept {
      value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }
    std::uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

   private:
    std::atomic<std::uint64_t> value_{0};
  };

#define CALLWEIR_COUNTER(member, sentence) count member;
  CALLWEIR_CLASSIFIER_COUNTERS(CALLWEIR_COUNTER)
#undef CALLWEIR_COUNTER

  /// visit(name, sentence, value) for each, in the table's order.
  template <class F>
  void for_each(F&& visit) const {
#define CALLWEIR_COUNTER(member, sentence) \
  visit(std::string_view(#member), std::string_view(sentence), member.get());
    CALLWEIR_CLASSIFIER_COUNTERS(CALLWEIR_COUNTER)
#undef CALLWEIR_COUNTER
  }
};

}  // namespace callweir::classify

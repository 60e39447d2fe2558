// The inside of the classifier: the flow table, and what a flow that is looked at holds from
// bounded pools. Included by classifier*.cpp only.
#pragma once

#include <x86intrin.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "base/applications.hpp"
#include "classify/classifier.hpp"
#include "classify/detectors/quic_initial.hpp"
#include "classify/flood_guard.hpp"
#include "classify/flow_table.hpp"
#include "classify/inspector.hpp"
#include "classify/lazy_memory.hpp"
#include "classify/media_monitor.hpp"
#include "classify/ndpi_adapter.hpp"

namespace callweir::classify {

/// Bounds what inspection may take of the core: a share of the cycles that pass, saved up for a
/// tenth of a second at most.
class cycle_share {
 public:
  explicit cycle_share(std::uint8_t percent) : percent_(percent) {}
  bool bounded() const noexcept { return percent_ != 0; }
  /// Once a burst.
  void pass() noexcept {
    if (!bounded()) return;
    const std::uint64_t now = __rdtsc();
    const auto passed =
        static_cast<std::int64_t>(std::min<std::uint64_t>(now - last_, saved_cycles));
    last_ = now;
    left_ = std::min(left_ + passed * percent_ / 100, saved_cycles * percent_ / 100);
  }
  bool left() const noexcept { return left_ > 0 || !bounded(); }
  /// More than half of what can be saved up is there.
  bool plenty() const noexcept { return left_ > saved_cycles * percent_ / 200 || !bounded(); }
  void spend(std::uint64_t cycles) noexcept { left_ -= static_cast<std::int64_t>(cycles); }

 private:
  static constexpr std::int64_t saved_cycles = 250'000'000;
  std::uint8_t percent_;
  std::int64_t left_ = 0;
  std::uint64_t last_ = 0;
};

/// What a flow holds while its packets are inspected or measured: one cache line.
struct alignas(64) flow_work {
  static constexpr std::uint32_t none = 0xffff'ffff;

  std::int64_t last_ns = 0;  // newest packet that was inspected
  inspection* scratch = nullptr;
  flow_index flow = no_flow;
  ndpi_adapter::handle ndpi = ndpi_adapter::none;
  std::uint32_t media = none;       // place in the pool of monitors
  std::uint32_t media_at = 0;       // place in the list of flows that are measured
  std::uint16_t observed : 14 = 0;  // packets that were inspected
  std::uint16_t ndpi_tried : 1 = 0;
  // Was settled before: only plain evidence of a call changes what was said.
  std::uint16_t again : 1 = 0;
  ndpi_opinion opinion;
  call_ties ties;
};
static_assert(sizeof(flow_work) == 64);

struct classifier::impl final : private event_sink {
  impl(const classifier_config& wanted, event_sink& sink);

  // classifier.cpp: the burst, and the life of flows
  void process(std::span<const packet_view> packets, time_point now,
               std::span<packet_flow> flows) noexcept;
  flow_index open(const flow_table::burst& b, std::size_t i, const packet_view& packet,
                  std::span<const packet_flow> so_far) noexcept;
  void settle_unworthy(flow_index flow, const packet_view& first) noexcept;
  /// Starts loading what the burst's inspected and measured flows hold.
  void fetch_working(const flow_table::burst& b, std::size_t packets) noexcept;
  void count(hot_flow& hot, flow_index flow, const packet_view& packet, direction way) noexcept;
  void tell_progress(flow_index flow, time_point now) noexcept;
  void close_all(std::span<const flow_index> flows) noexcept;
  void close(flow_index flow, classifier_counters::count& counter) noexcept;
  void sweep(time_point now, std::uint32_t records_max, std::uint32_t closed_max) noexcept;
  void next_endpoints_round(time_point now) noexcept;
  flow_event event_of(flow_event::kind kind, flow_index flow, time_point at) const noexcept;
  void send(flow_event event) noexcept;
  static call_slot call_of(const warm_flow& warm) noexcept;
  /// Remembers which packet, and how long after the first, made the flow's verdict.
  void note_decided(flow_index flow, time_point at) noexcept;
  verdict verdict_of(flow_index flow) const noexcept;
  flow_totals totals_of(flow_index flow) const noexcept;
  flow_identity identity_of(flow_index flow) const noexcept;
  bool is_current(flow_index flow, std::uint64_t id) const noexcept;
  void mark_changed(hot_flow& hot) noexcept;

  // classifier_inspection.cpp: what becomes of a packet whose flow is not done with
  void look(flow_index flow, const packet_view& packet, packet_flow& where) noexcept;
  bool leaves_quic(flow_index flow, const packet_view& packet) const noexcept;
  /// Consent checks (RFC 7675) in settled RTP whose beginning was not seen, as after a restart: ICE
  /// set it up.
  void note_late_ice(flow_index flow, flow_work& work, const packet_view& packet,
                     direction way) noexcept;
  void pass_over(flow_index flow, bool urgent) noexcept;
  bool begin_work(flow_index flow, const packet_view& packet) noexcept;
  void inspect(flow_index flow, flow_work& work, const packet_view& packet, direction way) noexcept;
  void tell_verdict(flow_index flow, const flow_work& work, const verdict& what,
                    const call_ties& ties, time_point at) noexcept;
  void ask_ndpi(flow_work& work, const packet_view& packet) noexcept;
  bool name_quic(flow_work& work, const packet_view& packet, const sample& part) noexcept;
  bool leave_ndpi(time_point now) noexcept;
  void end_ndpi(flow_work& work) noexcept;
  void end_inspection(flow_index flow, flow_work& work, bool decided) noexcept;
  void conclude(flow_index flow, flow_work& work) noexcept;
  /// Flows whose place is worth less are put aside first.
  int worth_of_place(flow_index flow) const noexcept;
  bool park_one() noexcept;
  void drop_work_if_done(flow_index flow) noexcept;
  void apply(flow_index flow, verdict what, const call_ties& ties, time_point at,
             bool tell) noexcept;
  void name_by_ndpi(verdict& what, const ndpi_opinion& opinion) const noexcept;
  void begin_media(flow_index flow, flow_work& work, time_point at) noexcept;
  void end_media(flow_index flow, flow_work& work) noexcept;
  void send_samples(flow_work& work, time_point now) noexcept;
  void sample_some(time_point now, std::uint32_t flows_max) noexcept;
  void fetch_measured() noexcept;
  void apply_endpoints(flow_index flow, time_point at) noexcept;

  // event_sink of the inspector: endpoint events are remembered on their way
  bool push(const flow_event& event) noexcept override;

  /// An endpoint that was recognised; the sweep gives its flows the verdict as it meets them.
  struct pending_endpoint {
    ip_address address;
    std::uint16_t port = 0;
    std::uint8_t protocol = 0;
    verdict what;
    std::uint8_t rounds_left = 0;
  };
  static constexpr std::size_t endpoints_max = 64;

  classifier_config config;
  event_sink& events;
  const std::vector<ip_address>* emergency_peers;  // at most 1,024
  flow_table table;
  flood_guard guard;
  inspector detectors;
  std::optional<ndpi_adapter> ndpi;
  quic_opener initials;
  cycle_share inspection_time, ndpi_time;
  bounded_pool<flow_work> works;
  bounded_pool<media_monitor> monitors;
  spare_streams spares;
  std::vector<std::uint32_t> measured;  // works with a monitor
  std::uint32_t measured_at = 0;
  std::uint32_t park_at = 0;  // clock hands over the works
  std::uint32_t ndpi_at = 0;
  std::uint32_t works_used = 0;  // those beyond were never taken: the hand finds nothing there
  std::vector<verdict> call_verdicts;  // by call_slot
  std::vector<pending_endpoint> endpoints;
  app_id quic = find_application("QUIC").value_or(app_unknown);
  std::uint64_t flows_opened = 0;
  std::int64_t swept_ns = 0, sampled_ns = 0;  // when the rounds last went on
  std::int64_t endpoints_ns = 0;              // when endpoints were last compared with every flow
  bool endpoints_round = false;               // they are in this round
  std::uint8_t generation = 0;                // of policies; generation_stale never equals it
  bool shed = false;
  classifier_counters counters;
};

/// A flow with this generation is looked at by policy at its next packet.
constexpr std::uint8_t generation_stale = 255;
constexpr std::uint32_t generation_mask = 0xffu << flow_generation_shift;

/// Confidence from which a verdict counts as decided, in percent.
constexpr std::uint8_t decided_pct = 90;

}  // namespace callweir::classify

// Writes synthetic packets into frames, one burst at a time, on a clock of its own: the same
// numbers make the same traffic. Keeps four bytes a live flow. Single thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/arena.hpp"
#include "base/packet_view.hpp"
#include "bench/traffic/frame_shapes.hpp"
#include "bench/traffic/traffic_plan.hpp"

namespace callweir::bench {

class traffic_source {
 public:
  /// `frame_bytes_max` of room is there behind every view's `frame`.
  static constexpr std::size_t frame_bytes_max = 1'600;

  /// The plan is copied; `shapes` outlives the source.
  traffic_source(const traffic_plan& plan, const frame_shapes& shapes, time_point begin);

  /// Writes one packet into the memory behind each view's `frame` and sets captured, wire, time and
  /// from. Returns the burst's time: the clock goes on by as much as the plan's packets a second
  /// ask for.
  time_point fill(std::span<packet_view> burst) noexcept;

  /// Longer or shorter lives of TLS and QUIC flows, in flows opened meanwhile: keeps the number of
  /// live flows steady.
  void set_bulk_window(std::uint32_t flows) noexcept;
  std::uint32_t bulk_window() const noexcept { return bulk_window_; }

  /// From now on so many packets make a second of the source's clock, whatever the plan says: for
  /// who sends them at that rate.
  void set_pace(double packets_per_s) noexcept { tick_ns_ = 1e9 / packets_per_s; }
  /// Lets the source's clock jump, after a rest.
  void set_clock(time_point now) noexcept {
    begin_ns_ = now.ns;
    passed_ns_ = 0;
  }

  /// From now on only voice flows send, until they have said all.
  void stop_opening() noexcept;
  bool talking() const noexcept { return !talkers_.empty(); }

  std::uint64_t opened() const noexcept { return opened_; }
  /// Voice flows that have sent all their packets.
  std::uint64_t voice_ended() const noexcept { return voice_ended_; }
  time_point now() const noexcept { return {begin_ns_ + static_cast<std::int64_t>(passed_ns_)}; }

  /// Writes packet `index` of a flow: its number alone gives addresses and ports. What fill() does,
  /// for those who decide themselves which flow speaks next.
  static void write(const frame_shapes& shapes, packet_view& into, std::uint32_t flow,
                    flow_kind kind, std::uint32_t index) noexcept;

  /// Whether a flow with these ports is one of our voice flows.
  static bool is_voice(std::uint16_t a, std::uint16_t b) noexcept {
    return a >= voice_port_first && b >= voice_port_first;
  }

 private:
  static constexpr std::uint16_t voice_port_first = 16'384;
  struct talker {
    std::uint32_t flow;
    std::uint32_t sent;
  };
  struct waiting_answer {
    std::uint32_t flow;
    std::int64_t due_ns;
  };

  void open_flow(packet_view& into) noexcept;
  void talk(packet_view& into) noexcept;
  bool answer(packet_view& into) noexcept;
  bool carry_on(packet_view& into) noexcept;
  std::uint32_t draw_bulk() noexcept;
  std::uint32_t random() noexcept;
  flow_kind kind_of(std::uint32_t flow) const noexcept { return plan_.kinds[flow % kind_round]; }

  traffic_plan plan_;
  const frame_shapes& shapes_;
  std::int64_t begin_ns_;
  double passed_ns_ = 0, tick_ns_;
  std::uint32_t threshold_new_, threshold_voice_, threshold_dns_;  // of 2^32
  std::uint32_t draw_ = 0;
  std::uint64_t random_ = 0x2545'f491'4f6c'dd1dULL;
  std::uint32_t next_flow_ = 0;
  std::uint64_t opened_ = 0, voice_ended_ = 0;
  std::uint32_t bulk_window_ = 0;
  std::vector<std::uint32_t> bulk_slots_;  // places in a round whose flows are TLS or QUIC
  arena sent_memory_;
  std::uint32_t* sent_;  // packets of a flow so far, by flow number
  std::uint32_t sent_mask_;
  // Which TLS or QUIC flows speak next, drawn ahead so that `sent_` is in the cache by then: what
  // the source waits for is not the pipeline's cost.
  static constexpr std::uint32_t ahead = 16;
  static constexpr std::uint32_t nobody = 0xffff'ffff;
  std::array<std::uint32_t, ahead> next_bulk_;
  std::uint32_t next_bulk_at_ = 0;
  std::vector<talker> talkers_;  // ring
  std::uint32_t talk_at_ = 0;
  std::vector<waiting_answer> answers_;  // ring
  std::uint32_t answer_at_ = 0, answers_waiting_ = 0;
};

}  // namespace callweir::bench

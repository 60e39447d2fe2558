// Voice flows that have been recognised, packet after packet through a whole pipeline and the delay
// line behind it, as in a worker. Single thread.
#pragma once

#include <memory>
#include <vector>

#include "engine/pipeline.hpp"
#include "shaper/delay_line.hpp"

namespace callweir::bench {

class talk_rig {
 public:
  /// `flows`: one talk each. `calls`: each flow is a call of its own, and is delayed by 100 ms and
  /// loses 8 % in bursts where a line degrades it. Throws std::runtime_error.
  talk_rig(const shaper::policy_document& policies, std::uint32_t flows, bool calls);

  /// TSC cycles a packet over about as many packets.
  double measure(std::uint32_t packets);
  /// Share of the packets measured so far that a policy held or dropped.
  double acted_share() const;
  /// Calls that the rig's flows were attached to.
  std::uint32_t attached() const noexcept { return attached_; }

 private:
  static constexpr std::size_t frame_stride = 128;

  void write_frames();
  void recognise();
  void talk(std::uint32_t first, std::uint32_t end, int rounds);
  /// Fills `views_` with the next packets and gives each its number; not measured.
  void prepare(std::size_t n);
  void carry(std::size_t n);
  /// What the control thread does: takes events, makes each recognised flow a call.
  void listen();

  std::uint32_t flows_;
  bool calls_;
  std::shared_ptr<shaper::policy_set> set_;
  engine::policies_in_force in_force_;
  engine::event_ring events_;
  engine::worker_channel channel_;
  std::unique_ptr<engine::pipeline> line_;
  shaper::delay_line held_;
  std::vector<std::uint8_t> frames_;  // two a flow, by direction
  std::vector<std::uint16_t> numbers_;
  std::vector<bool> is_call_;
  std::uint32_t frame_bytes_ = 0;
  std::size_t next_ = 0, from_ = 0, end_ = 0;  // frames: of those, the next
  time_point now_, idle_at_;
  nanoseconds step_{0};
  std::uint32_t attached_ = 0;
  std::uint64_t measured_ = 0, acted_ = 0;
  std::array<packet_view, engine::burst_max> views_;
  std::array<engine::decision, engine::burst_max> decisions_;
};

}  // namespace callweir::bench

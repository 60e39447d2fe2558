// What one worker does with a burst: decode, classify, look up the policy, decide. Orders of the
// control thread are carried out between bursts.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "capture/decode.hpp"
#include "capture/link_config.hpp"
#include "classify/classifier.hpp"
#include "engine/commands.hpp"
#include "engine/counter.hpp"
#include "engine/event_ring.hpp"
#include "engine/flow_attributes.hpp"
#include "engine/packet_pipeline.hpp"

namespace callweir::engine {

/// What one link carried: L3 bytes and packets as they arrived, [0 of flows in a call, 1 all
/// else][side they came from], and what policies did. Overload that sheds accounting leaves them
/// behind.
struct link_counters {
  std::array<std::array<counter, 2>, 2> packets, bytes;
  counter dropped, delayed;
};

/// Counters of one pipeline: its thread writes, anyone reads.
struct pipeline_counters {
  counter packets, bytes;                            // L3 bytes; frames without L3 count 0
  std::array<counter, decode_status_count> decoded;  // by decode_status
  std::array<counter, shaper::fate_reason_count>
      held;  // by fate_reason: frames put into the delay line
  std::array<counter, shaper::fate_reason_count> dropped;  // by fate_reason
  counter untracked;  // decoded, but the flow table had no room
  counter shed;       // forwarded without a look: overload
  counter bindings;   // flows bound to a policy line
  std::array<link_counters, capture::links_max> links;
};

class pipeline final : public packet_pipeline {
 public:
  struct options {
    classify::classifier_config classify;
    std::uint32_t calls_max = 20'000;
  };
  /// `events` and `channel` outlive the pipeline. All memory is taken here.
  pipeline(const options& wanted, event_ring& events, worker_channel& channel);

  void process(std::span<packet_view> burst, time_point now,
               std::span<decision> out) noexcept override;
  void idle(time_point now) noexcept override;
  void set_load(load_level level) noexcept override;

  const pipeline_counters& counters() const noexcept { return counters_; }
  const classify::classifier& classifier() const noexcept { return classifier_; }

 private:
  void take_orders() noexcept;
  void carry_out(const command& order) noexcept;
  void count(const packet_view& packet, bool in_call) noexcept;
  void bind(classify::flow_index flow, time_point now) noexcept;
  void decide(const packet_view& packet, const classify::packet_flow& where, time_point now,
              decision& out) noexcept;

  capture::decoder decoder_;
  classify::classifier classifier_;
  worker_channel& channel_;
  const policies_in_force* policies_ = nullptr;
  std::uint32_t refreshed_ = 0;
  load_level load_ = load_level::normal;
  std::vector<call_facts> calls_;  // by slot, as the control thread told
  pipeline_counters counters_;
};

}  // namespace callweir::engine

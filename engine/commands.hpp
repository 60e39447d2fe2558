// What passes between one worker and the control thread besides flow events: orders one way, what
// policies decided the other way, and the policies themselves.
#pragma once

#include <atomic>
#include <cstdint>

#include "classify/classifier.hpp"
#include "engine/spsc_ring.hpp"
#include "shaper/policy_set.hpp"

namespace callweir::engine {

/// An order to a worker, carried out between bursts.
struct command {
  enum class kind : std::uint8_t { attach_call, expect_media } what = kind::attach_call;
  bool emergency = false;
  side call_initiator = side::inside;  // of the call's first media flow
  classify::flow_index flow = classify::no_flow;
  classify::call_slot call = classify::no_call;
  std::uint64_t flow_id = 0;
  std::uint64_t call_key = 0;  // unique for the life of the process
  verdict call_what;
  classify::dialog_notice dialog;  // expect_media
};

/// A flow came to another policy line.
struct binding {
  time_point at;
  classify::flow_identity flow;
  verdict what;
  classify::call_slot call = classify::no_call;
  std::uint32_t generation = 0;  // of the policies
  std::int32_t line = -1;        // index into the document's lines, -1 the built-in allow
  shaper::action_kind action = shaper::action_kind::allow;
};

/// Policies in force, shared by all workers. The control thread publishes a new set; a worker that
/// sees it binds its flows anew and acknowledges; when all have, the old set can go.
struct policies_in_force {
  shaper::policy_set* set = nullptr;
  std::uint32_t generation = 0;
};

/// One worker's end. Each field has one writer.
struct worker_channel {
  static constexpr std::uint32_t commands_default = 8192;
  static constexpr std::uint32_t bindings_default = 16'384;
  explicit worker_channel(std::uint32_t commands_max = commands_default,
                          std::uint32_t bindings_max = bindings_default)
      : commands(commands_max), bindings(bindings_max) {}

  spsc_ring<command> commands;                                        // control thread to worker
  spsc_ring<binding> bindings;                                        // worker to control thread
  std::atomic<std::uint64_t> bindings_lost{0};                        // worker writes
  alignas(64) std::atomic<const policies_in_force*> wanted{nullptr};  // control thread writes
  std::atomic<std::uint32_t> refresh{
      0};  // control thread raises it: schedules flipped, bind flows anew
  alignas(64) std::atomic<std::uint32_t> adopted{0};  // generation; worker writes
};

}  // namespace callweir::engine

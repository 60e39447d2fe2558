// Policies are replaced, steered and rolled back by the control thread while workers bind flows and
// apply lines: none uses a set that is gone. Run under ThreadSanitizer, too.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "engine/policy_keeper.hpp"

namespace callweir::engine {
namespace {

constexpr std::uint32_t calls_max = 64;

policy_source source_of(int variant) {
  const std::string rate = std::to_string(8 + variant) + "kbit";
  const std::string text =
      "links:\n  - { name: up, inside: { kernel: a }, outside: { kernel: b }, inside_networks: "
      "[10.0.0.0/8] }\nschedules: { always: \"daily 00:00-24:00\" }\nemergency: { peers: "
      "[10.0.9.9] }\npolicies:\n"
      "  - { name: video, match: { role: video }, action: { limit: { rate: " +
      rate +
      ", per: host } } }\n"
      "  - { name: soft, match: { voip: true, call: true }, action: { degrade: { mos: " +
      "1." + std::to_string(1 + variant % 9) +
      " } }, mode: " + (variant % 3 == 2 ? "observe" : "enforce") +
      " }\n"
      "  - { name: rest, match: { schedule: always }, action: { limit: { rate: 1Mbit, per: policy "
      "} } }\n";
  auto whole = read_configuration(text, "swap.yaml");
  EXPECT_TRUE(whole.has_value()) << (whole ? "" : whole.error().front().text());
  return {*whole, text, "swap.yaml"};
}

shaper::flow_attributes flow_of(std::uint32_t number) {
  shaper::flow_attributes flow;
  flow.source = ip_address::v4(0x0a000000 + number % 50);
  flow.destination = ip_address::v4(0xc0000200 + number);
  flow.flow_id = number + 1;
  flow.what.voip = true;
  flow.what.confidence_pct = 97;
  flow.what.role = number % 2 == 0 ? flow_role::media : flow_role::voice;
  flow.in_call = number % 5 != 0;
  if (flow.in_call) {
    flow.call = number % calls_max;
    flow.call_key = number + 1;
  }
  return flow;
}

/// What a worker does: adopt, bind, apply.
void work(worker_channel& channel, std::uint32_t number, const std::atomic<bool>& stop,
          std::atomic<std::uint64_t>& applied) {
  const policies_in_force* mine = nullptr;
  std::vector<std::uint32_t> handles(200);
  packet_view packet;
  packet.l3_bytes = 200;
  std::int64_t tick = 0;
  while (!stop.load()) {
    const auto* wanted = channel.wanted.load(std::memory_order_acquire);
    const bool fresh = wanted != mine;
    if (fresh) {
      mine = wanted;
      channel.adopted.store(mine->generation, std::memory_order_release);
    }
    for (std::uint32_t i = 0; i < handles.size(); ++i) {
      const time_point now{1'700'000'000'000'000'000 + ++tick * 1'000'000};
      if (fresh) handles[i] = mine->set->bind(flow_of(i + 200 * number), now, handles[i]);
      packet.from = i % 3 == 0 ? side::outside : side::inside;
      auto fate = mine->set->apply(handles[i], packet, forward, flow_role::voice, now);
      if (fate.stale) handles[i] = mine->set->bind(flow_of(i + 200 * number), now, handles[i]);
      ++applied;
    }
  }
}

TEST(policy_swap, workers_and_the_control_thread_share_sets_without_a_lock) {
  worker_channel channels[2]{worker_channel(16, 16), worker_channel(16, 16)};
  policy_keeper keeper({&channels[0], &channels[1]}, {"up"}, calls_max);
  const time_point begin{1'700'000'000'000'000'000};
  ASSERT_TRUE(keeper.apply(source_of(0), std::nullopt, begin).has_value());
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> applied{0};
  std::vector<std::thread> workers;
  for (std::uint32_t i = 0; i < 2; ++i)
    workers.emplace_back([&, i] { work(channels[i], i, stop, applied); });
  int swaps = 0;
  for (int i = 1; swaps < 40 && i < 20'000; ++i) {
    const time_point now = begin + i * std::chrono::seconds(1);
    if (i % 7 == 3) {
      swaps += keeper.rollback(now).has_value() ? 1 : 0;
    } else {
      swaps += keeper.apply(source_of(i), std::nullopt, now).has_value() ? 1 : 0;
    }
    for (std::uint32_t call = 0; call < calls_max; ++call) {
      if (keeper.current().degrading(call) != nullptr) {
        keeper.current().set_impairment(call, forward,
                                        {.loss = 0.2,
                                         .burst = std::chrono::milliseconds(200),
                                         .delay = std::chrono::milliseconds(100),
                                         .cap = {}});
      }
      (void)keeper.current().taken(call, forward);
      if ((call + static_cast<std::uint32_t>(i)) % 16 == 0) keeper.current().forget_call(call);
    }
    for (std::size_t line = 0; line < 3; ++line) (void)keeper.current().counters(line);
    keeper.tick(now);
    std::this_thread::yield();
  }
  stop.store(true);
  for (auto& worker : workers) worker.join();
  EXPECT_EQ(swaps, 40);
  EXPECT_GT(applied.load(), 1'000u);
}

}  // namespace
}  // namespace callweir::engine

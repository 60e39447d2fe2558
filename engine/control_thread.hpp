// The one thread beside the workers: takes their events, keeps calls and hosts, steers degraded
// calls each second, swaps policies, answers questions. Nothing of it is on a packet's way; when it
// falls behind, events are lost and counted.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "classify/call_tracker.hpp"
#include "engine/commands.hpp"
#include "engine/control_observer.hpp"
#include "engine/degrade_control.hpp"
#include "engine/event_ring.hpp"
#include "engine/flow_book.hpp"
#include "engine/policy_keeper.hpp"
#include "engine/record_journal.hpp"

namespace callweir::engine {

/// One worker's queues, owned by whoever owns the workers.
struct worker_queues {
  event_ring* events = nullptr;
  worker_channel* channel = nullptr;
};

struct control_options {
  classify::call_tracker_config calls;
  std::uint32_t book_flows_max = 65'536;
  std::array<std::uint64_t, 2> seed{};
  std::vector<std::string> links;  // names by index
  /// Sees each event of the workers, on the control thread.
  std::function<void(const classify::flow_event&)> tap;
  control_observer* observer = nullptr;  // outlives the thread
  record_journal* journal = nullptr;     // for what the thread itself has to say; outlives it
};

/// What the control thread knows. Only for jobs that run on it.
struct control_state {
  classify::call_tracker tracker;
  flow_book book;
  degrade_control degrade;
  policy_keeper policies;
  std::uint64_t events = 0;       // taken since the start
  std::uint64_t orders_lost = 0;  // orders that found no room
  std::vector<std::string> links;
  time_point now;
};

class control_thread {
 public:
  control_thread(const control_options& options, std::vector<worker_queues> workers);
  ~control_thread();

  /// The first policies; before start().
  result<void> begin(policy_source source, time_point now);
  void start();
  void stop();

  /// Any thread: runs `job` on the control thread and waits for it. False when it did not get its
  /// turn within `patience`, or the thread does not run.
  bool run(std::function<void(control_state&)> job,
           std::chrono::milliseconds patience = std::chrono::seconds(5));

  /// Events lost by all workers.
  std::uint64_t lost() const noexcept;
  /// One round, for tests: takes what waits; true when there was anything.
  bool step(time_point now);
  control_state& state() { return state_; }

 private:
  struct job {
    std::function<void(control_state&)> work;
    enum class stage : std::uint8_t { waiting, running, done, given_up } at = stage::waiting;
  };
  void loop();
  bool take_events(worker_queues& worker, std::size_t index);
  bool take_bindings(worker_queues& worker);
  bool run_jobs();
  void send_requests();
  void spread(const classify::flow_event& event, std::size_t from);
  void order(std::size_t worker, const command& what);
  void flush_orders();
  void each_second(time_point now);
  void forget_ended();

  std::vector<worker_queues> workers_;
  std::function<void(const classify::flow_event&)> tap_;
  control_observer* observer_;
  record_journal* journal_;
  std::vector<std::deque<command>> waiting_orders_;  // by worker, bounded
  control_state state_;
  std::vector<std::pair<classify::call_slot, std::string>> active_;  // as of the last second
  time_point next_second_{};
  steady_clock clock_;

  std::thread thread_;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<job>> jobs_;
};

}  // namespace callweir::engine

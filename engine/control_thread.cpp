#include "engine/control_thread.hpp"

#include <algorithm>

#include "base/applications.hpp"
#include "base/log.hpp"
#include "engine/audit.hpp"

namespace callweir::engine {
namespace {

constexpr int events_a_round = 4096;  // of one worker, before the others get their turn
constexpr std::size_t orders_waiting_max = 65'536;
constexpr std::size_t jobs_max = 64;
constexpr auto pause = std::chrono::milliseconds(2);  // when there is nothing to do

/// FNV-1a: a call's id is unique for the life of the process, its slot is not. Never 0.
std::uint64_t key_of(const std::string& call_id) {
  std::uint64_t h = 0xcbf29ce484222325ULL;
  for (const char c : call_id) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return h | 1;
}

}  // namespace

control_thread::control_thread(const control_options& options, std::vector<worker_queues> workers)
    : workers_(std::move(workers)),
      tap_(options.tap),
      observer_(options.observer),
      journal_(options.journal),
      waiting_orders_(workers_.size()),
      state_{classify::call_tracker(options.calls),
             flow_book(options.book_flows_max, options.seed, options.links),
             {},
             policy_keeper(
                 [&] {
                   std::vector<worker_channel*> channels;
                   for (const auto& worker : workers_) channels.push_back(worker.channel);
                   return channels;
                 }(),
                 options.links, options.calls.calls_max),
             0,
             0,
             options.links,
             {}} {}

control_thread::~control_thread() {
  stop();
}

result<void> control_thread::begin(policy_source source, time_point now) {
  state_.now = now;
  return state_.policies.apply(std::move(source), std::nullopt, now);
}

void control_thread::start() {
  stopping_.store(false);
  thread_ = std::thread([this] { loop(); });
}

void control_thread::stop() {
  if (!thread_.joinable()) return;
  stopping_.store(true);
  changed_.notify_all();
  thread_.join();
}

void control_thread::loop() {
  while (!stopping_.load()) {
    bool busy = false;
    try {
      const auto now = clock_.now();
      const auto wall = std::chrono::system_clock::now().time_since_epoch();
      state_.policies.set_clock(std::chrono::duration_cast<nanoseconds>(wall) -
                                nanoseconds{now.ns});
      busy = step(now);
    } catch (const std::exception& problem) {  // out of memory in a library: packets must not care
      log::error("control", "{}", problem.what());
    }
    if (busy) continue;
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, pause, [this] { return !jobs_.empty() || stopping_.load(); });
  }
  run_jobs();
}

bool control_thread::run(std::function<void(control_state&)> work,
                         std::chrono::milliseconds patience) {
  auto mine = std::make_shared<job>();
  mine->work = std::move(work);
  std::unique_lock lock(mutex_);
  if (!thread_.joinable() || stopping_.load() || jobs_.size() >= jobs_max) return false;
  jobs_.push_back(mine);
  changed_.notify_all();
  const bool in_time =
      changed_.wait_for(lock, patience, [&] { return mine->at == job::stage::done; });
  if (in_time) return true;
  if (mine->at == job::stage::waiting) {
    mine->at = job::stage::given_up;
    return false;
  }
  // It has begun and refers to the caller's variables: it must be waited for, however long it
  // takes.
  changed_.wait(lock, [&] { return mine->at == job::stage::done; });
  return true;
}

bool control_thread::run_jobs() {
  std::unique_lock lock(mutex_);
  const bool any = !jobs_.empty();
  while (!jobs_.empty()) {
    const auto next = jobs_.front();
    jobs_.pop_front();
    if (next->at == job::stage::given_up) continue;
    next->at = job::stage::running;
    lock.unlock();
    try {
      next->work(state_);
    } catch (const std::exception& problem) {
      log::error("control", "a request failed: {}", problem.what());
    }
    lock.lock();
    next->at = job::stage::done;
    changed_.notify_all();
  }
  return any;
}

bool control_thread::step(time_point now) {
  state_.now = now;
  bool busy = false;
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    busy |= take_events(workers_[i], i);
    busy |= take_bindings(workers_[i]);
  }
  send_requests();
  flush_orders();
  busy |= run_jobs();
  if (now >= next_second_) {
    next_second_ = now + std::chrono::seconds(1);
    each_second(now);
    if (observer_ != nullptr) observer_->each_second(state_, now);
  }
  return busy;
}

bool control_thread::take_events(worker_queues& worker, std::size_t index) {
  int taken = 0;
  for (; taken < events_a_round; ++taken) {
    const classify::flow_event* waiting = worker.events->front();
    if (waiting == nullptr) break;
    // Taken out first: one that a library throws at must not come again and again.
    const classify::flow_event event = *waiting;
    worker.events->drop();
    state_.tracker.on_event(event);
    state_.book.on_event(event);
    if (tap_) tap_(event);
    if (observer_ != nullptr) observer_->on_event(state_, event);
    if (event.type == classify::flow_event::kind::dialog) spread(event, index);
  }
  state_.events += static_cast<std::uint64_t>(taken);
  return taken > 0;
}

bool control_thread::take_bindings(worker_queues& worker) {
  int taken = 0;
  for (; taken < events_a_round; ++taken) {
    const binding* waiting = worker.channel->bindings.front();
    if (waiting == nullptr) break;
    const binding told = *waiting;
    worker.channel->bindings.drop();
    state_.book.on_binding(told, state_.policies.line_name(told.generation, told.line));
    if (observer_ != nullptr) observer_->on_binding(state_, told);
  }
  return taken > 0;
}

/// Clear signalling that one worker saw announces media that another may get.
void control_thread::spread(const classify::flow_event& event, std::size_t from) {
  if (workers_.size() < 2 || event.dialog.endpoints == 0) return;
  command what;
  what.what = command::kind::expect_media;
  what.dialog = event.dialog;
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    if (i != from) order(i, what);
  }
}

void control_thread::send_requests() {
  for (const auto& request : state_.tracker.take_requests()) {
    if (request.worker >= workers_.size()) continue;
    const classify::tracked_call* call = state_.tracker.find(request.call);
    command what;
    what.what = command::kind::attach_call;
    what.emergency = request.emergency;
    what.flow = request.flow;
    what.flow_id = request.flow_id;
    what.call = request.call;
    what.call_what = request.call_what;
    what.call_key = call != nullptr ? key_of(call->id) : 0;
    if (call != nullptr) what.call_initiator = call->initiator;
    // A flow keeps the name of a call that is over; of one that was none it loses it.
    if (call != nullptr || request.mistaken) {
      state_.book.attach(request.flow_id, request.call, call != nullptr ? call->id : std::string(),
                         request.emergency);
    }
    order(request.worker, what);
  }
}

void control_thread::order(std::size_t worker, const command& what) {
  auto& waiting = waiting_orders_[worker];
  if (waiting.empty() && workers_[worker].channel->commands.push(what)) return;
  if (waiting.size() >= orders_waiting_max) {
    ++state_.orders_lost;
    return;
  }
  waiting.push_back(what);
}

void control_thread::flush_orders() {
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    auto& waiting = waiting_orders_[i];
    while (!waiting.empty() && workers_[i].channel->commands.push(waiting.front())) {
      waiting.pop_front();
    }
  }
}

void control_thread::each_second(time_point now) {
  state_.tracker.tick(now);
  send_requests();
  if (!state_.policies.running()) return;
  if (state_.policies.tick(now)) {
    log::warning("policy", "not confirmed in time: back to the earlier policies");
    audit(journal_, "engine", "policy-rollback",
          "policies not confirmed in time: back to " + state_.policies.source().name);
  }
  const std::size_t before = state_.degrade.size();
  state_.degrade.step(state_.tracker, state_.policies.current(), now);
  if (state_.degrade.size() != before) {
    log::info("policy", "{} calls are being degraded", state_.degrade.size());
  }
  forget_ended();
}

/// A slot that was active a second ago and is not, or belongs to another call now, takes its unit
/// along.
void control_thread::forget_ended() {
  std::vector<std::pair<classify::call_slot, std::string>> active;
  for (const auto slot : state_.tracker.active()) {
    if (const auto* call = state_.tracker.find(slot); call != nullptr) {
      active.emplace_back(slot, call->id);
    }
  }
  std::sort(active.begin(), active.end());
  for (const auto& [slot, id] : active_) {
    (void)id;
    const auto found =
        std::lower_bound(active.begin(), active.end(), std::pair(slot, std::string()));
    // A slot that has another call by now was bound anew with that call's key, which resets its
    // unit.
    if (found != active.end() && found->first == slot) continue;
    state_.policies.current().forget_call(slot);
    state_.degrade.forget(slot);
  }
  active_ = std::move(active);
}

std::uint64_t control_thread::lost() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& worker : workers_) {
    sum += worker.events->lost() + worker.channel->bindings_lost.load(std::memory_order_relaxed);
  }
  return sum;
}

}  // namespace callweir::engine

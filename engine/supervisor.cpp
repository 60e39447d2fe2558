#include "engine/supervisor.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <thread>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "capture/kernel_interface.hpp"
#include "capture/xdp_program.hpp"
#include "engine/back_off.hpp"
#include "engine/child_process.hpp"
#include "engine/port_setup.hpp"
#include "engine/restart_policy.hpp"

namespace callweir::engine {
namespace {

constexpr long tick_ns = 10'000'000;
constexpr int stop_patience_ms = 3000;
constexpr nanoseconds interfaces_every = std::chrono::milliseconds(200);
constexpr nanoseconds interfaces_pause = std::chrono::seconds(2);  // after a set-up that failed
constexpr nanoseconds dashboard_pause_min = std::chrono::seconds(2);
constexpr nanoseconds dashboard_pause_max = std::chrono::seconds(60);
constexpr nanoseconds dashboard_settled = std::chrono::seconds(30);

std::int64_t wall_ns() {
  return steady_clock().now().ns;
}

time_point monotonic() {
  return {steady_clock::monotonic_ns()};
}

/// Waits for the end of one engine in a thread of its own, ahead of all ordinary work, and gives
/// the kernel the frames back the moment it comes: the dying engine's sockets stay open until its
/// memory is torn down.
class death_watch {
 public:
  death_watch(shared_state& shared, const std::vector<int>& interfaces)
      : thread_([this, &shared, &interfaces] {
          const urgent_section urgent;
          if (!await_death(shared, give_up_)) return;
          for (const int index : interfaces) (void)capture::unhook_xdp(index);
        }) {}
  ~death_watch() {
    give_up_.store(true);
    thread_.join();
  }

 private:
  std::atomic<bool> give_up_{false};
  std::thread thread_;
};

class supervisor {
 public:
  supervisor(const supervisor_options& options, shared_mapping& shared)
      : options_(options), shared_(shared), interfaces_(kernel_indices(options.links)) {}

  int run();

 private:
  void start_engine();
  void watch_engine(time_point now);
  void note_absence();
  void engine_ended(int status, time_point now);
  void take_packets_back();
  void raise_held_ports();
  void watch_heartbeats(time_point now);
  bool is_late(time_point now) const;
  void kill_engine(const char* why);
  void watch_interfaces(time_point now);
  void watch_dashboard(time_point now);
  void stop_all();
  void alarm_on(alarm bit) { shared_->alarms.fetch_or(bit); }
  void alarm_off(alarm bit) { shared_->alarms.fetch_and(~static_cast<std::uint32_t>(bit)); }
  void absent(bool now_absent);

  const supervisor_options& options_;
  shared_mapping& shared_;
  std::vector<int> interfaces_;
  restart_policy policy_;
  std::optional<child_process> engine_, dashboard_;
  std::unique_ptr<death_watch> watch_;
  bool without_ndpi_ = false;
  bool was_ready_ = false;  // this engine
  bool killed_ = false;     // this engine, by us
  bool ever_ready_ = false;
  bool absent_ = false;
  time_point started_{}, ready_since_{}, start_at_{}, dashboard_at_{}, last_tick_{};
  time_point withheld_since_{}, interfaces_at_{};
  nanoseconds dashboard_pause_ = dashboard_pause_min;
  std::optional<int> exit_with_;
};

void supervisor::absent(bool now_absent) {
  if (absent_ == now_absent) return;
  absent_ = now_absent;
  if (options_.on_engine_absent) options_.on_engine_absent(now_absent);
}

void supervisor::take_packets_back() {
  for (const int index : interfaces_)
    if (const auto done = capture::unhook_xdp(index); !done)
      log::error("supervisor", "interface {}: {}", index, done.error().text());
}

/// What a dead engine held down. A port that somebody else took down stays as it is.
void supervisor::raise_held_ports() {
  for (std::size_t i = 0; i < options_.links.size() && i < capture::links_max; ++i)
    for (const side which : {side::inside, side::outside}) {
      auto& mark = shared_->link[i].held_down[static_cast<int>(which)];
      if (mark.exchange(0) == 0) continue;
      const auto& link = options_.links[i];
      const auto& config = which == side::inside ? link.inside : link.outside;
      if (config.type != capture::port_config::kind::kernel) continue;
      if (const auto port = capture::kernel_interface::open(config.device))
        (void)port->set_admin_up(true);
    }
}

void supervisor::start_engine() {
  absent(false);
  watch_.reset();
  renew_sign_of_life(*shared_);
  shared_->ready.store(0);
  shared_->withheld.store(0);
  for (auto& each : shared_->worker) each.heartbeat_ns.store(0);
  std::vector<std::string> argv = {"/proc/self/exe"};
  argv.insert(argv.end(), options_.engine_arguments.begin(), options_.engine_arguments.end());
  argv.push_back("--shared-fd");
  argv.push_back(std::to_string(shared_.fd()));
  if (without_ndpi_) argv.emplace_back("--without-ndpi");
  auto child = child_process::start(argv, shared_.fd());
  started_ = monotonic();
  was_ready_ = killed_ = false;
  if (!child) {
    log::error("supervisor", "{}", child.error().text());
    engine_ended(1, started_);
    return;
  }
  engine_ = *child;
  shared_->engine_pid.store(engine_->pid());
}

bool supervisor::is_late(time_point now) const {
  for (std::uint32_t i = 0; i < shared_->workers.load() && i < capture::workers_max; ++i) {
    const auto beat = shared_->worker[i].heartbeat_ns.load();
    if (beat != 0 && now - time_point{beat} > options_.heartbeat_patience) return true;
  }
  return false;
}

void supervisor::kill_engine(const char* why) {
  take_packets_back();
  engine_->send(SIGKILL);
  killed_ = true;
  log::error("supervisor", "the engine {}: killed", why);
}

/// A late heartbeat costs inspection at once and the engine only when it lasts. A busy machine
/// keeps a healthy worker from running for hundreds of milliseconds; to start again would take it
/// longer, and the calls with it.
void supervisor::watch_heartbeats(time_point now) {
  if (shared_->withheld.load() != 0) {
    if (now - withheld_since_ <= options_.hang_patience) return;
    alarm_on(alarm_engine_hung);
    kill_engine("stopped answering");
    return;
  }
  if (!is_late(now)) return;
  take_packets_back();
  withheld_since_ = now;
  shared_->withheld_since_ns.store(wall_ns());
  shared_->stalls.fetch_add(1);
  shared_->withheld.store(1);
  log::warning("supervisor", "a worker is late: traffic passes uninspected until it answers");
}

/// An interface that was taken away and came back under its name (a card plugged in again, a veth
/// made anew) is another one to the kernel: without pass-through, and the engine's sockets are
/// those of the old one.
void supervisor::watch_interfaces(time_point now) {
  if (now < interfaces_at_) return;
  interfaces_at_ = now + interfaces_every;
  const auto there = kernel_indices(options_.links);
  if (there == interfaces_ || std::find(there.begin(), there.end(), 0) != there.end()) return;
  if (const auto done = set_up_ports(options_.links, options_.workers); !done) {
    log::error("supervisor", "an interface came back and cannot be used: {}", done.error().text());
    interfaces_at_ = now + interfaces_pause;
    return;
  }
  log::warning("supervisor", "an interface came back: the engine starts again");
  watch_.reset();
  note_absence();
  take_packets_back();
  if (engine_) engine_->stop(stop_patience_ms);
  engine_.reset();
  interfaces_ = there;
  start_engine();
}

/// For the gap that the next engine tells. The first of several in a row is when it began.
void supervisor::note_absence() {
  if (!was_ready_ || shared_->absent_since_ns.load() != 0) return;
  const bool withheld = shared_->withheld.load() != 0;
  shared_->absent_since_ns.store(withheld ? shared_->withheld_since_ns.load() : wall_ns());
}

void supervisor::engine_ended(int status, time_point now) {
  note_absence();
  take_packets_back();
  engine_.reset();
  shared_->engine_pid.store(0);
  shared_->ready.store(0);
  raise_held_ports();
  if (status == exit_usage && !ever_ready_) {
    exit_with_ = exit_usage;  // it has said why
    return;
  }
  const auto plan = policy_.after_crash(now, was_ready_ ? now - ready_since_ : nanoseconds{0});
  start_at_ = now + plan.wait;
  shared_->restarts.fetch_add(1);
  alarm_on(alarm_engine_crashed);
  // An engine that finds a port missing says so by its status: nDPI has no part in that.
  const bool suspect_ndpi = plan.how != restart_policy::mode::full && status != exit_usage;
  const auto how =
      status >= 128 ? "signal " + std::to_string(status - 128) : "status " + std::to_string(status);
  if (plan.how == restart_policy::mode::pass_through) {
    shared_->pass_through.store(1);
    alarm_on(alarm_pass_through);
    log::error("supervisor",
               "the engine ended with {}, crash {} in a row: traffic passes uninspected, next "
               "attempt in {} s",
               how, policy_.crashes(), static_cast<int>(to_seconds(plan.wait)));
  } else {
    log::warning("supervisor", "the engine ended with {}, crash {} in a row: restarting{}", how,
                 policy_.crashes(), suspect_ndpi ? " without nDPI" : "");
  }
  without_ndpi_ = suspect_ndpi;
  if (suspect_ndpi) alarm_on(alarm_without_ndpi);
  if (plan.wait > nanoseconds{0}) absent(true);
}

void supervisor::watch_engine(time_point now) {
  if (!engine_) {
    if (now >= start_at_) start_engine();
    return;
  }
  if (const auto status = engine_->ended()) {
    engine_ended(*status, now);
    return;
  }
  if (!was_ready_ && shared_->ready.load() != 0) {
    was_ready_ = ever_ready_ = true;
    ready_since_ = now;
    watch_ = std::make_unique<death_watch>(*shared_, interfaces_);
    shared_->pass_through.store(0);
    alarm_off(alarm_pass_through);
    if (!without_ndpi_) alarm_off(alarm_without_ndpi);
    log::info("supervisor", "engine {} forwards", engine_->pid());
  }
  // When we ourselves were kept from running, the heartbeats are as late as we are.
  if (now - last_tick_ > options_.heartbeat_patience / 2) return;
  if (!killed_ && was_ready_) watch_heartbeats(now);
  if (!killed_ && !was_ready_ && now - started_ > options_.start_patience)
    kill_engine("did not become ready in time");
  if (!policy_.crashed_lately(now)) {
    alarm_off(alarm_engine_crashed);
    alarm_off(alarm_engine_hung);
  }
}

void supervisor::watch_dashboard(time_point now) {
  if (options_.dashboard_argv.empty()) return;
  if (dashboard_) {
    if (const auto status = dashboard_->ended()) {
      // One that keeps dying is tried ever less often.
      if (now - dashboard_at_ >= dashboard_settled) dashboard_pause_ = dashboard_pause_min;
      log::warning("supervisor", "the dashboard ended with {}: restarting in {} s", *status,
                   static_cast<int>(to_seconds(dashboard_pause_)));
      dashboard_.reset();
      shared_->dashboard_pid.store(0);
      dashboard_at_ = now + dashboard_pause_;
      dashboard_pause_ = std::min(2 * dashboard_pause_, dashboard_pause_max);
      alarm_on(alarm_dashboard_down);
    } else if (now - dashboard_at_ >= dashboard_settled) {
      alarm_off(alarm_dashboard_down);
    }
    return;
  }
  if (now < dashboard_at_) return;
  dashboard_at_ = now;
  if (auto child = child_process::start(options_.dashboard_argv, -1,
                                        child_process::importance::expendable)) {
    dashboard_ = *child;
    shared_->dashboard_pid.store(child->pid());
  } else {
    log::warning("supervisor", "no dashboard: {}", child.error().text());
    dashboard_at_ = now + dashboard_pause_max;
    alarm_on(alarm_dashboard_down);
  }
}

void supervisor::stop_all() {
  if (dashboard_) dashboard_->send(SIGTERM);
  if (engine_) engine_->stop(stop_patience_ms);
  take_packets_back();
  raise_held_ports();
  watch_.reset();
  if (dashboard_) dashboard_->stop(stop_patience_ms);
}

int supervisor::run() {
  sigset_t ours;
  sigemptyset(&ours);
  for (const int signal : {SIGTERM, SIGINT, SIGCHLD}) sigaddset(&ours, signal);
  sigprocmask(SIG_BLOCK, &ours, nullptr);
  setpriority(PRIO_PROCESS, 0, -15);
  shared_->supervisor_pid.store(getpid());
  last_tick_ = monotonic();
  start_engine();
  while (!exit_with_) {
    const timespec tick{0, tick_ns};
    const int signal = sigtimedwait(&ours, nullptr, &tick);
    if (signal == SIGTERM || signal == SIGINT) exit_with_ = exit_done;
    if (exit_with_) break;
    const auto now = monotonic();
    watch_engine(now);
    watch_interfaces(now);
    watch_dashboard(now);
    last_tick_ = now;
  }
  stop_all();
  return *exit_with_;
}

}  // namespace

int supervise(const supervisor_options& options, shared_mapping& shared) {
  capture::quiet_xdp_libraries();
  auto lock = port_lock::take(options.links);
  const auto refuse = [](const error& why) {
    std::fprintf(stderr, "callweir: %s\n", why.text().c_str());
    return static_cast<int>(exit_usage);
  };
  if (!lock) return refuse(lock.error());
  if (options.on_ports_held) options.on_ports_held();
  if (const auto done = set_up_ports(options.links, options.workers); !done)
    return refuse(done.error());
  return supervisor(options, shared).run();
}

}  // namespace callweir::engine

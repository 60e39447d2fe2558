#include "bench/latency.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <sched.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <thread>

#include "bench/figures.hpp"
#include "bench/latency/load_figures.hpp"
#include "bench/progress.hpp"
#include "bench/traffic/driven_pipeline.hpp"
#include "engine/worker.hpp"

namespace callweir::bench {
namespace {

constexpr std::uint32_t new_per_s = 1'000;
constexpr double trial_s = 0.4;
constexpr int attempts = 3;
constexpr int halvings = 8;
constexpr int floods = 5;
constexpr int slices_least = 5;  // of each kind at a load, at most a second long
constexpr double flood_s = 0.03;
constexpr double pace_s = 0.1;
constexpr nanoseconds flows_idle_after = std::chrono::seconds(30);

constexpr const char* policies =
    "policies:\n"
    "- { name: softphones, match: { voip: true }, action: { degrade: { mos: 1.8 } },"
    " mode: observe }\n"
    "- { name: rest, match: {}, action: allow }\n";

void use_core(unsigned core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

/// The engine's own worker and pipeline on the last core; generator and control thread on the
/// first.
class latency_rig {
 public:
  explicit latency_rig(const latency_options& options)
      : hz_(tsc_hz()),
        plan_(plan_traffic(options.flows, new_per_s,
                           classify::classifier::sweep_round(options.flows) / 2)),
        pool_(start_frames(16'384)),
        warm_(clock_.now() - nanoseconds(warm_up_ns())),
        traffic_(plan_, shapes_, warm_),
        passed_by_(plan_, shapes_, warm_),
        appliance_(wanted(), 1, [this] { return now(); }),
        line_(appliance_.worker(0)),
        watch_(line_, cycles(50e-6), cycles(options.busy_poll ? 50e-6 : 550e-6)),
        inside_("inside", side::inside, watch_),
        outside_("outside", side::outside, watch_),
        sink_(watch_),
        generator_(traffic_, pool_, inside_, outside_, hz_),
        bypass_generator_(passed_by_, pool_, inside_, outside_, hz_),
        worker_({{&inside_, &sink_}, {&outside_, &sink_}}, line_, state_, bypass_, gate_,
                {8'192, options.busy_poll}) {}

  ~latency_rig() {
    worker_.stop();
    gate_.store(true);
    if (thread_.joinable()) thread_.join();
  }

  /// Opens the flows on a clock that runs ahead to the present, then lets the worker go.
  void start() {
    capture_thread();
    traffic_.set_pace(plan_.packets_per_s());
    driven_pipeline drive(line_, traffic_, pool_);
    while (traffic_.now() < warm_ + nanoseconds(warm_up_ns())) {
      drive.burst();
      warm_clock_ns_.store(drive.now().ns, std::memory_order_relaxed);
    }
    warm_up_passed_by();
    live_.store(true);
    thread_ = std::thread([this] {
      name_thread("worker");
      use_core(std::thread::hardware_concurrency() - 1);
      worker_.run();
    });
    gate_.store(true, std::memory_order_release);
    engine::back_off::prepare_thread();
    settle();
  }

  /// The highest rate at which no ring overflows while the worker has its core, and nothing is
  /// shed, in frames a second; 0 when there is none.
  double find_highest(progress& told) {
    double high = 0, low = 0;
    for (int i = 0; i < floods; ++i) {
      told.show("looking for the highest rate", 0);
      high = std::max(high, generator_.flood(flood_s).per_s() * 1.1);
      settle();
    }
    for (int i = 0; i < halvings; ++i) {
      told.show("looking for the highest rate", static_cast<double>(i) / halvings);
      const double rate = low == 0 ? high * 0.8 : (low + high) / 2;
      (carries(rate) ? low : high) = rate;
    }
    return low;
  }

  /// `seconds` with the engine, in turn with as many in which the worker only passes frames on.
  std::unique_ptr<load_figures> measure(double pct, double per_s, double seconds) {
    auto out = std::make_unique<load_figures>();
    out->pct = pct;
    const auto& counters = line_.classifier().counters();
    const auto inspected = counters.inspected.get(), shed = shed_so_far();
    const auto steps = worker_.counters().overload_changes.get();
    const int slices = std::max(slices_least, static_cast<int>(seconds));
    for (int i = 0; i < slices; ++i) {
      bypass_.store(1);
      add_slice(bypass_generator_, per_s, seconds / slices, out->bypass);
      bypass_.store(0);
      add_slice(generator_, per_s, seconds / slices, out->engine);
    }
    out->inspected = counters.inspected.get() - inspected;
    out->shed = shed_so_far() - shed;
    out->overloaded = worker_.counters().overload_changes.get() != steps;
    return out;
  }

  double hz() const { return hz_; }
  std::uint32_t flows_live() const { return line_.classifier().flows_live(); }

 private:
  std::int64_t warm_up_ns() const {
    return static_cast<std::int64_t>(1.2e9 * plan_.flows / new_per_s);
  }
  std::uint64_t cycles(double seconds) const { return static_cast<std::uint64_t>(seconds * hz_); }
  appliance_options wanted() const {
    appliance_options out;
    out.policies = policies;
    auto& classify = out.classify;
    const auto lasting = static_cast<std::uint32_t>(to_seconds(flows_idle_after)) * new_per_s;
    classify.flows_max = 2 * (plan_.flows + lasting);
    classify.seed = {0x5eed'0001, 0x5eed'0002};
    classify.timeout_udp = classify.timeout_tcp = classify.timeout_unclassified = flows_idle_after;
    return out;
  }
  static void capture_thread() {
    name_thread("generator");
    tie_to_core(0);
  }
  time_point now() const {
    return live_.load() ? clock_.now() : time_point{warm_clock_ns_.load(std::memory_order_relaxed)};
  }
  std::uint64_t shed_so_far() const {
    const auto& c = line_.classifier().counters();
    return c.inspections_shed.get() + c.ndpi_shed.get() + c.media_shed.get() +
           line_.counters().shed.get();
  }
  /// In two attempts of three: one alone may meet a moment in which the machine is nobody else's.
  bool carries(double rate) {
    int passed = 0;
    for (int i = 0; i < attempts && passed < 2; ++i) {
      const auto steps = worker_.counters().overload_changes.get();
      const auto broken = watch_.seen().break_cycles;
      const auto sent = generator_.send(rate, trial_s);
      wait_until_empty();
      const bool calm = worker_.counters().overload_changes.get() == steps;
      // Frames that came while the machine had taken the worker's core away.
      const auto excused =
          static_cast<double>(watch_.seen().break_cycles - broken) / hz_ * rate * 1.2;
      settle();
      if (static_cast<double>(sent.refused) <= excused && calm &&
          sent.per_s() + excused / sent.seconds > 0.9 * rate)
        ++passed;
    }
    return passed == 2;
  }
  /// Sends and records, after a moment in which generator and worker find their pace.
  void add_slice(generator& from, double per_s, double seconds, way_figures& into) {
    from.send(per_s, pace_s);
    wait_until_empty();
    const loop_breaks before = watch_.seen();
    sink_.record_into(&into.seen);
    into.sent += from.send(per_s, seconds);
    wait_until_empty();
    sink_.record_into(nullptr);
    into.worker += watch_.seen() - before;
    settle();
  }
  /// The flows of frames that pass by the engine: known to nobody else.
  void warm_up_passed_by() {
    passed_by_.set_pace(plan_.packets_per_s());
    frame_burst burst(pool_);
    while (passed_by_.now() < warm_ + nanoseconds(warm_up_ns())) {
      passed_by_.fill(burst.take());
      burst.give_back();
    }
  }
  void wait_until_empty() {
    for (int i = 0; i < 1'000 && (inside_.waiting() > 0 || outside_.waiting() > 0); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  /// Until nothing is shed any more, and the traffic's clock is at the present again.
  void settle() {
    wait_until_empty();
    for (int i = 0; i < 3'000 && state_.load.load() != 0; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    traffic_.set_clock(clock_.now());
  }

  double hz_;
  steady_clock clock_;
  traffic_plan plan_;
  void* pool_;
  frame_shapes shapes_;
  time_point warm_;
  std::atomic<std::int64_t> warm_clock_ns_{warm_.ns};
  std::atomic<bool> live_{false};
  traffic_source traffic_, passed_by_;
  appliance appliance_;
  engine::pipeline& line_;
  loop_watch watch_;
  link_source inside_, outside_;
  link_sink sink_;
  generator generator_, bypass_generator_;
  engine::worker_state state_;
  std::atomic<std::uint32_t> bypass_{0};
  std::atomic<bool> gate_{false};
  engine::worker worker_;
  std::thread thread_;
};

}  // namespace

int run_latency(const latency_options& options) {
  if (std::thread::hardware_concurrency() < 2) {
    fmt::print(stderr, "callweir-bench: latency needs two cores, one for the generator\n");
    return 1;
  }
  use_core(0);  // the control thread inherits it
  auto rig = std::make_unique<latency_rig>(options);
  rig->start();
  progress told("latency");
  const double highest = rig->find_highest(told);
  if (highest == 0) {
    fmt::print(stderr,
               "callweir-bench: every rate lost frames: the machine is too busy to measure\n");
    return 1;
  }
  if (!options.json) {
    fmt::print("{} flows live, worker {} when idle, {:.2f} Mpps without loss\n", rig->flows_live(),
               options.busy_poll ? "spins" : "rests", highest / 1e6);
  }
  std::vector<std::string> rows;
  for (const double pct : options.load_pct) {
    told.show("measuring at a load of", pct / 100);
    const auto figures = rig->measure(pct, highest * pct / 100, options.seconds);
    if (!options.json) print_load(*figures, rig->hz());
    rows.push_back(json_of(*figures, rig->hz()));
  }
  if (!options.json) return 0;
  json_object out;
  out.integer("flows_live", rig->flows_live());
  out.flag("busy_poll", options.busy_poll);
  out.number("highest_mpps", highest / 1e6, 4);
  out.array("loads", array_of(rows));
  fmt::print("{}\n", out.done());
  return 0;
}

}  // namespace callweir::bench

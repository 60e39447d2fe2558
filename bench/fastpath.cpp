#include "bench/fastpath.hpp"

#include <fmt/format.h>
#include <x86intrin.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <cstdio>
#include <memory>
#include <thread>
#include <vector>

#include "bench/figures.hpp"
#include "bench/progress.hpp"
#include "bench/traffic/driven_pipeline.hpp"
#include "bench/traffic/traffic_source.hpp"

namespace callweir::bench {
namespace {

// The source alone is measured in short pieces between long ones of the whole pipeline: while it
// runs, inspection saves up time that it would not have.
constexpr std::uint32_t baseline_bursts = 4'096;  // of 64 packets
constexpr std::uint32_t whole_bursts = 32'768;
constexpr double live_tolerance = 0.02;

/// Calls of two kinds are acted on, the rest is let pass; nothing is withheld, so that each packet
/// goes the whole way.
constexpr const char* policies =
    "policies:\n"
    "- { name: servers, match: { app: [SIP] }, action: allow }\n"
    "- { name: softphones, match: { voip: true }, action: { degrade: { mos: 1.8 } },"
    " mode: observe }\n"
    "- { name: rest, match: {}, action: allow }\n";

struct worker_figures {
  std::vector<double> whole, baseline;  // TSC cycles a packet, by segment
  std::uint32_t live_min = 0xffff'ffff, live_max = 0;
  std::uint64_t packets = 0;
  double inspected_share = 0;
  std::uint64_t inspected = 0;
  std::uint64_t shed = 0, lost_room = 0;
  std::uint64_t voice_flows = 0;
  std::uint64_t events_lost = 0;
};

/// What was not looked at though it should have been.
std::uint64_t shed_of(const engine::pipeline& line) {
  const auto& c = line.classifier().counters();
  return c.inspections_shed.get() + c.ndpi_shed.get() + c.media_shed.get() +
         line.counters().shed.get();
}

class fastpath_worker {
 public:
  /// `told`: null for all but one.
  fastpath_worker(engine::pipeline& line, const traffic_plan& plan, const frame_shapes& shapes,
                  void* pool, time_point begin, progress* told)
      : line_(line),
        plan_(plan),
        source_(plan, shapes, begin),
        alone_(plan, shapes, begin),
        frames_(pool),
        drive_(line, source_, pool),
        told_(told) {}

  /// Until the table holds what it shall and flows end as fast as others begin.
  void warm_up() {
    run_until(1.2);
    window_ = source_.bulk_window();
    // What is missing is made up for at once, three times, for the first answer is a guess; each
    // takes a time-out to show. What is left is steered slowly.
    for (const double at : {1.6, 2.8, 4.0}) {
      const double live = run_until(at);
      if (window_ > 0) window_ += (plan_.flows - live) / steered_share();
      source_.set_bulk_window(static_cast<std::uint32_t>(window_));
      run_until(at + 0.8);
    }
    steering_ = true;
    steered_at_ = source_.now();
    run_until(warm_up_lives);
    while (alone_.now() < source_.now()) baseline();
  }

  void measure(double seconds, double hz) {
    const auto cycles_begun = line_.classifier().counters().inspection_cycles.get();
    const auto shed_begun = shed_of(line_);
    const auto untracked_begun = line_.counters().untracked.get();
    const auto inspected_begun = line_.classifier().counters().inspected.get();
    std::uint64_t spent = 0;
    const std::uint64_t begun = __rdtsc(), end = begun + static_cast<std::uint64_t>(seconds * hz);
    while (__rdtsc() < end || figures.whole.size() < 5) {
      tell("measuring", static_cast<double>(__rdtsc() - begun) / hz / seconds);
      const auto first = __rdtsc();
      for (std::uint32_t i = 0; i < baseline_bursts; ++i) baseline();
      const auto second = __rdtsc();
      for (std::uint32_t i = 0; i < whole_bursts; ++i) drive_.burst();
      const auto third = __rdtsc();
      figures.baseline.push_back(per_packet(second - first, baseline_bursts));
      figures.whole.push_back(per_packet(third - second, whole_bursts));
      figures.packets += std::uint64_t{whole_bursts} * engine::burst_max;
      spent += third - second;
      steer();
      const auto live = line_.classifier().flows_live();
      figures.live_min = std::min(figures.live_min, live);
      figures.live_max = std::max(figures.live_max, live);
    }
    figures.inspected_share =
        static_cast<double>(line_.classifier().counters().inspection_cycles.get() - cycles_begun) /
        static_cast<double>(spent);
    figures.shed = shed_of(line_) - shed_begun;
    figures.inspected = line_.classifier().counters().inspected.get() - inspected_begun;
    figures.lost_room = line_.counters().untracked.get() - untracked_begun;
  }

  /// Lets the voices talk to their end and every flow time out, so that each has been told of.
  void finish() {
    source_.stop_opening();
    while (source_.talking()) {
      drive_.burst();
      tell("letting voices end", 0);
    }
    figures.voice_flows = source_.voice_ended();
    // Gently, so that the control thread hears of each: a few records a round.
    auto at = source_.now() + plan_.time_out * 2;
    const double all = line_.classifier().flows_live();
    for (int i = 0; i < 40'000 && line_.classifier().flows_live() > 0; ++i) {
      tell("letting flows end", 1 - line_.classifier().flows_live() / all);
      at = at + std::chrono::milliseconds(1);
      drive_.set_clock(at);
      line_.process({}, at, {});
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  }

  time_point now() const { return drive_.now(); }

  worker_figures figures;

 private:
  void baseline() noexcept {
    const auto views = frames_.take();
    alone_.fill(views);
    frames_.give_back();
  }
  static double per_packet(std::uint64_t cycles, std::uint32_t bursts) {
    return static_cast<double>(cycles) / (double{engine::burst_max} * bursts);
  }
  /// A life is flows / new flows a second.
  double lives_at(time_point at) const noexcept {
    return static_cast<double>((at - begun_).count()) * plan_.new_per_s / plan_.flows / 1e9;
  }
  /// Returns how many flows were live meanwhile, on average.
  double run_until(double lives) {
    double sum = 0, rounds = 0;
    while (lives_at(source_.now()) < lives) {
      tell("warming up", lives_at(source_.now()) / warm_up_lives);
      for (int i = 0; i < 64; ++i) drive_.burst();
      steer();
      sum += line_.classifier().flows_live();
      ++rounds;
    }
    return rounds > 0 ? sum / rounds : 0;
  }
  void tell(std::string_view stage, double share) {
    if (told_ != nullptr) told_->show(stage, share);
  }
  double steered_share() const noexcept {
    return plan_.share(flow_kind::tls) + plan_.share(flow_kind::quic);
  }
  /// Keeps the live flows at what was asked for: TLS and QUIC flows live a little longer or
  /// shorter. Slowly, for a change takes a life's time to show.
  void steer() noexcept {
    constexpr double corrected_a_life = 0.35;
    if (!steering_ || window_ == 0) return;
    const double passed = lives_at(source_.now()) - lives_at(steered_at_);
    steered_at_ = source_.now();
    const double missing = plan_.flows - static_cast<double>(line_.classifier().flows_live());
    window_ += corrected_a_life * passed * missing / steered_share();
    source_.set_bulk_window(static_cast<std::uint32_t>(window_));
  }

  static constexpr double warm_up_lives = 5.5;
  engine::pipeline& line_;
  traffic_plan plan_;
  traffic_source source_, alone_;
  frame_burst frames_;
  driven_pipeline drive_;
  progress* told_;
  time_point begun_ = source_.now();
  time_point steered_at_{};
  bool steering_ = false;
  double window_ = 0;  // 0: there is nothing to steer with
};

void print_json(const fastpath_options& o, const traffic_plan& plan, const worker_figures& f,
                double mpps, double recall, std::uint64_t lost, const classify::classifier& c) {
  json_object out;
  out.integer("flows", o.flows);
  out.integer("new_per_s", o.new_per_s);
  out.integer("workers", o.workers);
  out.number("packets_a_flow", plan.packets_a_flow, 4);
  out.integer("packets", f.packets);
  out.number("mpps", mpps, 4);
  out.number("tsc_per_packet", median_of(f.whole), 4);
  out.number("baseline_tsc_per_packet", median_of(f.baseline), 4);
  out.number("ratio", median_of(f.whole) / median_of(f.baseline), 4);
  out.number("inspected_share", f.inspected_share, 4);
  out.integer("inspected_packets", f.inspected);
  out.integer("shed", f.shed);
  out.number("recall", recall, 4);
  out.integer("voice_flows", f.voice_flows);
  out.integer("flows_live_min", f.live_min);
  out.integer("flows_live_max", f.live_max);
  out.integer("untracked", f.lost_room);
  out.integer("events_lost", lost);
  out.number("bytes_per_flow", static_cast<double>(c.memory_bytes()) / c.flows_max(), 4);
  out.number("table_bytes_per_flow", static_cast<double>(c.table_bytes()) / c.flows_max(), 4);
  out.number("pool_bytes_per_flow",
             static_cast<double>(c.memory_bytes() - c.table_bytes()) / c.flows_max(), 4);
  fmt::print("{}\n", out.done());
}

}  // namespace

int run_fastpath(const fastpath_options& options) {
  const double hz = tsc_hz();
  void* const pool = start_frames(8'192 * options.workers);
  const frame_shapes shapes;
  const std::uint32_t flows = options.flows / options.workers;
  const std::uint32_t new_per_s = options.new_per_s / options.workers;
  appliance_options wanted;
  auto& classify = wanted.classify;
  classify.flows_max = flows + flows / 16 + 1'024;
  classify.seed = {0x5eed'0001, 0x5eed'0002};
  traffic_plan plan =
      plan_traffic(options.flows, options.new_per_s, classify::classifier::sweep_round(flows) / 2);
  plan.flows = flows;
  plan.new_per_s = new_per_s;
  classify.timeout_udp = classify.timeout_tcp = classify.timeout_unclassified = plan.time_out;
  wanted.policies = policies;
  std::atomic<std::uint64_t> recognised{0};
  wanted.tap = [&](const classify::flow_event& event) {
    if (event.type == classify::flow_event::kind::closed && event.what.voip &&
        traffic_source::is_voice(event.flow.source_port, event.flow.destination_port))
      ++recognised;
  };
  std::vector<std::unique_ptr<fastpath_worker>> workers;
  progress told("fastpath");
  const time_point begin = steady_clock().now();
  std::atomic<fastpath_worker*> first{nullptr};
  appliance whole(wanted, options.workers, [&] {
    const auto* one = first.load();
    return one == nullptr ? begin : one->now();
  });
  for (unsigned i = 0; i < options.workers; ++i)
    workers.push_back(std::make_unique<fastpath_worker>(whole.worker(i), plan, shapes, pool, begin,
                                                        i == 0 ? &told : nullptr));
  first = workers.front().get();

  std::barrier together(static_cast<std::ptrdiff_t>(options.workers));
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < options.workers; ++i) {
    threads.emplace_back([&, i] {
      name_thread("worker");
      tie_to_core(std::thread::hardware_concurrency() - 1 - i);
      workers[i]->warm_up();
      together.arrive_and_wait();
      workers[i]->measure(options.seconds, hz);
      together.arrive_and_wait();
      workers[i]->finish();
    });
  }
  for (auto& each : threads) each.join();
  whole.settle();

  worker_figures sum = workers.front()->figures;
  double mpps = 0;
  for (std::size_t i = 0; i < workers.size(); ++i) {
    const auto& f = workers[i]->figures;
    mpps += hz / median_of(f.whole) / 1e6;
    if (i == 0) continue;
    sum.whole.insert(sum.whole.end(), f.whole.begin(), f.whole.end());
    sum.baseline.insert(sum.baseline.end(), f.baseline.begin(), f.baseline.end());
    sum.live_min += f.live_min;
    sum.live_max += f.live_max;
    sum.packets += f.packets;
    sum.inspected_share += f.inspected_share;
    sum.shed += f.shed;
    sum.inspected += f.inspected;
    sum.lost_room += f.lost_room;
    sum.voice_flows += f.voice_flows;
  }
  sum.inspected_share /= options.workers;
  const double recall =
      sum.voice_flows == 0 ? 0
                           : static_cast<double>(recognised) / static_cast<double>(sum.voice_flows);
  const auto& classifier = whole.worker(0).classifier();
  const auto a_flow = [&](std::size_t bytes) {
    return static_cast<double>(bytes) / classifier.flows_max();
  };
  if (options.json) {
    print_json(options, plan, sum, mpps, recall, whole.events_lost(), classifier);
  } else {
    fmt::print(
        "{} flows live, {} new a second, one new flow in {} packets, {} worker(s)\n"
        "  {:.2f} Mpps, {:.0f} TSC cycles a packet, source alone {:.0f}, ratio {:.2f}\n"
        "  inspection {:.1f} % of the cycles for {:.2f} % of the packets, {} shed, recall {:.1f} % "
        "of {} voice flows\n"
        "  live {} to {}, {} events lost; memory a flow {:.1f} bytes all in: {:.1f} of the table, "
        "{:.1f} of the "
        "pools of inspection, nDPI and measurement\n",
        options.flows, options.new_per_s, plan.packets_a_flow, options.workers, mpps,
        median_of(sum.whole), median_of(sum.baseline),
        median_of(sum.whole) / median_of(sum.baseline), 100 * sum.inspected_share,
        100 * static_cast<double>(sum.inspected) / static_cast<double>(sum.packets), sum.shed,
        100 * recall, sum.voice_flows, sum.live_min, sum.live_max, whole.events_lost(),
        a_flow(classifier.memory_bytes()), a_flow(classifier.table_bytes()),
        a_flow(classifier.memory_bytes() - classifier.table_bytes()));
  }
  const auto least = static_cast<double>(options.flows) * (1 - live_tolerance);
  const auto most = static_cast<double>(options.flows) * (1 + live_tolerance);
  if (sum.live_min < least || sum.live_max > most) {
    fmt::print(stderr,
               "callweir-bench: {} to {} flows were live, not {}: the figures are not of "
               "this point\n",
               sum.live_min, sum.live_max, options.flows);
    return 1;
  }
  return 0;
}

}  // namespace callweir::bench

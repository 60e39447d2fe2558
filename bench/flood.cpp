// The offered packets come at their rate on the clock of the core's own time: while the core has
// time left it waits, and where it has not, what does not fit the card's ring is lost. Source and
// pipeline share the core; what the source takes would be the card's work.
#include "bench/flood.hpp"

#include <fmt/format.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include "bench/figures.hpp"
#include "bench/progress.hpp"
#include "bench/traffic/flood_source.hpp"
#include "bench/traffic/rig.hpp"
#include "bench/traffic/traffic_source.hpp"
#include "engine/load_ladder.hpp"

namespace callweir::bench {
namespace {

constexpr std::uint64_t ring_frames =
    2'048;                                   // of a port's receive queue, as the product sets it up
constexpr std::uint32_t bursts_a_look = 16;  // between two looks at the clock
constexpr nanoseconds idle_every = std::chrono::milliseconds(5);
constexpr std::uint32_t warm_up_steps = 64;
constexpr double warm_up_s = 4;
constexpr double settle_s = 4;  // the youngest calls are calls then
constexpr double turn_s = 3;

constexpr const char* policies =
    "policies:\n"
    "- { name: softphones, match: { voip: true }, action: { degrade: { mos: 1.8 } },"
    " mode: observe }\n"
    "- { name: rest, match: {}, action: allow }\n";

/// One in five is voice, one in five QUIC, the others TLS.
flow_kind kind_of(std::uint32_t flow) noexcept {
  const std::uint32_t place = flow % 5;
  if (place == 0) return flow_kind::voice;
  return place == 1 ? flow_kind::quic : flow_kind::tls;
}

std::uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t all = 0, resident = 0;
  statm >> all >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

/// Time that this thread has had of its core: what others run there meanwhile does not count.
double core_seconds() noexcept {
  timespec at{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
  return static_cast<double>(at.tv_sec) + static_cast<double>(at.tv_nsec) * 1e-9;
}

struct known_flow {
  std::uint64_t id = 0;
  verdict what;
  bool in_call = false;
};

class flood_worker {
 public:
  flood_worker(engine::pipeline& line, const flood_options& options, const frame_shapes& shapes,
               void* pool, time_point begin)
      : line_(line),
        options_(options),
        shapes_(shapes),
        frames_(pool),
        now_ns_(begin.ns),
        sent_(options.flows) {}

  struct turn {
    double established_mpps, flood_mpps;  // that the pipeline took
    double busy_share;                    // of the core's time, source included
  };
  turn run(double seconds, bool flood) noexcept { return offer(seconds, flood, ring_frames); }

  /// The flows come one after the other, as they would, and nothing of them is lost.
  void establish() noexcept {
    for (std::uint32_t step = 1; step <= warm_up_steps; ++step) {
      active_ = static_cast<std::uint32_t>(std::uint64_t{options_.flows} * step / warm_up_steps);
      offer(warm_up_s / warm_up_steps, false, UINT64_MAX);
    }
    offer(settle_s, false, UINT64_MAX);
  }

  /// The established flows as the table has them.
  std::vector<known_flow> known() const {
    std::vector<known_flow> out(options_.flows);
    std::vector<std::uint32_t> number_of(1U << 24, options_.flows);
    for (std::uint32_t i = 0; i < options_.flows; ++i)
      number_of[(i * 0x0064'd0c5U) & 0xff'ffff] = i;
    const auto& classifier = line_.classifier();
    for (std::uint32_t i = 0; i < classifier.flows_max(); ++i) {
      const auto facts = classifier.facts(i);
      const auto address = static_cast<std::uint32_t>(facts.flow.source.low);
      if (address >> 24 != 10 || facts.flow.initiator != side::inside) continue;
      const std::uint32_t number = number_of[address & 0xff'ffff];
      if (number < options_.flows)
        out[number] = {facts.flow.id, facts.what, facts.call != classify::no_call};
    }
    return out;
  }

  time_point now() const noexcept { return {now_ns_.load(std::memory_order_relaxed)}; }

 private:
  turn offer(double seconds, bool flood, std::uint64_t ring) noexcept {
    const double established =
        static_cast<double>(options_.packets_per_s) * active_ / options_.flows;
    const double rate = established + (flood ? options_.new_per_s : 0);
    threshold_ = static_cast<std::uint64_t>(established / rate * 4294967296.0);
    const double packet_ns = 1e9 / rate;
    const auto established_before = established_taken_, flood_before = flood_taken_;
    const double begin = core_seconds();
    const time_point first = now();
    std::uint64_t passed = 0;  // packets of this turn, lost ones too
    double at = 0, waited = 0;
    for (bool waiting = false; at < seconds;) {
      const double last = at;
      at = core_seconds() - begin;
      if (waiting) waited += at - last;
      std::uint64_t due = static_cast<std::uint64_t>(at * rate) - passed;
      if (due > ring) {
        skip(due - ring);
        passed += due - ring;
        due = ring;
      }
      waiting = due < engine::burst_max;
      if (waiting) ladder_.polled(0, false);
      for (std::uint32_t i = 0; i < bursts_a_look && due >= engine::burst_max; ++i) {
        const double offered_ns = static_cast<double>(passed) * packet_ns;
        burst(first + nanoseconds(static_cast<std::int64_t>(offered_ns)));
        passed += engine::burst_max;
        due -= engine::burst_max;
      }
    }
    return {static_cast<double>(established_taken_ - established_before) / at / 1e6,
            static_cast<double>(flood_taken_ - flood_before) / at / 1e6, 1 - waited / at};
  }

  /// Lost ones have been sent: their flows go on with the next.
  void skip(std::uint64_t packets) noexcept {
    for (; packets > 0; --packets) {
      if (is_established()) ++sent_[next_speaker()];
    }
  }
  std::uint32_t next_speaker() noexcept {
    if (++speaker_ >= active_) speaker_ = 0;
    return speaker_;
  }
  bool is_established() noexcept {
    draw_ += 0x9e37'79b9U;
    return draw_ < threshold_;
  }
  void burst(time_point at) noexcept {
    const auto views = frames_.take();
    for (packet_view& view : views) {
      view.time = at;
      if (is_established()) {
        const std::uint32_t flow = next_speaker();
        traffic_source::write(shapes_, view, flow, kind_of(flow), sent_[flow]++);
        ++established_taken_;
      } else {
        flood_.write(view);
        ++flood_taken_;
      }
    }
    engine::decision decisions[engine::burst_max] = {};
    line_.process(views, at, decisions);
    frames_.give_back();
    ladder_.polled(0, true);
    now_ns_.store(at.ns, std::memory_order_relaxed);
    // As engine::worker does.
    if (ladder_.judge(at)) line_.set_load(ladder_.level());
    if (at - idle_at_ < idle_every) return;
    idle_at_ = at;
    line_.idle(at);
  }

  engine::pipeline& line_;
  flood_options options_;
  const frame_shapes& shapes_;
  frame_burst frames_;
  flood_source flood_;
  engine::load_ladder ladder_;
  std::atomic<std::int64_t> now_ns_;
  time_point idle_at_{};
  std::uint64_t threshold_ = 0;
  std::uint32_t draw_ = 0;
  std::vector<std::uint32_t> sent_;  // packets of an established flow so far
  std::uint32_t active_ = 0, speaker_ = 0;
  std::uint64_t established_taken_ = 0, flood_taken_ = 0;
};

struct figures {
  std::vector<double> without, with, busy_without, busy_with, flood;
  double first = 0;  // Mpps of the established while the flood finds an empty table
  std::uint64_t live = 0, voip = 0, in_call = 0;  // of the established, before the flood
  std::uint64_t kept = 0, verdict_kept = 0;       // after it: the same flow, and the same verdict
  std::uint64_t voip_kept = 0;
  std::uint64_t events_lost = 0, media_events = 0;
  std::uint64_t memory[2] = {}, resident[2] = {};
  std::uint64_t untracked = 0, evicted = 0, opened = 0;
  std::uint64_t uninspected = 0, unlooked = 0;  // packets shed, by the ladder's steps
};

void compare(const std::vector<known_flow>& before, const std::vector<known_flow>& after,
             figures& f) {
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i].id == 0) continue;
    const bool same = after[i].id == before[i].id;
    const bool agrees = same && after[i].what.voip == before[i].what.voip &&
                        after[i].what.app == before[i].what.app &&
                        after[i].what.role == before[i].what.role &&
                        after[i].in_call == before[i].in_call;
    ++f.live;
    f.kept += same;
    f.verdict_kept += agrees;
    f.voip += before[i].what.voip;
    f.in_call += before[i].in_call;
    f.voip_kept += before[i].what.voip && agrees;
  }
}

void print_json(const flood_options& o, const figures& f) {
  json_object out;
  out.integer("flows", o.flows);
  out.integer("offered_pps", o.packets_per_s);
  out.integer("flood_new_per_s", o.new_per_s);
  out.integer("turns", f.with.size());
  out.number("mpps_without", median_of(f.without), 4);
  out.number("mpps_with", median_of(f.with), 4);
  out.number("mpps_first", f.first, 4);
  out.number("kept_share", median_of(f.with) / median_of(f.without), 4);
  out.number("busy_share_without", median_of(f.busy_without), 4);
  out.number("busy_share_with", median_of(f.busy_with), 4);
  out.number("flood_mpps", median_of(f.flood), 4);
  out.integer("established_live", f.live);
  out.integer("established_kept", f.kept);
  out.integer("verdicts_kept", f.verdict_kept);
  out.integer("voip", f.voip);
  out.integer("voip_kept", f.voip_kept);
  out.integer("in_call", f.in_call);
  out.integer("flows_opened", f.opened);
  out.integer("flows_evicted", f.evicted);
  out.integer("untracked", f.untracked);
  out.integer("inspections_shed", f.uninspected);
  out.integer("packets_shed", f.unlooked);
  out.integer("events_lost", f.events_lost);
  out.integer("media_events", f.media_events);
  out.integer("memory_before", f.memory[0]);
  out.integer("memory_after", f.memory[1]);
  out.integer("resident_before", f.resident[0]);
  out.integer("resident_after", f.resident[1]);
  fmt::print("{}\n", out.done());
}

void print_text(const flood_options& o, const figures& f) {
  const auto megabytes = [](std::uint64_t bytes) { return static_cast<double>(bytes) / 1e6; };
  fmt::print(
      "{} established flows offered {:.2f} Mpps, beside them {:.2f} M new flows a second, {} "
      "turns of {:.0f} s\n"
      "  without the flood {:.3f} Mpps, core busy {:.0f} %\n",
      o.flows, o.packets_per_s / 1e6, o.new_per_s / 1e6, f.with.size(), turn_s,
      median_of(f.without), 100 * median_of(f.busy_without));
  fmt::print(
      "  with the flood    {:.3f} Mpps ({:.1f} %), core busy {:.0f} %, {:.3f} Mpps of the flood "
      "taken; {:.3f} Mpps when it begins\n",
      median_of(f.with), 100 * median_of(f.with) / median_of(f.without),
      100 * median_of(f.busy_with), median_of(f.flood), f.first);
  fmt::print(
      "  {} of {} established flows kept, {} with their verdict; of {} voip flows {}, {} were in "
      "calls\n"
      "  {} flows opened, {} evicted; {} packets let pass untracked, {} uninspected, {} without a "
      "look; {} events lost, {} samples of media told\n",
      f.kept, f.live, f.verdict_kept, f.voip, f.voip_kept, f.in_call, f.opened, f.evicted,
      f.untracked, f.uninspected, f.unlooked, f.events_lost, f.media_events);
  fmt::print("  tables {:.1f} MB before, {:.1f} MB after; resident {:.1f} and {:.1f} MB\n",
             megabytes(f.memory[0]), megabytes(f.memory[1]), megabytes(f.resident[0]),
             megabytes(f.resident[1]));
}

figures measure(appliance& whole, flood_worker& worker, const flood_options& options,
                const std::atomic<std::uint64_t>& media_events) {
  figures f;
  progress told("flood");
  worker.establish();
  whole.settle();
  worker.run(turn_s, false);  // orders of the control thread are carried out
  const auto before = worker.known();
  const auto& line = whole.worker(0);
  const auto& c = line.classifier().counters();
  f.memory[0] = line.classifier().memory_bytes();
  f.resident[0] = resident_bytes();
  const std::uint64_t lost = whole.events_lost(), media = media_events,
                      opened = c.flows_opened.get(), evicted = c.flows_evicted.get(),
                      untracked = line.counters().untracked.get();
  const std::uint64_t uninspected = c.inspections_shed.get(), unlooked = line.counters().shed.get();
  f.first = worker.run(turn_s, true).established_mpps;
  for (double done = 0; done < options.seconds; done += turn_s) {
    told.show("in turn", done / options.seconds);
    const auto without = worker.run(turn_s, false);
    const auto with = worker.run(turn_s, true);
    f.without.push_back(without.established_mpps);
    f.busy_without.push_back(without.busy_share);
    f.with.push_back(with.established_mpps);
    f.busy_with.push_back(with.busy_share);
    f.flood.push_back(with.flood_mpps);
  }
  f.resident[1] = resident_bytes();
  f.memory[1] = line.classifier().memory_bytes();
  f.opened = c.flows_opened.get() - opened;
  f.evicted = c.flows_evicted.get() - evicted;
  f.untracked = line.counters().untracked.get() - untracked;
  f.uninspected = c.inspections_shed.get() - uninspected;
  f.unlooked = line.counters().shed.get() - unlooked;
  f.events_lost = whole.events_lost() - lost;
  f.media_events = media_events - media;
  compare(before, worker.known(), f);
  return f;
}

}  // namespace

int run_flood(const flood_options& options) {
  void* const pool = start_frames(8'192);
  const frame_shapes shapes;
  appliance_options wanted;
  wanted.classify.flows_max = options.table_flows;
  wanted.classify.seed = {0x5eed'0001, 0x5eed'0002};
  wanted.policies = policies;
  std::atomic<std::uint64_t> media_events{0};
  wanted.tap = [&](const classify::flow_event& event) {
    if (event.type == classify::flow_event::kind::media) ++media_events;
  };
  const time_point begin = steady_clock().now();
  std::atomic<flood_worker*> first{nullptr};
  appliance whole(wanted, 1, [&] {
    const auto* one = first.load();
    return one == nullptr ? begin : one->now();
  });
  flood_worker worker(whole.worker(0), options, shapes, pool, begin);
  first = &worker;
  figures f;
  std::thread([&] {
    name_thread("worker");
    tie_to_core(std::thread::hardware_concurrency() - 1);
    f = measure(whole, worker, options, media_events);
  }).join();
  whole.settle();
  first = nullptr;
  if (options.json) {
    print_json(options, f);
  } else {
    print_text(options, f);
  }
  if (f.live == options.flows) return 0;
  fmt::print(stderr,
             "callweir-bench: {} of {} flows were there before the flood: the figures mean "
             "nothing\n",
             f.live, options.flows);
  return 1;
}

}  // namespace callweir::bench

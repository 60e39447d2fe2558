#include "bench/scaling.hpp"

#include <fmt/format.h>
#include <x86intrin.h>

#include <cstdio>
#include <functional>
#include <memory>

#include "bench/figures.hpp"
#include "bench/progress.hpp"
#include "bench/scaling/talk_rig.hpp"
#include "bench/scaling/worker_pair.hpp"
#include "bench/traffic/rig.hpp"

namespace callweir::bench {
namespace {

constexpr time_point start{1'790'000'000'000'000'000};
constexpr std::uint32_t talks = 512;
constexpr std::uint32_t segment_packets = 8'192;
constexpr std::uint32_t bound_flows = 4'096;
constexpr std::size_t turns_least = 5;

/// One measured thing at one size.
struct row {
  const char* what;
  const char* figure;
  std::uint32_t n;
  std::function<double()> measure;  // cycles
  std::vector<double> tsc;
};

shaper::policy_line line(const std::string& name, shaper::match when, shaper::action_kind kind) {
  shaper::policy_line out;
  out.name = name;
  out.when = std::move(when);
  out.then.kind = kind;
  if (kind == shaper::action_kind::limit) {
    out.then.rate = {100'000'000'000};
    out.then.per = shaper::limit_per::flow;
  }
  if (kind == shaper::action_kind::degrade) out.then.mos = 1.8;
  return out;
}

ip_prefix network(std::uint32_t address, std::uint8_t bits) {
  return {ip_address::v4(address), static_cast<std::uint8_t>(96 + bits)};
}

/// `n` - 1 lines that ask for a group and for telephony and do not match, then one that limits
/// everything to a rate that nothing reaches.
shaper::policy_document lines_document(std::uint32_t n) {
  shaper::policy_document out;
  out.groups.push_back({"elsewhere", {network(0x0b00'0000, 8)}});
  for (std::uint32_t i = 1; i < n; ++i) {
    shaper::match when;
    when.groups = {"elsewhere"};
    when.voip = true;
    out.lines.push_back(line("n" + std::to_string(i), when, shaper::action_kind::block));
  }
  out.lines.push_back(line("last", {}, shaper::action_kind::limit));
  return out;
}

/// A line for a group of `n` networks with gaps between them; half of the flows are inside.
shaper::policy_document group_document(std::uint32_t n) {
  shaper::policy_document out;
  shaper::group many{"many", {}};
  for (std::uint32_t i = 0; i < n; ++i) many.networks.push_back(network(0x0a00'0000 + 32 * i, 28));
  out.groups.push_back(many);
  shaper::match when;
  when.groups = {"many"};
  out.lines.push_back(line("many", when, shaper::action_kind::limit));
  out.lines.push_back(line("rest", {}, shaper::action_kind::limit));
  return out;
}

shaper::policy_document degrade_document() {
  shaper::policy_document out;
  shaper::match when;
  when.voip = true;
  out.lines.push_back(line("softphones", when, shaper::action_kind::degrade));
  out.lines.push_back(line("rest", {}, shaper::action_kind::allow));
  return out;
}

/// Cycles to bind a flow to its policies, over flows of different hosts.
std::function<double()> bind_of(const shaper::policy_document& document) {
  auto compiled = shaper::policy_set::compile(document, {"bench"}, 20'000, nullptr);
  if (!compiled) throw std::runtime_error(compiled.error().text());
  auto set = *compiled;
  set->update_schedules(start);
  auto flows = std::make_shared<std::vector<shaper::flow_attributes>>(bound_flows);
  auto handles = std::make_shared<std::vector<shaper::action_handle>>(bound_flows);
  for (std::uint32_t i = 0; i < bound_flows; ++i) {
    auto& f = (*flows)[i];
    f.source = ip_address::v4(0x0a00'0000 + (i * 2'654'435U) % 320'000);
    f.destination = ip_address::v4(0xc612'0000 + i);
    f.what.role = flow_role::voice;
    f.what.voip = true;
    f.what.confidence_pct = 97;
    f.flow_id = i + 1;
  }
  return [set, flows, handles] {
    const std::uint64_t first = __rdtsc();
    for (std::uint32_t i = 0; i < bound_flows; ++i)
      (*handles)[i] = set->bind((*flows)[i], start, (*handles)[i]);
    return static_cast<double>(__rdtsc() - first) / bound_flows;
  };
}

std::function<double()> packet_of(const std::shared_ptr<talk_rig>& rig) {
  return [rig] { return rig->measure(segment_packets); };
}

/// Each row in turn, again and again.
void measure_in_turn(std::vector<row>& rows, double seconds, double hz) {
  progress told("scaling");
  const auto begin = __rdtsc(), end = begin + static_cast<std::uint64_t>(seconds * hz);
  while (__rdtsc() < end || rows.front().tsc.size() < turns_least) {
    told.show(rows.front().what, static_cast<double>(__rdtsc() - begin) / hz / seconds);
    for (auto& each : rows) each.tsc.push_back(each.measure());
  }
}

class report {
 public:
  explicit report(bool json) : json_(json) {}

  /// `first`: what the ratio is to. `unit`: what one of the cycles is for.
  void add(const row& r, double first) {
    const double tsc = median_of(r.tsc);
    if (!json_)
      fmt::print("{:<9} {:>6} {:<15} {:>8.0f} TSC cycles, {:5.2f} times the first\n", r.what, r.n,
                 r.figure, tsc, tsc / first);
    json_object out;
    out.text("what", r.what);
    out.integer("n", r.n);
    out.text("figure", r.figure);
    out.number("tsc", tsc, 1);
    out.number("ratio", tsc / first);
    out.integer("turns", r.tsc.size());
    lines_.push_back(out.done());
  }
  /// Rows of one kind; those of one figure stand together.
  void add_all(const std::vector<row>& rows) {
    std::vector<const row*> firsts;
    for (const auto& r : rows) {
      const row* first = &r;
      for (const auto* f : firsts) {
        if (std::string_view(f->figure) == r.figure) first = f;
      }
      if (first == &r) firsts.push_back(&r);
      add(r, median_of(first->tsc));
    }
  }
  void finish() const {
    if (!json_) return;
    json_object out;
    out.array("rows", array_of(lines_));
    fmt::print("{}\n", out.done());
  }

 private:
  bool json_;
  std::vector<std::string> lines_;
};

void scale_documents(report& out, const char* what, std::initializer_list<std::uint32_t> sizes,
                     shaper::policy_document (*make)(std::uint32_t), double seconds, double hz) {
  std::vector<row> rows;
  for (const auto n : sizes) rows.push_back({what, "bind", n, bind_of(make(n)), {}});
  for (const auto n : sizes) {
    const auto rig = std::make_shared<talk_rig>(make(n), talks, false);
    rows.push_back({what, "decided_packet", n, packet_of(rig), {}});
  }
  measure_in_turn(rows, seconds, hz);
  out.add_all(rows);
}

/// False when calls were not acted on.
bool scale_calls(report& out, double seconds, double hz) {
  std::vector<row> rows;
  std::vector<std::shared_ptr<talk_rig>> rigs;
  for (const std::uint32_t n : {1U, 100U, 1'000U, 20'000U}) {
    rigs.push_back(std::make_shared<talk_rig>(degrade_document(), n, true));
    rows.push_back({"calls", "degraded_packet", n, packet_of(rigs.back()), {}});
  }
  measure_in_turn(rows, seconds, hz);
  out.add_all(rows);
  bool acted = true;
  for (std::size_t i = 0; i < rigs.size(); ++i) {
    if (rigs[i]->acted_share() > 0.9) continue;
    acted = false;
    fmt::print(stderr,
               "callweir-bench: of {} calls {} were found and {:.0f} % of the packets acted on\n",
               rows[i].n, rigs[i]->attached(), 100 * rigs[i]->acted_share());
  }
  return acted;
}

}  // namespace

int run_scaling(const scaling_options& options) {
  const double hz = tsc_hz();
  report out(options.json);
  std::vector<row> workers;
  for (auto& each : measure_workers(options.seconds))
    workers.push_back({"workers", "packet", each.workers, {}, std::move(each.tsc)});
  out.add_all(workers);
  tie_to_core(std::thread::hardware_concurrency() - 1);
  scale_documents(out, "policies", {1, 10, 100, 1'000}, lines_document, options.seconds, hz);
  scale_documents(out, "networks", {10, 100, 1'000, 10'000}, group_document, options.seconds, hz);
  const bool acted = scale_calls(out, options.seconds, hz);
  out.finish();
  return acted ? 0 : 1;
}

}  // namespace callweir::bench

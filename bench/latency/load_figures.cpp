#include "bench/latency/load_figures.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "bench/figures.hpp"

namespace callweir::bench {
namespace {

void add_quantiles(json_object& out, const std::string& prefix, const latency_histogram& h,
                   double hz) {
  const auto us = [&](std::uint64_t cycles) { return static_cast<double>(cycles) / hz * 1e6; };
  out.number(prefix + "p50_us", us(h.quantile(0.50)));
  out.number(prefix + "p99_us", us(h.quantile(0.99)));
  out.number(prefix + "p999_us", us(h.quantile(0.999)));
}

void add_way(json_object& out, const std::string& prefix, const way_figures& f, double hz) {
  add_quantiles(out, prefix, f.seen.all, hz);
  out.number(prefix + "max_us", static_cast<double>(f.seen.all.most()) / hz * 1e6);
  add_quantiles(out, prefix + "undisturbed_", f.seen.undisturbed, hz);
  out.number(prefix + "undisturbed_share",
             static_cast<double>(f.seen.undisturbed.count()) /
                 static_cast<double>(std::max<std::uint64_t>(1, f.seen.all.count())));
  out.integer(prefix + "frames", f.seen.all.count());
  out.integer(prefix + "lost", f.sent.refused);
  out.integer(prefix + "worker_breaks", f.worker.breaks);
  out.number(prefix + "worker_break_ms", static_cast<double>(f.worker.break_cycles) / hz * 1e3);
  out.integer(prefix + "generator_breaks", f.sent.seen.breaks);
  out.number(prefix + "generator_break_ms",
             static_cast<double>(f.sent.seen.break_cycles) / hz * 1e3);
}

void print_way(const char* what, const way_figures& f, double hz) {
  const auto us = [&](std::uint64_t cycles) { return static_cast<double>(cycles) / hz * 1e6; };
  const auto line = [&](const char* which, const latency_histogram& h) {
    fmt::print(
        "  {:<8}{:<12} p50 {:.1f} us, p99 {:.1f} us, p99.9 {:.1f} us, most {:.0f} us, {} frames\n",
        what, which, us(h.quantile(0.5)), us(h.quantile(0.99)), us(h.quantile(0.999)), us(h.most()),
        h.count());
  };
  line("all", f.seen.all);
  line("undisturbed", f.seen.undisturbed);
  fmt::print(
      "          off the processor over 50 us: worker {} times, {:.1f} ms in all; generator {} "
      "times, {:.1f} ms; {} lost\n",
      f.worker.breaks, us(f.worker.break_cycles) / 1e3, f.sent.seen.breaks,
      us(f.sent.seen.break_cycles) / 1e3, f.sent.refused);
}

}  // namespace

std::string json_of(const load_figures& f, double hz) {
  json_object out;
  out.number("load_pct", f.pct);
  out.number("mpps", f.engine.sent.per_s() / 1e6, 4);
  out.number("seconds", f.engine.sent.seconds);
  add_way(out, "", f.engine, hz);
  out.integer("inspected", f.inspected);
  out.integer("shed", f.shed);
  out.flag("overloaded", f.overloaded);
  out.integer("worker_long_turns", f.engine.worker.long_turns);
  add_way(out, "bypass_", f.bypass, hz);
  return out.done();
}

void print_load(const load_figures& f, double hz) {
  fmt::print("{:3.0f} % load, {:.3f} Mpps\n", f.pct, f.engine.sent.per_s() / 1e6);
  print_way("engine", f.engine, hz);
  fmt::print("          turns of 50 us with inspection: {}; {} inspected, {} shed{}\n",
             f.engine.worker.long_turns, f.inspected, f.shed, f.overloaded ? ", overloaded" : "");
  print_way("bypass", f.bypass, hz);
}

}  // namespace callweir::bench

// What was measured at one load, and how it is told.
#pragma once

#include <string>

#include "bench/latency/generator.hpp"

namespace callweir::bench {

/// What was sent at a load in one way of the worker's.
struct way_figures {
  sent_frames sent;
  latency_record seen;
  loop_breaks worker;
};

struct load_figures {
  double pct = 0;
  way_figures engine;
  way_figures bypass;  // the same worker in turn with its bypass: ring, worker's loop and machine
  std::uint64_t inspected = 0, shed = 0;
  bool overloaded = false;
};

/// One line of JSON. `hz`: cycles a second, here and below.
std::string json_of(const load_figures& f, double hz);
void print_load(const load_figures& f, double hz);

}  // namespace callweir::bench

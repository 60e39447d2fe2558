// What the engine adds to a packet's way: time stamps through a link in memory.
#pragma once

#include <cstdint>
#include <vector>

namespace callweir::bench {

struct latency_options {
  std::vector<double> load_pct = {10, 50, 90};  // of the highest rate without loss
  double seconds = 5;                           // at each load
  std::uint32_t flows = 10'000;
  bool busy_poll = false;  // the worker never sleeps
  bool json = false;
};

/// Runs and prints. Exit code: 0, or 1 when nothing could be measured. Needs two cores.
int run_latency(const latency_options& options);

}  // namespace callweir::bench

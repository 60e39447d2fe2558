// Workers side by side: one alone and then all of them, turn about, each with its own pipeline and
// traffic.
#pragma once

#include <vector>

namespace callweir::bench {

struct worker_row {
  unsigned workers = 0;
  std::vector<double> tsc;  // cycles a packet of one worker, a value a turn and worker
};

/// A row for one worker and, where there are two cores, one for two. Throws std::runtime_error.
std::vector<worker_row> measure_workers(double seconds);

}  // namespace callweir::bench

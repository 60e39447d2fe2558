// One core's speed with the whole pipeline at work, at a given number of live and of new flows.
#pragma once

#include <cstdint>
#include <string>

namespace callweir::bench {

struct fastpath_options {
  std::uint32_t flows = 10'000;     // live, of each worker's share
  std::uint32_t new_per_s = 1'000;  // of the packets' clock
  double seconds = 10;              // measured, source alone and whole pipeline in turn
  unsigned workers = 1;
  bool json = false;
};

/// Runs and prints. Exit code: 0, or 1 when the figures mean nothing (fewer or more live flows than
/// asked for) with a sentence on stderr.
int run_fastpath(const fastpath_options& options);

}  // namespace callweir::bench

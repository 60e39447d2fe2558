// What a flood of one-packet flows does to flows that are there already.
#pragma once

#include <cstdint>

namespace callweir::bench {

struct flood_options {
  std::uint32_t flows = 10'000;             // established
  std::uint32_t packets_per_s = 1'000'000;  // of theirs, offered
  std::uint32_t new_per_s = 1'000'000;      // of the flood: UDP and SYN in turn, one packet each
  std::uint32_t table_flows = 1'000'000;    // what the table holds
  double seconds = 10;                      // measured with the flood, and as long without it
  bool json = false;
};

/// Runs and prints. Exit code: 0, or 1 with a sentence on stderr when the flows were not there
/// before the flood began, so that the figures mean nothing.
int run_flood(const flood_options& options);

}  // namespace callweir::bench

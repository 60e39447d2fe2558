// How costs grow with the number of workers, policy lines, networks in a group, and degraded calls.
#pragma once

namespace callweir::bench {

struct scaling_options {
  double seconds = 2;  // for each kind of row
  bool json = false;
};

/// Runs and prints. Exit code: 0, or 1 when what was to be acted on was not.
int run_scaling(const scaling_options& options);

}  // namespace callweir::bench

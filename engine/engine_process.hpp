// What the engine child does: pipelines, ports, workers, control thread, control socket. Started by
// the supervisor and replaced by it when it dies.
#pragma once

#include <string>

namespace callweir::engine {

struct engine_process_options {
  std::string configuration;  // path
  std::string socket;
  int shared_fd = -1;         // the supervisor's shared_mapping
  bool without_ndpi = false;  // the supervisor's ladder after repeated crashes
};

/// Runs until SIGTERM or SIGINT. Exit code: 2 where configuration or ports cannot be used (said on
/// stderr).
int run_engine(const engine_process_options& options);

}  // namespace callweir::engine

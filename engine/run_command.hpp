// The verb `run`: becomes the supervisor, whose child is the engine.
#pragma once

#include <string>

namespace callweir::engine {

struct run_request {
  std::string configuration;
  std::string socket;
  bool dashboard = true;  // start callweir-dashboard, which lies beside this program
};

/// Until SIGTERM or SIGINT. Exit code 2 when configuration or a port cannot be used; the
/// pass-through stays.
int run_appliance(const run_request& request);

}  // namespace callweir::engine

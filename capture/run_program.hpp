// Runs a program of the system with its arguments, without a shell, and waits for it, bounded in
// time.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace callweir::capture {

struct program_outcome {
  int status = 0;      // exit status, 128 + signal when killed
  std::string output;  // stdout and stderr together, at most 64 kB
};
/// `argv[0]` is looked up in PATH. Fails when it cannot be started or does not end within
/// `patience` (it is killed then).
result<program_outcome> run_program(const std::vector<std::string>& argv,
                                    std::chrono::milliseconds patience = std::chrono::seconds(10));

}  // namespace callweir::capture

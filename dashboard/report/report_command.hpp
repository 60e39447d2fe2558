// `callweir report`: what its options ask for, made a report of the store that the configuration
// names. Works beside a running dashboard and without one.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "dashboard/report/report.hpp"

namespace callweir::dashboard {

struct report_options {
  std::string configuration;
  std::string from, to;  // "" where --last is used
  std::string last;      // "day", "week", "month"; "" where --from is used
  std::string format;    // "" : told by the ending of `output`, else html
  std::string output;    // "" is standard output
};

/// An error and the exit code that goes with it.
struct report_failure {
  std::vector<error> problems;
  int exit = exit_failed;
};

/// The document. `to_terminal`: standard output is one and there is no `output`; html and pdf are
/// then refused. `now` bounds --from without --to.
tl::expected<std::string, report_failure> run_report(const report_options& what, time_point now,
                                                     bool to_terminal);

}  // namespace callweir::dashboard

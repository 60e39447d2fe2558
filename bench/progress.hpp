// How far a long run is: a line on stderr every two seconds.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace callweir::bench {

/// One thread's. Nothing is said in the first two seconds: short runs are silent.
class progress {
 public:
  /// `verb`: of callweir-bench.
  explicit progress(std::string verb);

  /// `share` of the stage that is done, 0 to 1.
  void show(std::string_view stage, double share);

 private:
  using clock = std::chrono::steady_clock;
  std::string verb_;
  clock::time_point begun_ = clock::now(), said_ = begun_;
};

}  // namespace callweir::bench

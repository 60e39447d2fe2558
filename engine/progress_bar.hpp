// A line on stderr that says how far a long run is. Silent where stderr is no terminal.
#pragma once

#include <chrono>
#include <string>

namespace callweir::engine {

class progress_bar {
 public:
  explicit progress_bar(std::string title);
  ~progress_bar() { clear(); }
  progress_bar(const progress_bar&) = delete;
  progress_bar& operator=(const progress_bar&) = delete;

  /// `share`: 0 to 1. Draws at most ten times a second.
  void show(double share);
  /// Takes the line away.
  void clear();

 private:
  std::string title_;
  bool terminal_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point begin_, next_;
};

}  // namespace callweir::engine

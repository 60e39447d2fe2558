// A child of the supervisor: started by exec, ends with its parent, watched without blocking.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace callweir::engine {

class child_process {
 public:
  enum class importance { vital, expendable };
  /// Runs `argv` (argv[0] a path). `inherit`: a descriptor that stays open in it, -1 for none. When
  /// the parent dies the child gets SIGTERM. No core dumps: writing one would hold its sockets open
  /// for as long as it takes. An expendable child yields the processor to others and is the first
  /// to go when memory runs out.
  static result<child_process> start(const std::vector<std::string>& argv, int inherit,
                                     importance rank = importance::vital);

  pid_t pid() const { return pid_; }
  /// Exit status, 128 + signal when killed, once it has ended.
  std::optional<int> ended();
  void send(int signal) const;
  /// SIGTERM, SIGKILL after `patience_ms`; returns the status.
  int stop(int patience_ms);

 private:
  explicit child_process(pid_t pid) : pid_(pid) {}
  pid_t pid_;
  std::optional<int> status_;
};

}  // namespace callweir::engine

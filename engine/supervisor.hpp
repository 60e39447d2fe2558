// The process that `callweir run` is: lays the kernel's pass-through, starts the engine and the
// dashboard, and sees to it that traffic flows whatever becomes of them. It parses no packet and
// holds no table, so that it does not die of what they die of.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "engine/shared_state.hpp"

namespace callweir::engine {

struct supervisor_options {
  std::vector<capture::link_config> links;
  unsigned workers = 1;  // see workers_for()
  /// Arguments of /proc/self/exe that make it the engine; "--shared-fd N" is appended, and
  /// "--without-ndpi" after repeated crashes.
  std::vector<std::string> engine_arguments;
  std::vector<std::string> dashboard_argv;  // whole command, empty for none
  /// A heartbeat that is later gives the frames to the pass-through, at no other cost: the engine
  /// may only have been kept from running, and takes them again when it does.
  nanoseconds heartbeat_patience = std::chrono::milliseconds(250);
  nanoseconds hang_patience =
      std::chrono::seconds(3);  // without frames for so long, it is hung: killed and restarted
  nanoseconds start_patience =
      std::chrono::seconds(60);  // from exec to ready: tables are touched meanwhile
  /// Called on the supervisor's thread when no engine answers for a while (true: pass-through or
  /// waiting for a restart) and before one is started again (false): who answers the control socket
  /// meanwhile.
  std::function<void(bool)> on_engine_absent;
  /// Called once, when the ports are held against other appliances and before anything starts.
  std::function<void()> on_ports_held;
};

/// Runs until SIGTERM or SIGINT. Returns the exit code: 0 stopped, 2 a port cannot be used (said on
/// stderr). The pass-through stays in place. Call on the main thread, before any other thread is
/// started.
int supervise(const supervisor_options& options, shared_mapping& shared);

}  // namespace callweir::engine

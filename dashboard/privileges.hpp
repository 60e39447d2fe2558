// What the process gives up before it listens to anybody: root, where it was started as root, and
// the way back to it.
#pragma once

#include <string>

#include "base/result.hpp"

namespace callweir::dashboard {

struct privileges_wanted {
  std::string store;           // the database; its folder is handed over
  std::string control_socket;  // must be within reach afterwards
  bool low_port = false;       // keeps the right to listen below port 1024
};

/// Started as root, it becomes the system user `callweir` (base/service_user.hpp), without groups
/// and capabilities, and the store's folder with what it holds becomes that user's. Returns a
/// sentence for the log: as whom it runs, and where that is root still, why and how to mend it: no
/// such user; a folder that holds other things than Callweir's; sockets or folders out of reach.
/// An error when it had begun and cannot be finished: then the process must not go on.
/// Before any other thread is started.
result<std::string> give_up_root(const privileges_wanted& wanted);

/// No set-user-id program gives rights back, nobody looks into the memory, new files are private.
void confine();

}  // namespace callweir::dashboard

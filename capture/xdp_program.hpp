// The XDP program that hands an interface's frames to AF_XDP sockets, seen from outside the engine:
// what the supervisor does when the engine hangs or dies. Control path only, any thread; needs no
// memory of the engine.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.hpp"

namespace callweir::capture {

enum class xdp_state : std::uint8_t {
  none,    // no program
  ours,    // one with a map of sockets
  foreign  // somebody else's
};
xdp_state query_xdp(int interface_index);

/// Takes every socket out of the program's map: from the next frame on the kernel's pass-through
/// carries them. The program stays, so that the next engine starts without resetting the interface.
/// Falls back to detaching when there is no such map. Returns the number of sockets taken out.
/// Under 1 ms.
result<unsigned> unhook_xdp(int interface_index);

/// Puts a socket that is bound to `queue` into the program's map: from the next frame on it gets
/// them.
result<void> hook_xdp(int interface_index, std::uint32_t queue, int socket);
/// Descriptors of this process that are AF_XDP sockets, ascending.
std::vector<int> xdp_sockets();

/// Takes the program away altogether. On some drivers this resets queues and may lose what is in
/// them.
result<void> detach_xdp(int interface_index);

/// Keeps libbpf and libxdp from writing to stderr.
void quiet_xdp_libraries();

}  // namespace callweir::capture

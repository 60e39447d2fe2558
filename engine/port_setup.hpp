// What `run` does to the kernel's interfaces before an engine touches them: the pass-through first,
// then whatever would alter a frame is switched off. Supervisor, control path.
#pragma once

#include <vector>

#include "base/result.hpp"
#include "capture/link_config.hpp"

namespace callweir::engine {

/// Holds the ports of the links against a second `run` in the same network namespace, for the
/// process's life.
class port_lock {
 public:
  static result<port_lock> take(const std::vector<capture::link_config>& links);
  ~port_lock();
  port_lock(port_lock&& from) noexcept : sockets_(std::move(from.sockets_)) {
    from.sockets_.clear();
  }
  port_lock& operator=(port_lock&&) = delete;

 private:
  port_lock() = default;
  std::vector<int> sockets_;
};

/// Pass-through on every link whose two interfaces are there and nobody else's, then every port
/// checked and set: up, promiscuous, no altering offloads, receive queues as many as are polled,
/// MTUs equal and not too large. The first error is returned (exit 2, naming the port), with every
/// pass-through that can be up left up.
result<void> set_up_ports(const std::vector<capture::link_config>& links, unsigned workers);

/// Interfaces of all kernel ports, by index; 0 for one that is not there.
std::vector<int> kernel_indices(const std::vector<capture::link_config>& links);

}  // namespace callweir::engine

// The engine's thread for what changes slowly: carriers of the ports, link state handed on, alarms
// of ports and load, frames taken again that the supervisor gave to the kernel.
#pragma once

#include <atomic>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "capture/link_watch.hpp"
#include "capture/port.hpp"
#include "engine/shared_state.hpp"

namespace callweir::engine {

class link_keeper {
 public:
  link_keeper(const std::vector<capture::link_config>& links, capture::port_set& ports,
              shared_state& shared);
  ~link_keeper() { stop(); }
  link_keeper(const link_keeper&) = delete;
  link_keeper& operator=(const link_keeper&) = delete;

  void start();
  /// Ends the thread and lets up what is held down.
  void stop();

 private:
  void look(time_point now);
  void take_frames_again();
  bool carrier(std::size_t link, side which) const;
  void set_port(std::size_t link, side which, bool up);

  const std::vector<capture::link_config>& links_;
  capture::port_set& ports_;
  shared_state& shared_;
  steady_clock clock_;
  std::vector<capture::link_watch> watches_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace callweir::engine

// Who looks on while the control thread works, for records of what happens. Called on the control
// thread; after the tracker and the book have taken what is told.
#pragma once

#include "base/units.hpp"
#include "classify/flow_event.hpp"
#include "engine/commands.hpp"

namespace callweir::engine {

struct control_state;

class control_observer {
 public:
  virtual ~control_observer() = default;
  virtual void on_event(control_state& state, const classify::flow_event& event) = 0;
  virtual void on_binding(control_state& state, const binding& told) = 0;
  virtual void each_second(control_state& state, time_point now) = 0;
};

}  // namespace callweir::engine

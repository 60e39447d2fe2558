// Link state handed from one port of a link to the other: when a cable is pulled on one side, the
// neighbour on the other side must see it, or routers behind a dead path keep sending. Decides
// only; the caller reads carriers and sets ports.
#pragma once

#include <optional>

#include "base/units.hpp"

namespace callweir::capture {

/// At most one port is held down, and never the one whose loss is the reason: that one stays
/// administratively up and its return is seen. So two ports (or two appliances in a row) cannot
/// hold each other down for ever.
class link_watch {
 public:
  struct timing {
    nanoseconds loss =
        std::chrono::milliseconds(300);  // a loss lasts this long before it is passed on
    nanoseconds back = std::chrono::milliseconds(500);  // so does a return
    nanoseconds grace =
        std::chrono::seconds(6);  // a port that was let up again negotiates for so long
  };
  explicit link_watch(time_point now) : link_watch(now, timing{}) {}
  link_watch(time_point now, const timing& times);

  struct order {
    side port;
    bool up;
  };
  /// Carriers as they are, by side. Call every 10 to 100 ms.
  std::optional<order> observe(bool inside, bool outside, time_point now);
  /// The port that is held down.
  std::optional<side> held() const { return held_; }

 private:
  struct port_state {
    bool carrier = false;
    time_point since{};    // of `carrier`
    time_point excused{};  // until then a missing carrier is no loss
  };
  timing times_;
  port_state ports_[2];
  std::optional<side> held_;
};

}  // namespace callweir::capture

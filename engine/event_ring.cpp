#include "engine/event_ring.hpp"

namespace callweir::engine {

bool event_ring::push(const classify::flow_event& event) noexcept {
  using kind = classify::flow_event::kind;
  const bool minor = event.type == kind::opened || event.type == kind::progress ||
                     (event.type == kind::closed && !event.what.voip && event.action == 0);
  const bool refused = minor && ring_.used() >= ring_.capacity() / 4 * 3;
  if (!refused && ring_.push(event)) return true;
  lost_.store(lost_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  return false;
}

}  // namespace callweir::engine

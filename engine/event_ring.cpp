#include "engine/event_ring.hpp"

namespace callweir::engine {
namespace {

bool is_plain(const classify::flow_event& event) noexcept {
  using kind = classify::flow_event::kind;
  return event.type == kind::opened || event.type == kind::progress ||
         (event.type == kind::closed && !event.what.voip && event.action == 0 &&
          event.call == classify::no_call);
}

}  // namespace

bool event_ring::push(const classify::flow_event& event) noexcept {
  const bool plain = is_plain(event);
  spsc_ring<numbered>& queue = plain ? plain_ : calls_;
  numbered* const into = queue.room();
  if (into == nullptr) {
    (plain ? lost_plain_ : lost_calls_).add();
    return false;
  }
  into->number = ++number_;
  into->event = event;
  queue.publish();
  return true;
}

const classify::flow_event* event_ring::front() noexcept {
  const numbered* plain = plain_.front();
  const numbered* const call = calls_.front();
  // Who was told before `call` has been there since it was seen.
  if (plain == nullptr && call != nullptr) plain = plain_.front();
  if (plain == nullptr && call == nullptr) return nullptr;
  const bool plain_first = call == nullptr || (plain != nullptr && plain->number < call->number);
  oldest_ = plain_first ? &plain_ : &calls_;
  return plain_first ? &plain->event : &call->event;
}

}  // namespace callweir::engine

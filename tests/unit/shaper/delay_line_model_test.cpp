// The departure-time wheel against a list that is sorted anew for every question.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <vector>

#include "shaper/delay_line.hpp"

namespace callweir::shaper {
namespace {

constexpr std::int64_t us = 1'000;
constexpr std::int64_t slot_ns = 500 * us;
constexpr std::int64_t horizon_ns = 20'000 * us;

struct step {
  enum class kind : std::uint8_t { hold, poll, flush } what = kind::hold;
  std::uint32_t pause_us = 0;  // before it
  std::uint32_t delay_us = 0;  // hold
  bool late = false;           // hold: the release time has passed already
  std::uint32_t room = 1;      // poll, flush: places in `out`
};
std::ostream& operator<<(std::ostream& out, const step& s) {
  return out << "{" << static_cast<int>(s.what) << " after " << s.pause_us << " us, delay "
             << s.delay_us << " us" << (s.late ? ", late" : "") << ", room " << s.room << "}";
}

rc::Gen<step> any_step() {
  using kind = step::kind;
  return rc::gen::build<step>(
      rc::gen::set(&step::what, rc::gen::weightedElement<kind>(
                                    {{60, kind::hold}, {30, kind::poll}, {1, kind::flush}})),
      rc::gen::set(&step::pause_us,
                   rc::gen::element(0u, 0u, 1u, 90u, 499u, 500u, 501u, 2'000u, 19'000u, 70'000u)),
      rc::gen::set(&step::delay_us, rc::gen::inRange(0u, 24'000u)),
      rc::gen::set(&step::late, rc::gen::weightedElement<bool>({{9, false}, {1, true}})),
      rc::gen::set(&step::room, rc::gen::inRange(1u, 9u)));
}

class model {
 public:
  explicit model(std::uint32_t capacity)
      : line_(capacity, nanoseconds(horizon_ns), nanoseconds(slot_ns)), capacity_(capacity) {}

  void apply(const step& s) {
    now_ += s.pause_us * us;
    if (s.what == step::kind::hold) {
      const std::int64_t delay = s.delay_us * us;
      hold(s.late ? now_ - delay : now_ + delay);
    } else if (s.what == step::kind::poll) {
      leave(false, s.room);
    } else {
      drain(s.room);
    }
    RC_ASSERT(line_.size() == held_.size());
    RC_ASSERT(in_ == out_ + line_.size());
  }
  /// Whatever went before, nothing stays behind.
  void drain(std::uint32_t room) {
    for (std::uint32_t i = 0; i <= capacity_ && !held_.empty(); ++i) leave(true, room);
    RC_ASSERT(held_.empty());
    RC_ASSERT(line_.size() == 0u);
  }

 private:
  struct frame {
    std::uintptr_t number;
    std::int64_t release, held_at;
  };

  void hold(std::int64_t release) {
    if (held_.empty()) served_ = now_;
    const bool taken = line_.hold(
        {reinterpret_cast<void*>(in_ + 1), static_cast<std::uint16_t>(in_)}, {release}, {now_});
    if (held_.size() == capacity_) {
      RC_ASSERT(!taken);
    } else if (release - served_ <= horizon_ns) {
      RC_ASSERT(taken);
    }
    if (!taken) return;
    ++in_;
    held_.push_back({in_, release, now_});
  }

  /// Frames that may go now, in the order in which they must: by slot, and in a slot as they came.
  /// A frame that came after its time goes with the next slot.
  void leave(bool all, std::uint32_t room) {
    std::array<delay_line::held, 8> out;
    const std::span<delay_line::held> places(out.data(), room);
    const std::size_t count = all ? line_.flush(places) : line_.due({now_}, places);
    RC_ASSERT(count <= room);
    for (std::size_t i = 0; i < count; ++i) {
      const auto number = reinterpret_cast<std::uintptr_t>(out[i].frame);
      const auto at = std::find_if(held_.begin(), held_.end(),
                                   [&](const frame& f) { return f.number == number; });
      RC_ASSERT(at != held_.end());
      RC_ASSERT(out[i].port == static_cast<std::uint16_t>(number - 1));
      if (!all) RC_ASSERT(at->release <= now_);
      for (const frame& other : held_) {
        // Who came earlier and wanted to leave no later is gone already.
        if (other.number < number) RC_ASSERT(other.release > at->release);
        // Nobody waits behind one whose time comes two slots later.
        RC_ASSERT(std::max(other.release, other.held_at) + 2 * slot_ns > at->release);
      }
      held_.erase(at);
      ++out_;
    }
    if (count == room || all) return;
    served_ = now_;
    for (const frame& f : held_) RC_ASSERT(std::max(f.release, f.held_at) + slot_ns > now_);
  }

  delay_line line_;
  std::uint32_t capacity_;
  std::int64_t now_ = 1'790'000'000'000'000'000;
  std::int64_t served_ = now_;  // when everything due had left
  std::vector<frame> held_;
  std::uintptr_t in_ = 0, out_ = 0;
};

TEST(delay_line_model, in_is_out_and_held_and_nothing_is_early_late_or_out_of_order) {
  ASSERT_TRUE(rc::check("wheel and list", [] {
    model m(*rc::gen::inRange(1u, 40u));
    for (const step& s : *rc::gen::scale(
             6.0, rc::gen::container<std::vector<step>>(rc::gen::resize(100, any_step()))))
      m.apply(s);
    m.drain(8);
  }));
}

}  // namespace
}  // namespace callweir::shaper

// What a call's flows tell of it: the deeds that are done to it now.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "classify/call_tracker.hpp"
#include "engine/flow_book.hpp"

namespace callweir::engine {
namespace {

using ::testing::SizeIs;

time_point at(int seconds) {
  return time_point{} + std::chrono::seconds(1'700'000'000 + seconds);
}

struct flow_book_test : ::testing::Test {
  void bind(std::uint64_t flow, const char* policy, shaper::action_kind action, int when) {
    binding told;
    told.at = at(when);
    told.flow.id = flow;
    told.what = voice();
    told.action = action;
    book.on_binding(told, policy);
  }
  void end(std::uint64_t flow, int last) {
    classify::flow_event event;
    event.type = classify::flow_event::kind::closed;
    event.at = at(last + 200);
    event.flow.id = flow;
    event.what = voice();
    event.totals.first = at(0);
    event.totals.last = at(last);
    book.on_event(event);
  }
  call_record completed() const {
    call_record call;
    call.flows = {classify::flow_name(1), classify::flow_name(2)};
    book.complete(call);
    return call;
  }
  static verdict voice() {
    verdict what;
    what.voip = true;
    what.confidence_pct = 95;
    return what;
  }

  flow_book book{64, {1, 2}, {"uplink"}};
};

TEST_F(flow_book_test, a_flow_that_ended_under_a_line_does_not_keep_its_call_under_it) {
  bind(1, "softphones", shaper::action_kind::degrade, 1);
  bind(2, "softphones", shaper::action_kind::degrade, 2);
  end(1, 30);
  auto call = completed();
  ASSERT_THAT(call.actions, SizeIs(1));
  EXPECT_THAT(call.actions.front().flows, SizeIs(2)) << "while it stands, the ended one counts";
  EXPECT_EQ(call.actions.front().since, at(1));

  bind(2, "rest", shaper::action_kind::allow, 60);
  call = completed();
  ASSERT_THAT(call.actions, SizeIs(1));
  EXPECT_EQ(call.actions.front().policy, "rest");

  end(2, 90);
  call = completed();
  ASSERT_THAT(call.actions, SizeIs(1)) << "nor in the record of its end";
  EXPECT_EQ(call.actions.front().policy, "rest");
}

TEST_F(flow_book_test, flows_that_go_silent_together_tell_of_the_end) {
  bind(1, "softphones", shaper::action_kind::degrade, 1);
  bind(2, "signalling", shaper::action_kind::allow, 1);
  end(1, 60);
  end(2, 62);
  EXPECT_THAT(completed().actions, SizeIs(2));
}

}  // namespace
}  // namespace callweir::engine

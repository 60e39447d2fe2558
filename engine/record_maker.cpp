#include "engine/record_maker.hpp"

#include <fmt/format.h>

#include <cmath>
#include <utility>

namespace callweir::engine {

namespace {

std::string clock_step_text(nanoseconds step) {
  const double seconds = std::abs(std::chrono::duration<double>(step).count());
  return step.count() > 0
             ? fmt::format("the clock was set {:.0f} s ahead: the time in between was not", seconds)
             : fmt::format("the clock was set {:.0f} s back: the time in between is told twice",
                           seconds);
}

}  // namespace

stream::hello hello_of(const std::string& engine, const configuration& from) {
  stream::hello out;
  out.version = stream::version;
  out.engine = engine;
  out.site = from.site;
  out.timezone = from.timezone();
  out.pseudonymise = from.pseudonymise;
  out.links = from.link_names();
  return out;
}

record_maker::record_maker(options wanted, const record_outlet& out)
    : options_(std::move(wanted)),
      out_(out),
      clock_(options_.clock_lead),
      traffic_(options_.links),
      seconds_(options_.loads),
      gaps_(options_.shared, {options_.events_lost, [this] { return untold(); },
                              [this] { return out_.journal->count().refused; }}) {}

void record_maker::begin(time_point now) {
  begun_ = true;
  gaps_.begin(now, out_);
}

void record_maker::on_event(control_state& state, const classify::flow_event& event) {
  using kind = classify::flow_event::kind;
  const std::uint64_t id = event.flow.id;
  switch (event.type) {
    case kind::verdict:
      if (state.book.find(id) != nullptr) flows_.changed(id);
      return;
    case kind::progress:
      flows_.progressed(id, state.now);
      break;
    case kind::closed:
      if (state.book.find(id) != nullptr)
        flows_.ended(id);
      else
        flows_.gone(id);
      break;
    default:
      return;
  }
  const classify::tracked_call* call =
      event.call != classify::no_call ? state.tracker.find(event.call) : nullptr;
  traffic_.on_event(event, call != nullptr ? call->what.app : event.what.app, state.now);
}

void record_maker::on_binding(control_state& state, const binding& told) {
  const known_flow* flow = state.book.find(told.flow.id);
  if (flow == nullptr) return;
  if (!flow->ended) flows_.changed(told.flow.id);
  if (!flow->call.empty()) calls_.changed(flow->call);
}

void record_maker::follow_clock(time_point now) {
  const nanoseconds step = clock_.tick();
  if (step.count() == 0) return;
  out_.shift = clock_.shift();
  gap_record gap;
  gap.what = "clock";
  // What lies between the two clocks was not lived, or is told twice. The outlet adds the shift.
  gap.from = now - (step.count() > 0 ? step : nanoseconds(0));
  gap.to = now - (step.count() > 0 ? nanoseconds(0) : step);
  gap.reason = clock_step_text(step);
  out_.durable(gap);
}

void record_maker::each_second(control_state& state, time_point now) {
  if (!begun_) return;
  follow_clock(now);
  if (generation_ != state.policies.generation()) {
    generation_ = state.policies.generation();
    if (out_.server != nullptr) {
      out_.server->set_hello(hello_of(options_.engine, state.policies.source().whole));
    }
  }
  seconds_.tick(state, now, out_);
  calls_.tick(state, now, out_);
  flows_.tick(state.book, now, out_);
  traffic_.tick(now, out_);
  policies_.tick(state, now, out_);
  hosts_.tick(state.tracker, now, out_);
  gaps_.tick(now, out_);
}

void record_maker::finish(control_state& state, time_point now) {
  if (!begun_) return;
  each_second(state, now);
  calls_.finish(state, now, out_);
  traffic_.finish(out_);
  policies_.finish(state, out_);
  hosts_.finish(state.tracker, out_);
  gaps_.finish(now, out_);
  begun_ = false;
}

}  // namespace callweir::engine

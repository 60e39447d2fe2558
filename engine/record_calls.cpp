#include "engine/record_calls.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/applications.hpp"

namespace callweir::engine {
namespace {

constexpr std::size_t actions_max = 64;

call_record record_of(const control_state& state, classify::call_slot slot) {
  call_record record = state.tracker.record(slot);
  state.book.complete(record);
  return record;
}

/// What was done to the call earlier stays in its record, with the time when it was let go: by
/// `now` it was; so does where it was seen. That it was let alone earlier is no deed.
void keep_earlier(call_record& record, const call_record& earlier, time_point now) {
  if (record.link.empty()) record.link = earlier.link;
  for (const auto& action : earlier.actions) {
    if (action.action == "allow") continue;
    const auto same = std::find_if(
        record.actions.begin(), record.actions.end(),
        [&](const auto& a) { return a.policy == action.policy && a.action == action.action; });
    if (same != record.actions.end() && !action.until) {
      same->since = std::min(same->since, action.since);  // its first flow may be gone
    } else if (record.actions.size() < actions_max) {
      record.actions.push_back(action);
      if (!action.until) record.actions.back().until = now;
    }
  }
}

void audit_one(const record_outlet& out, time_point at, const std::string& policy,
               const call_record& call, const std::string& action, bool begins) {
  audit_record entry;
  entry.at = at;
  entry.who = "policy " + policy;
  entry.verb = "enforce";
  entry.what = fmt::format("{} of call {} ({}) {}", action, call.id, application_name(call.app),
                           begins ? "begins" : "is over");
  out.durable(entry);
}

}  // namespace

void call_teller::changed(const std::string& call_id) {
  if (const auto found = calls_.find(call_id); found != calls_.end()) found->second.changed = true;
}

/// `record` has only what is done to the call now.
void call_teller::audit_enforcement(known_call& call, const call_record& record, time_point now,
                                    const record_outlet& out) {
  std::vector<std::string> acting;
  for (const auto& action : record.actions) {
    if (action.action == "allow") continue;
    acting.push_back(action.policy);
    if (std::find(call.enforced.begin(), call.enforced.end(), action.policy) ==
        call.enforced.end()) {
      audit_one(out, action.since, action.policy, record, action.action, true);
    }
  }
  for (const auto& policy : call.enforced) {
    if (std::find(acting.begin(), acting.end(), policy) != acting.end()) continue;
    const auto was = std::find_if(call.last.actions.begin(), call.last.actions.end(),
                                  [&](const auto& a) { return a.policy == policy; });
    audit_one(out, now, policy, record,
              was != call.last.actions.end() ? was->action : "enforcement", false);
  }
  call.enforced = std::move(acting);
}

void call_teller::tell(known_call& call, call_record record, time_point now,
                       const record_outlet& out) {
  audit_enforcement(call, record, now, out);
  keep_earlier(record, call.last, now);
  out.durable(record);
  call.last = std::move(record);
  call.told = now;
  call.changed = false;
}

void call_teller::tell_ended(control_state& state, time_point now, const record_outlet& out) {
  for (auto& record : state.tracker.take_ended()) {
    state.book.complete(record);
    known_call& call = calls_[record.id];
    const std::string id = record.id;
    tell(call, std::move(record), now, out);
    for (const auto& action : call.last.actions) {
      const bool acted = std::find(call.enforced.begin(), call.enforced.end(), action.policy) !=
                         call.enforced.end();
      if (acted) audit_one(out, now, action.policy, call.last, action.action, false);
    }
    out.live(call.last);
    calls_.erase(id);
  }
}

/// Joined to another call, or found to be none: what was told of it must not look as if it ran on.
void call_teller::tell_vanished(time_point now, const record_outlet& out) {
  for (auto it = calls_.begin(); it != calls_.end();) {
    known_call& call = it->second;
    if (call.round == round_) {
      ++it;
      continue;
    }
    if (call.told.ns != 0) {
      call.last.ended = true;
      call_record nothing = call.last;
      nothing.actions.clear();
      audit_enforcement(call, nothing, now, out);
      call.last.flows.clear();  // says: no call of its own (docs/reference/records.md)
      out.durable(call.last);
      out.live(call.last);
    }
    it = calls_.erase(it);
  }
}

void call_teller::tell_live(const control_state& state, time_point now, const record_outlet& out) {
  if (!out.anyone_live() || active_.empty()) return;
  const std::size_t shown = std::min(active_.size(), live_a_second);
  for (std::size_t i = 0; i < shown; ++i) {
    live_at_ = (live_at_ + 1) % active_.size();
    const auto slot = active_[live_at_];
    const auto* call = state.tracker.find(slot);
    if (call == nullptr) continue;
    call_record record = record_of(state, slot);
    if (const auto known = calls_.find(call->id); known != calls_.end()) {
      if (known->second.told.ns == 0) continue;  // not shown before it is told
      keep_earlier(record, known->second.last, now);
    }
    record.course = {};  // for what was: the store's
    out.live(record);
  }
}

void call_teller::tick(control_state& state, time_point now, const record_outlet& out) {
  tell_ended(state, now, out);
  ++round_;
  active_ = state.tracker.active();
  const bool anyone_degraded = state.degrade.size() > 0;
  std::size_t left = records_a_second;
  for (const auto slot : active_) {
    const auto* shown = state.tracker.find(slot);
    if (shown == nullptr) continue;
    const auto [found, fresh] = calls_.try_emplace(shown->id);
    known_call& call = found->second;
    if (fresh) call.since = now;
    call.round = round_;
    const nanoseconds age = now - (call.told.ns == 0 ? call.since : call.told);
    const nanoseconds pause = call.changed             ? changed_after
                              : !call.enforced.empty() ? acted_on_after
                              : anyone_degraded        ? beside_after
                                                       : again_after;
    const bool due = age >= (call.told.ns == 0 ? first_after : pause);
    if (!due || left == 0) continue;
    --left;
    tell(call, record_of(state, slot), now, out);
  }
  tell_vanished(now, out);
  tell_live(state, now, out);
}

void call_teller::finish(control_state& state, time_point now, const record_outlet& out) {
  tell_ended(state, now, out);
  for (const auto slot : state.tracker.active()) {
    const auto* shown = state.tracker.find(slot);
    if (shown == nullptr) continue;
    call_record record = record_of(state, slot);
    record.ended = true;
    tell(calls_[shown->id], std::move(record), now, out);
  }
}

}  // namespace callweir::engine

#include "dashboard/report/call_digest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/applications.hpp"

namespace callweir::dashboard {
namespace {

constexpr std::size_t apps_max = 1'000;  // the table of names has fewer

treatment treatment_of(const std::string& action, const policy_history::version* line) {
  if (action == "block") return treatment::blocked;
  if (action == "degrade") return treatment::degraded;
  if (action == "limit") return treatment::limited;
  const bool passes = action == "allow" || action == "prioritise";
  return passes && line != nullptr && line->meaning.names_something ? treatment::authorised
                                                                    : treatment::tolerated;
}

/// How much a treatment does to a call: tolerated, authorised, limited, degraded, blocked.
int strength(treatment what) {
  return what == treatment::tolerated    ? 0
         : what == treatment::authorised ? 1
                                         : static_cast<int>(what);
}

/// What cannot be is not known. Readers of records refuse such values; a report rests on nothing.
void keep_within(std::optional<double>& value, double least, double most) {
  if (value && !(*value >= least && *value <= most)) value.reset();
}

void keep_within(measures& values, double least, double most) {
  for (auto& value : values) keep_within(value, least, most);
}

void make_sane(call_record& call) {
  call.start = bounded(call.start);
  call.end = bounded(call.end);
  for (auto& action : call.actions) {
    action.since = bounded(action.since);
    if (action.until) action.until = bounded(*action.until);
  }
  keep_within(call.mos_before, 1, 5);
  keep_within(call.mos, 1, 5);
  keep_within(call.inflicted_loss, 0, 1);
  keep_within(call.added_delay_ms, 0, 1e6);
  for (auto& way : call.course.mos) {
    for (auto& value : way) keep_within(value, 1, 5);
  }
}

std::string media_text(const std::vector<flow_role>& media) {
  std::string out;
  for (const auto role : media)
    out += (out.empty() ? "" : ", ") + std::string(flow_role_name(role));
  return out;
}

}  // namespace

call_digest::call_digest(surroundings around, const pseudonyms& names)
    : around_(std::move(around)), names_(names), by_line_(around_.policies.lines().size()) {}

call_digest::deed call_digest::strongest(const call_record& call) {
  deed out;
  std::set<std::size_t> done;  // by each line once, however often it came back
  for (const auto& action : call.actions) {
    const auto* line = around_.policies.find(action.policy, action.action, action.since);
    if (line != nullptr && done.insert(line->line).second) ++by_line_[line->line];
    const auto what = treatment_of(action.action, line);
    if (out.action == nullptr || strength(what) > strength(out.what)) out = {what, &action, line};
  }
  if (out.what == treatment::tolerated && call.emergency) out.what = treatment::authorised;
  return out;
}

void call_digest::count(const call_record& call, treatment what) {
  const double seconds = std::max(0.0, to_seconds(call.end - call.start));
  const std::string app(application_name(call.app));
  ++calls_;
  seconds_ += seconds;
  ++treated_[static_cast<std::size_t>(what)];
  if (apps_.size() < apps_max || apps_.contains(app)) {
    auto& of = apps_[app];
    of.app = app;
    ++of.calls[static_cast<std::size_t>(what)];
    of.seconds += seconds;
  }
  if (!call.emergency) return;
  ++emergency_;
  emergency_throttled_ += is_throttled(what) ? 1 : 0;
}

/// "" where there is only one; nullopt where it cannot be told.
std::optional<std::string> call_digest::link_of(const call_record& call) {
  if (!around_.many_links) return std::string();
  if (!call.link.empty()) return call.link;
  std::string link =
      call.flows.empty() || !around_.link_of ? "" : around_.link_of(call.flows.front());
  if (!link.empty()) return link;
  ++link_unknown_;
  return std::nullopt;
}

void call_digest::compare(const call_record& call, const deed& done) {
  const bool of_interest = is_throttled(done.what) || any(call.mos_before) || any(call.mos);
  const auto link = of_interest ? link_of(call) : std::nullopt;
  if (!link) return;
  if (is_throttled(done.what)) {
    for (const auto& action : call.actions) {
      if (is_throttled(treatment_of(action.action, nullptr)))
        beside_.throttled(*link, action.since, std::min(action.until.value_or(call.end), call.end));
    }
  } else {
    beside_.left_alone(*link, done.what, call);
  }
}

call_line call_digest::add(call_record call) {
  make_sane(call);
  const deed done = strongest(call);
  count(call, done.what);
  const policy_meaning* meaning = done.line != nullptr ? &done.line->meaning : nullptr;
  if (done.what == treatment::degraded) degraded_.add(call, *done.action, meaning);
  if (done.what == treatment::limited) limited_.add(call, *done.action, meaning);
  compare(call, done);
  return line_of(call, done);
}

call_line call_digest::line_of(const call_record& call, const deed& done) const {
  call_line out;
  out.id = call.id;
  out.app = application_name(call.app);
  out.codec = call.codec;
  out.media = media_text(call.media);
  if (done.action != nullptr) {
    out.policy = done.action->policy;
    out.action = done.action->action;
  }
  for (const auto& party : call.parties) out.parties.push_back(names_.name(party));
  for (const auto& reason : call.reasons) out.reasons.push_back(names_.scrub(reason));
  out.what = done.what;
  out.p2p = call.p2p;
  out.relayed = call.relayed;
  out.emergency = call.emergency;
  out.ended = call.ended;
  out.confidence_pct = call.confidence_pct;
  out.start = call.start;
  out.end = call.end;
  out.mos_before = call.mos_before;
  out.mos = call.mos;
  if (is_throttled(done.what) && done.action != nullptr) {
    const auto ramp = done.line != nullptr ? done.line->meaning.ramp_s : policy_meaning{}.ramp_s;
    out.mos_throttled = enforced_mos(call, *done.action, ramp);
  }
  out.inflicted_loss = call.inflicted_loss;
  out.added_delay_ms = call.added_delay_ms;
  out.mos_scale = call.mos_scale;
  return out;
}

void call_digest::finish(report_model& into) {
  into.calls = calls_;
  into.call_seconds = seconds_;
  into.treated = treated_;
  for (auto& [name, of] : apps_) into.apps_calling.push_back(of);
  std::stable_sort(into.apps_calling.begin(), into.apps_calling.end(),
                   [](const auto& a, const auto& b) { return a.all() > b.all(); });
  into.degraded = degraded_.finish();
  into.limited = limited_.finish();
  into.beside.emergency = emergency_;
  into.beside.emergency_throttled = emergency_throttled_;
  into.beside.link_unknown = link_unknown_;
  beside_.finish(into.beside);
  for (std::size_t i = 0; i < into.policies.size() && i < by_line_.size(); ++i)
    into.policies[i].calls = by_line_[i];
}

}  // namespace callweir::dashboard

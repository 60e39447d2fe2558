#include "dashboard/report/call_digest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "base/applications.hpp"

namespace callweir::dashboard {
namespace {

// A call's MOS is that of a window of 20 s (the records' `mos`): before one is over nothing is
// judged.
constexpr double mos_window_s = 20;
// Stretches of throttling that follow each other within a minute are one: a neighbour's call does
// not recover and suffer again in between.
constexpr nanoseconds stretch_slack = std::chrono::minutes(1);
constexpr nanoseconds beside_at_most = std::chrono::hours(1);
constexpr std::size_t apps_max = 1'000;  // the table of names has fewer
constexpr std::uint32_t no_link = 0xffff'ffff;

treatment treatment_of(const std::string& action, bool names_something) {
  if (action == "block") return treatment::blocked;
  if (action == "degrade") return treatment::degraded;
  if (action == "limit") return treatment::limited;
  return names_something && (action == "allow" || action == "prioritise") ? treatment::authorised
                                                                          : treatment::tolerated;
}

/// How much a treatment does to a call: tolerated, authorised, limited, degraded, blocked.
int strength(treatment what) {
  return what == treatment::tolerated    ? 0
         : what == treatment::authorised ? 1
                                         : static_cast<int>(what);
}

both_ways<float> known(const both_ways<std::optional<double>>& mos) {
  return {static_cast<float>(mos[0].value_or(0)), static_cast<float>(mos[1].value_or(0))};
}

bool any(const both_ways<float>& mos) {
  return mos[0] > 0 || mos[1] > 0;
}

using measures = both_ways<std::optional<double>>;

/// What cannot be is not known. Readers of records refuse such values; a report rests on nothing.
void keep_within(measures& values, double least, double most) {
  for (auto& value : values) {
    if (value && !(*value >= least && *value <= most)) value.reset();
  }
}

void make_sane(call_record& call) {
  call.start = bounded(call.start);
  call.end = bounded(call.end);
  for (auto& action : call.actions) action.since = bounded(action.since);
  keep_within(call.mos_before, 1, 5);
  keep_within(call.mos, 1, 5);
  keep_within(call.inflicted_loss, 0, 1);
  keep_within(call.added_delay_ms, 0, 1e6);
}

void count_steps(mos_histogram& steps, const both_ways<float>& mos) {
  for (const float value : mos) {
    if (value <= 0) continue;
    const auto step = static_cast<std::size_t>((value - 1) * 4);
    ++steps[std::min(step, mos_steps - 1)];
  }
}

/// The number after `key`, or nullopt.
std::optional<double> number_after(const std::string& text, const std::string& key) {
  const auto at = text.find(key);
  if (at == std::string::npos) return std::nullopt;
  const char* begin = text.c_str() + at + key.size();
  char* end = nullptr;
  const double value = std::strtod(begin, &end);
  if (end == begin || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::string media_text(const std::vector<flow_role>& media) {
  std::string out;
  for (const auto role : media)
    out += (out.empty() ? "" : ", ") + std::string(flow_role_name(role));
  return out;
}

}  // namespace

policy_meaning read_policy_meaning(const std::string& match, const std::string& action) {
  policy_meaning out;
  out.names_something = match.find_first_not_of("{} \t\"'") != std::string::npos;
  const auto degrade = action.find("degrade");
  if (degrade == std::string::npos) return out;
  const std::string of = action.substr(degrade);
  if (const auto mos = number_after(of, "mos:"); mos && *mos >= 1 && *mos <= 5) out.mos = mos;
  if (const auto ramp = number_after(of, "ramp:"); ramp && *ramp >= 0) {
    const bool minutes = of.find("min", of.find("ramp:")) != std::string::npos;
    out.ramp_s = std::min(*ramp * (minutes ? 60 : 1), 3600.0);
  }
  return out;
}

void call_digest::samples::add(const both_ways<float>& mos) {
  if (any(mos)) ++calls;
  for (const float value : mos) {
    if (value > 0) values.push_back(value);
  }
}

mos_spread call_digest::samples::spread() {
  mos_spread out;
  out.calls = calls;
  if (values.empty()) return out;
  std::sort(values.begin(), values.end());
  const auto at = [this](double share) {
    const double place = share * static_cast<double>(values.size() - 1);
    return static_cast<double>(values[static_cast<std::size_t>(std::lround(place))]);
  };
  out.low = at(0.1);
  out.median = at(0.5);
  out.high = at(0.9);
  return out;
}

call_digest::call_digest(surroundings around, const pseudonyms& names)
    : around_(std::move(around)), names_(names) {}

treatment call_digest::treat(const call_record& call, const call_action** strongest) const {
  treatment out = treatment::tolerated;
  *strongest = nullptr;
  for (const auto& action : call.actions) {
    const auto found = around_.policies.find(action.policy);
    const bool names = found != around_.policies.end() && found->second.names_something;
    const auto what = treatment_of(action.action, names);
    if (*strongest == nullptr || strength(what) > strength(out)) {
      out = what;
      *strongest = &action;
    }
  }
  const bool in_clear = call.p2p == tristate::no;
  if (out == treatment::tolerated && (call.emergency || in_clear)) out = treatment::authorised;
  return out;
}

void call_digest::judge(const call_record& call, const call_action& by,
                        outcome_samples& into) const {
  ++into.sums.calls;
  const auto found = around_.policies.find(by.policy);
  const policy_meaning line = found != around_.policies.end() ? found->second : policy_meaning{};
  if (line.mos) {
    into.sums.target_low = std::min(into.sums.target_low.value_or(*line.mos), *line.mos);
    into.sums.target_high = std::max(into.sums.target_high.value_or(*line.mos), *line.mos);
  }
  const auto before = known(call.mos_before);
  into.before.add(before);
  count_steps(into.sums.before_steps, before);
  if (to_seconds(call.end - by.since) < line.ramp_s + mos_window_s) {
    ++into.sums.brief;
    return;
  }
  const auto after = known(call.mos);
  if (!any(after)) return;
  into.after.add(after);
  count_steps(into.sums.after_steps, after);
  ++into.sums.judged;
  const double most = line.mos.value_or(5) + target_tolerance;
  if (after[0] <= most && after[1] <= most) ++into.sums.reached;
}

std::uint32_t call_digest::link_number(const call_record& call) {
  if (!around_.many_links) return 0;
  const std::string link =
      call.flows.empty() || !around_.link_of ? "" : around_.link_of(call.flows.front());
  if (link.empty()) {
    ++link_unknown_;
    return no_link;
  }
  return links_.try_emplace(link, static_cast<std::uint32_t>(links_.size())).first->second;
}

call_line call_digest::add(call_record call) {
  make_sane(call);
  const call_action* strongest = nullptr;
  const treatment what = treat(call, &strongest);
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
  for (const auto& action : call.actions) ++by_policy_[action.policy];
  if (call.emergency) {
    ++emergency_;
    emergency_throttled_ += is_throttled(what) ? 1 : 0;
  }
  if (is_throttled(what) && strongest != nullptr) {
    if (what == treatment::degraded) judge(call, *strongest, degraded_);
    if (what == treatment::limited) judge(call, *strongest, limited_);
    const auto link = link_number(call);
    if (link != no_link) throttled_.push_back({link, strongest->since, call.end});
  } else if (what == treatment::authorised) {
    auto mos = known(call.mos_before);
    if (!any(mos)) mos = known(call.mos);
    if (any(mos)) {
      const auto link = link_number(call);
      if (link != no_link) beside_.push_back({{link, call.start, call.end}, mos});
    }
  }

  call_line out;
  out.id = call.id;
  out.app = app;
  out.codec = call.codec;
  out.media = media_text(call.media);
  if (strongest != nullptr) {
    out.policy = strongest->policy;
    out.action = strongest->action;
  }
  for (const auto& party : call.parties) out.parties.push_back(names_.name(party));
  for (const auto& reason : call.reasons) out.reasons.push_back(names_.scrub(reason));
  out.what = what;
  out.p2p = call.p2p;
  out.relayed = call.relayed;
  out.emergency = call.emergency;
  out.ended = call.ended;
  out.confidence_pct = call.confidence_pct;
  out.start = call.start;
  out.end = call.end;
  out.mos_before = call.mos_before;
  out.mos = call.mos;
  out.inflicted_loss = call.inflicted_loss;
  out.added_delay_ms = call.added_delay_ms;
  out.mos_scale = call.mos_scale;
  return out;
}

void call_digest::compare(report_model& into) {
  std::sort(throttled_.begin(), throttled_.end(), [](const span& a, const span& b) {
    return std::tie(a.link, a.from, a.to) < std::tie(b.link, b.from, b.to);
  });
  std::vector<span> stretches;
  for (const auto& each : throttled_) {
    if (!stretches.empty() && stretches.back().link == each.link &&
        each.from <= stretches.back().to + stretch_slack) {
      stretches.back().to = std::max(stretches.back().to, each.to);
    } else {
      stretches.push_back(each);
    }
  }
  samples before, during, after, quiet;
  for (const auto& call : beside_) {
    // The first stretch on its link that ends after the call began.
    const auto next =
        std::partition_point(stretches.begin(), stretches.end(), [&](const span& stretch) {
          return std::tie(stretch.link, stretch.to) <= std::tie(call.when.link, call.when.from);
        });
    const bool has_next = next != stretches.end() && next->link == call.when.link;
    if (has_next && next->from < call.when.to) {
      during.add(call.mos);
      continue;
    }
    const bool has_last = next != stretches.begin() && std::prev(next)->link == call.when.link;
    const auto to_next = has_next ? next->from - call.when.to : nanoseconds::max();
    const auto from_last = has_last ? call.when.from - std::prev(next)->to : nanoseconds::max();
    auto& where = std::min(to_next, from_last) > beside_at_most ? quiet
                  : to_next <= from_last                        ? before
                                                                : after;
    where.add(call.mos);
  }
  auto& out = into.beside;
  out.before = before.spread();
  out.during = during.spread();
  out.after = after.spread();
  out.quiet = quiet.spread();
  out.stretches = stretches.size();
  for (const auto& stretch : stretches)
    out.stretch_seconds += to_seconds(stretch.to - stretch.from);
}

void call_digest::finish(report_model& into) {
  into.calls = calls_;
  into.call_seconds = seconds_;
  into.treated = treated_;
  for (auto& [name, of] : apps_) into.apps_calling.push_back(of);
  std::stable_sort(into.apps_calling.begin(), into.apps_calling.end(),
                   [](const auto& a, const auto& b) { return a.all() > b.all(); });
  for (auto* each : {&degraded_, &limited_}) {
    each->sums.before = each->before.spread();
    each->sums.after = each->after.spread();
  }
  into.degraded = degraded_.sums;
  into.limited = limited_.sums;
  into.beside.emergency = emergency_;
  into.beside.emergency_throttled = emergency_throttled_;
  into.beside.link_unknown = link_unknown_;
  compare(into);
  for (auto& line : into.policies) {
    const auto found = by_policy_.find(line.sums.name);
    if (found != by_policy_.end()) line.calls = found->second;
  }
}

}  // namespace callweir::dashboard

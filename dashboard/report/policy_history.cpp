#include "dashboard/report/policy_history.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <tuple>

namespace callweir::dashboard {
namespace {

// A line is told of each ten seconds in which it did something, and each five minutes otherwise.
constexpr nanoseconds told_every = std::chrono::seconds(10);
constexpr nanoseconds told_idle = std::chrono::minutes(6);

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

/// "degrade" of "{ degrade: { mos: 1.8 } }".
std::string kind_of(const std::string& action) {
  const auto begin = action.find_first_not_of("{ \t\"'");
  if (begin == std::string::npos) return {};
  return action.substr(begin, action.find_first_of(":} \t\"'", begin) - begin);
}

void add(policy_record& to, const policy_record& more) {
  to.flows += more.flows;
  to.packets += more.packets;
  to.bytes += more.bytes;
  to.dropped += more.dropped;
  to.delayed += more.delayed;
}

/// `to` gets the sums of both, and the words of the newer.
void merge(policy_line& to, const policy_total& more) {
  const bool newer = std::tie(to.sums.at, to.first) < std::tie(more.sums.at, more.first);
  policy_record sums = newer ? more.sums : to.sums;
  add(sums, newer ? to.sums : more.sums);
  to.sums = std::move(sums);
  to.first = std::min(to.first, more.first);
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

policy_history::policy_history(const std::vector<policy_total>& totals) {
  for (const auto& total : totals) {
    const auto& of = total.sums;
    const auto same = std::find_if(lines_.begin(), lines_.end(), [&](const policy_line& line) {
      return line.sums.name == of.name && line.sums.action == of.action &&
             line.sums.mode == of.mode;
    });
    if (same != lines_.end()) {
      merge(*same, total);
    } else {
      lines_.push_back({of, 0, total.first});
    }
  }
  std::stable_sort(lines_.begin(), lines_.end(), [](const policy_line& a, const policy_line& b) {
    return a.sums.position < b.sums.position;
  });
  for (const auto& total : totals) {
    const auto& of = total.sums;
    if (of.mode == "observe") continue;
    const auto line = std::find_if(lines_.begin(), lines_.end(), [&](const policy_line& each) {
      return each.sums.name == of.name && each.sums.action == of.action &&
             each.sums.mode == of.mode;
    });
    versions_[{of.name, kind_of(of.action)}].push_back(
        {read_policy_meaning(of.match, of.action), static_cast<std::size_t>(line - lines_.begin()),
         total.first, of.at});
  }
  for (auto& [key, all] : versions_) {
    std::stable_sort(all.begin(), all.end(), [](const version& a, const version& b) {
      return std::tie(a.first, a.last) < std::tie(b.first, b.last);
    });
  }
}

const policy_history::version* policy_history::find(const std::string& name,
                                                    const std::string& action,
                                                    time_point since) const {
  const auto found = versions_.find({name, action});
  if (found == versions_.end()) return nullptr;
  // The newest that stood then; else the newest that began before; else the first that is known.
  const version* begun = &found->second.front();
  const version* stood = nullptr;
  for (const auto& each : found->second) {
    if (since + told_every < each.first) break;
    begun = &each;
    if (since <= each.last + told_idle) stood = &each;
  }
  return stood != nullptr ? stood : begun;
}

}  // namespace callweir::dashboard

#include "dashboard/report/appliance_questions.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace callweir::dashboard {
namespace {

constexpr std::size_t audit_read = 10'000;

double covered(std::vector<period>& stretches) {
  std::sort(stretches.begin(), stretches.end(),
            [](const period& a, const period& b) { return a.from < b.from; });
  double out = 0;
  time_point told;  // up to here it is counted
  for (const auto& each : stretches) {
    const time_point from = std::max(each.from, told);
    if (each.to <= from) continue;
    out += to_seconds(each.to - from);
    told = each.to;
  }
  return out;
}

}  // namespace

std::vector<gap_sum> sum_gaps(const std::vector<gap_record>& gaps, const period& when) {
  struct kind {
    gap_sum sum;
    std::vector<period> stretches;
  };
  std::map<std::string, kind> kinds;
  for (const auto& gap : gaps) {
    auto& of = kinds[gap.what];
    of.sum.what = gap.what;
    ++of.sum.times;
    of.sum.count += gap.count;
    of.stretches.push_back(
        {std::max(bounded(gap.from), when.from), std::min(bounded(gap.to), when.to)});
  }
  std::vector<gap_sum> out;
  for (auto& [what, of] : kinds) {
    of.sum.seconds = covered(of.stretches);
    out.push_back(std::move(of.sum));
  }
  return out;
}

result<void> ask_gaps(store_reader& from, report_model& into, std::size_t listed,
                      const pseudonyms& names) {
  const auto found = from.gaps(into.when, rows_max);
  if (!found) return tl::unexpected(found.error());
  into.gap_sums = sum_gaps(*found, into.when);
  for (const auto& gap : *found) {
    if (into.gaps.size() < listed) {
      into.gaps.push_back(
          {bounded(gap.from), bounded(gap.to), gap.what, names.scrub(gap.reason), gap.count});
    } else {
      ++into.gaps_unlisted;
    }
  }
  return {};
}

result<void> ask_changes(store_reader& from, report_model& into, std::size_t listed,
                         const pseudonyms& names) {
  // Enforcement and logins fill the log; the report is about what was changed.
  static const std::set<std::string> changing = {
      "policy-apply", "policy-confirm", "policy-rollback", "policy-save",
      "bypass",       "user-add",       "user-remove",     "user-passwd",
      "user-role",    "token-add",      "token-remove",    "setup"};
  auto found = from.audit(into.when, audit_read);
  if (!found) return tl::unexpected(found.error());
  std::stable_sort(found->begin(), found->end(),
                   [](const audit_record& a, const audit_record& b) { return a.at > b.at; });
  for (const auto& entry : *found) {
    if (!changing.contains(entry.verb)) continue;
    if (into.changes.size() < listed) {
      into.changes.push_back(
          {bounded(entry.at), names.scrub(entry.who), entry.verb, names.scrub(entry.what)});
    } else {
      ++into.changes_unlisted;
    }
  }
  return {};
}

}  // namespace callweir::dashboard

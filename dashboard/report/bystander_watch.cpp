#include "dashboard/report/bystander_watch.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <tuple>

namespace callweir::dashboard {
namespace {

// Stretches of throttling that follow each other within a minute are one: a neighbour's call does
// not recover and suffer again in between.
constexpr nanoseconds stretch_slack = std::chrono::minutes(1);
constexpr nanoseconds beside_at_most = std::chrono::hours(1);
// Of a month of many calls the courses are kept coarser: this many windows in all.
constexpr std::size_t glimpses_most = 1'000'000;

enum class place_in_time : std::uint8_t { before, during, after, quiet };
constexpr std::size_t places = 4;

}  // namespace

/// What calls of one treatment show.
struct bystander_watch::group {
  std::array<mos_samples, places> samples;
  mos_samples own_without, own_with;
  std::vector<double> losses;
  bystander_group sums;

  void compare(const measures& without, const measures& with);
  bystander_group finish();
};

/// One call, with and without throttling around it.
void bystander_watch::group::compare(const measures& without, const measures& with) {
  std::optional<double> most, least;
  for (std::size_t way = 0; way < 2; ++way) {
    if (!without[way] || !with[way]) continue;
    const double lost = *without[way] - *with[way];
    most = std::max(most.value_or(lost), lost);
    least = std::min(least.value_or(lost), lost);
  }
  if (!most) return;
  ++sums.both_times;
  own_without.add(without);
  own_with.add(with);
  losses.push_back(*most);
  if (*most >= harm_mos - 1e-6) {
    ++sums.lowered;
  } else if (*least <= -harm_mos + 1e-6) {
    ++sums.raised;
  }
}

bystander_group bystander_watch::group::finish() {
  const auto spread = [this](place_in_time where) {
    return samples[static_cast<std::size_t>(where)].spread();
  };
  sums.before = spread(place_in_time::before);
  sums.during = spread(place_in_time::during);
  sums.after = spread(place_in_time::after);
  sums.quiet = spread(place_in_time::quiet);
  sums.own_without = own_without.spread();
  sums.own_with = own_with.spread();
  sums.median_loss = median_of(losses).value_or(0);
  return sums;
}

std::uint32_t bystander_watch::number_of(const std::string& link) {
  return links_.try_emplace(link, static_cast<std::uint32_t>(links_.size())).first->second;
}

void bystander_watch::throttled(const std::string& link, time_point from, time_point to) {
  if (from < to) throttled_.push_back({number_of(link), from, to});
}

void bystander_watch::left_alone(const std::string& link, treatment what, const call_record& call) {
  neighbour out{number_of(link), what == treatment::authorised, glimpses_.size(), 0};
  const auto add = [&](time_point from, time_point to, const measures& mos) {
    glimpses_.push_back(
        {std::max(from, call.start),
         to,
         {static_cast<float>(mos[0].value_or(0)), static_cast<float>(mos[1].value_or(0))}});
    ++out.count;
  };
  if (glimpses_.size() < glimpses_most) each_window(call.course, call.end, add);
  if (out.count == 0) {
    const measures& mos = any(call.mos_before) ? call.mos_before : call.mos;
    if (any(mos)) add(call.start, call.end, mos);
  }
  if (out.count > 0) calls_.push_back(out);
}

std::vector<bystander_watch::span> bystander_watch::stretches() const {
  auto all = throttled_;
  std::sort(all.begin(), all.end(), [](const span& a, const span& b) {
    return std::tie(a.link, a.from, a.to) < std::tie(b.link, b.from, b.to);
  });
  std::vector<span> out;
  for (const auto& each : all) {
    if (!out.empty() && out.back().link == each.link &&
        each.from <= out.back().to + stretch_slack) {
      out.back().to = std::max(out.back().to, each.to);
    } else {
      out.push_back(each);
    }
  }
  return out;
}

void bystander_watch::place(const neighbour& call, const std::vector<span>& stretches,
                            group& into) const {
  std::array<both_ways<std::vector<double>>, places> seen;
  const bool whole = call.count == 1;  // perhaps all that is known of the call
  for (std::size_t i = call.first; i < call.first + call.count; ++i) {
    const glimpse& of = glimpses_[i];
    // The first stretch on its link that ends after the window began.
    const auto next =
        std::partition_point(stretches.begin(), stretches.end(), [&](const span& stretch) {
          return std::tie(stretch.link, stretch.to) <= std::tie(call.link, of.from);
        });
    const bool has_next = next != stretches.end() && next->link == call.link;
    const bool overlaps = has_next && next->from < of.to;
    const bool within = overlaps && next->from <= of.from && of.to <= next->to;
    if (overlaps && !within && !whole) continue;  // some of both
    const bool has_last = next != stretches.begin() && std::prev(next)->link == call.link;
    const auto to_next = has_next ? next->from - of.to : nanoseconds::max();
    const auto from_last = has_last ? of.from - std::prev(next)->to : nanoseconds::max();
    const auto where = overlaps                                        ? place_in_time::during
                       : std::min(to_next, from_last) > beside_at_most ? place_in_time::quiet
                       : to_next <= from_last                          ? place_in_time::before
                                                                       : place_in_time::after;
    for (std::size_t way = 0; way < 2; ++way) {
      if (of.mos[way] > 0)
        seen[static_cast<std::size_t>(where)][way].push_back(static_cast<double>(of.mos[way]));
    }
  }
  both_ways<std::vector<double>> apart;
  measures with;
  for (std::size_t where = 0; where < places; ++where) {
    const bool during = where == static_cast<std::size_t>(place_in_time::during);
    for (std::size_t way = 0; !during && way < 2; ++way)
      apart[way].insert(apart[way].end(), seen[where][way].begin(), seen[where][way].end());
    const measures median = {median_of(seen[where][0]), median_of(seen[where][1])};
    if (during) with = median;
    if (any(median)) into.samples[where].add(median);
  }
  into.compare({median_of(apart[0]), median_of(apart[1])}, with);
}

void bystander_watch::finish(bystanders& into) {
  const auto all = stretches();
  std::array<group, 2> groups;
  for (const auto& call : calls_) place(call, all, groups[call.authorised ? 0 : 1]);
  into.authorised = groups[0].finish();
  into.tolerated = groups[1].finish();
  into.stretches = all.size();
  for (const auto& stretch : all) into.stretch_seconds += to_seconds(stretch.to - stretch.from);
}

}  // namespace callweir::dashboard

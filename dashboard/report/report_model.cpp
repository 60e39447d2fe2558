#include "dashboard/report/report_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "dashboard/privacy/pseudonyms.hpp"
#include "dashboard/report/appliance_questions.hpp"
#include "dashboard/report/call_digest.hpp"

namespace callweir::dashboard {
namespace {

constexpr std::size_t top_apps = 12, top_hosts = 20, top_links = 20;
constexpr std::size_t calls_a_page = 5'000;  // some 10 MB of them
// A flow is looked up only to tell the link of a call; beyond this many the rest is left out.
constexpr std::size_t link_lookups_max = 20'000;
// Sums of ten seconds are kept for two days, of five minutes for two weeks
// (docs/reference/store.md). A little less is relied on: they go when the store has time for it.
constexpr nanoseconds ten_seconds_kept = std::chrono::hours(46);
constexpr nanoseconds five_minutes_kept = std::chrono::hours(13 * 24);
// A line that stands and does nothing is told each five minutes.
constexpr nanoseconds lines_told_again = std::chrono::minutes(10);
constexpr nanoseconds longest = std::chrono::hours(24) * 3660;

result<void> check_period(const period& when) {
  if (!(when.from < when.to)) {
    return fail("the period is empty: it ends before it begins", "--from and --to",
                "let the end be after the beginning");
  }
  if (when.to - when.from > longest)
    return fail("the period is longer than ten years", "--from and --to", "take a shorter one");
  return {};
}

nanoseconds finest_step(nanoseconds age) {
  if (age < ten_seconds_kept) return std::chrono::seconds(10);
  return age < five_minutes_kept ? nanoseconds{std::chrono::minutes(5)} : std::chrono::hours(1);
}

nanoseconds step_of(const time_bins& bins) {
  using std::chrono::hours;
  using std::chrono::minutes;
  if (bins.unit == bin_unit::ten_seconds) return std::chrono::seconds(10);
  if (bins.unit == bin_unit::minute) return minutes(1);
  if (bins.unit == bin_unit::five_minutes) return minutes(5);
  // Zones whose offset is no whole hour begin their hours within UTC's.
  const auto whole = nanoseconds{hours(1)}.count();
  const bool aligned = bins.count() < 2 || bins.edges[1].ns % whole == 0;
  return bins.unit == bin_unit::hour && !aligned ? nanoseconds{minutes(5)} : nanoseconds{hours(1)};
}

/// Points belong to the bin in which their step begins; the first step may begin before the period.
std::size_t bin_of(const report_model& model, time_point at) {
  return model.bins.find(std::max(at, model.when.from));
}

usage to_usage(const report_model& model, const traffic_series& series, std::string key) {
  usage out;
  out.key = std::move(key);
  out.voip = series.voip;
  out.flows = series.sum.flows;
  out.bytes = series.sum.bytes;
  out.over_time.assign(model.bins.count(), 0);
  for (const auto& point : series.points) {
    const auto bin = bin_of(model, point.at);
    if (bin < out.over_time.size()) out.over_time[bin] += point.bytes[0] + point.bytes[1];
  }
  return out;
}

/// Asks the store, question after question; the first that fails ends it.
class asker {
 public:
  asker(store_reader& from, report_model& into, const model_limits& limits, const pseudonyms& names)
      : from_(from), model_(into), limits_(limits), names_(names) {}

  result<void> load();
  result<std::vector<usage>> traffic(traffic_query::grouping by, std::size_t top);
  result<void> hosts();
  result<void> policies();
  result<void> calls(const std::function<void(const call_line&)>& each_call);
  result<void> notes();

 private:
  call_digest::surroundings surroundings();
  void list(call_line&& line);
  void trim_lists();

  store_reader& from_;
  report_model& model_;
  const model_limits& limits_;
  const pseudonyms& names_;
  policy_history history_;
  std::size_t lookups_ = 0;
};

result<void> asker::load() {
  load_query what{model_.when, std::nullopt, step_of(model_.bins)};
  auto points = from_.load(what);
  if (!points) return tl::unexpected(points.error());
  auto& out = model_.load;
  out.bytes_by_bin.assign(model_.bins.count(), 0);
  out.call_bytes_by_bin = out.bytes_by_bin;
  out.calls_by_bin.assign(model_.bins.count(), 0);
  out.degraded_by_bin = out.calls_by_bin;
  for (const auto& point : *points) {
    for (std::size_t side = 0; side < 2; ++side) {
      out.bytes[side] += point.bytes[0][side] + point.bytes[1][side];
      out.packets[side] += point.packets[0][side] + point.packets[1][side];
    }
    const auto of_calls = point.bytes[0][0] + point.bytes[0][1];
    out.call_bytes += of_calls;
    out.dropped += point.dropped;
    out.delayed += point.delayed;
    out.calls_most = std::max(out.calls_most, point.calls_most);
    out.degraded_most = std::max(out.degraded_most, point.degraded_most);
    const auto bin = bin_of(model_, point.at);
    if (bin >= model_.bins.count()) continue;
    out.bytes_by_bin[bin] += of_calls + point.bytes[1][0] + point.bytes[1][1];
    out.call_bytes_by_bin[bin] += of_calls;
    out.calls_by_bin[bin] = std::max(out.calls_by_bin[bin], point.calls_most);
    out.degraded_by_bin[bin] = std::max(out.degraded_by_bin[bin], point.degraded_most);
  }
  return {};
}

result<std::vector<usage>> asker::traffic(traffic_query::grouping by, std::size_t top) {
  traffic_query what;
  what.when = model_.when;
  what.by = by;
  what.step = step_of(model_.bins);
  what.top = top;
  auto series = from_.traffic(what);
  if (!series) return tl::unexpected(series.error());
  std::vector<usage> out;
  for (const auto& each : *series) {
    std::string key = each.key;
    if (by == traffic_query::grouping::host) {
      // "::" stands for hosts that a full table did not name, or for none inside.
      const auto address = ip_address::parse(key);
      key = address && *address != ip_address{} ? names_.name(*address) : "";
    }
    out.push_back(to_usage(model_, each, std::move(key)));
  }
  std::stable_sort(out.begin(), out.end(), [](const usage& a, const usage& b) {
    return std::pair(a.key.empty(), b.sum()) < std::pair(b.key.empty(), a.sum());
  });
  // Two rests (the store's own and the one of full tables) are one for the reader.
  while (out.size() > 1 && out.back().key.empty() && out[out.size() - 2].key.empty()) {
    auto& into = out[out.size() - 2];
    const auto& last = out.back();
    into.flows += last.flows;
    for (std::size_t i = 0; i < 2; ++i) into.bytes[i] += last.bytes[i];
    for (std::size_t i = 0; i < into.over_time.size(); ++i) into.over_time[i] += last.over_time[i];
    out.pop_back();
  }
  return out;
}

result<void> asker::hosts() {
  host_query what;
  what.when = model_.when;
  what.most = rows_max;
  auto found = from_.hosts(what);
  if (!found) return tl::unexpected(found.error());
  model_.hosts_seen = found->size();
  model_.more_hosts = found->size() >= rows_max;
  std::erase_if(*found, [](const host_record& host) { return host.roles.empty(); });
  std::stable_sort(found->begin(), found->end(), [](const host_record& a, const host_record& b) {
    return std::pair(a.calls, a.bytes) > std::pair(b.calls, b.bytes);
  });
  for (const auto& host : *found) {
    if (model_.softphone_hosts.size() >= limits_.hosts_listed) {
      ++model_.softphone_hosts_unlisted;
      continue;
    }
    model_.softphone_hosts.push_back({names_.name(host.address),
                                      fmt::format("{}", fmt::join(host.roles, ", ")),
                                      host.confidence_pct, host.peers, host.calls, host.bytes,
                                      bounded(host.first), bounded(host.last)});
  }
  return {};
}

result<void> asker::policies() {
  auto totals = from_.policies(model_.when);
  if (!totals) return tl::unexpected(totals.error());
  history_ = policy_history(*totals);
  model_.policies = history_.lines();
  time_point newest;
  for (const auto& line : model_.policies) newest = std::max(newest, line.sums.at);
  for (auto& line : model_.policies) {
    line.over = line.sums.at + lines_told_again < newest;
    line.sums.match = names_.scrub(line.sums.match);
  }
  return {};
}

call_digest::surroundings asker::surroundings() {
  call_digest::surroundings out;
  out.policies = history_;
  const auto named = std::count_if(model_.links.begin(), model_.links.end(),
                                   [](const usage& link) { return !link.key.empty(); });
  out.many_links = named > 1;
  out.link_of = [this](const std::string& id) -> std::string {
    if (++lookups_ > link_lookups_max) return {};
    const auto flow = from_.flow(id);
    return flow && *flow ? (*flow)->link : std::string();
  };
  return out;
}

void asker::list(call_line&& line) {
  const bool throttled = is_throttled(line.what);
  auto& into = throttled ? model_.throttled : model_.others;
  if (into.size() < limits_.calls_listed) {
    into.push_back(std::move(line));
    return;
  }
  auto& more = throttled ? model_.more_throttled : model_.more_others;
  ++more.calls;
  more.seconds += std::max(0.0, to_seconds(line.end - line.start));
}

/// Seven tenths for throttled calls, and each list may have what the other leaves.
void asker::trim_lists() {
  const std::size_t most = limits_.calls_listed;
  const std::size_t others =
      std::max(most - std::min(most, model_.throttled.size()), most * 3 / 10);
  const std::size_t others_listed = std::min(others, model_.others.size());
  const auto cut = [](std::vector<call_line>& lines, std::size_t to, unlisted_calls& more) {
    for (; lines.size() > to; lines.pop_back()) {
      ++more.calls;
      more.seconds += std::max(0.0, to_seconds(lines.back().end - lines.back().start));
    }
  };
  cut(model_.others, others_listed, model_.more_others);
  cut(model_.throttled, most - others_listed, model_.more_throttled);
}

result<void> asker::calls(const std::function<void(const call_line&)>& each_call) {
  call_digest digest(surroundings(), names_);
  const auto all = from_.count_calls(model_.when);
  if (!all) return tl::unexpected(all.error());
  const std::uint64_t most = std::min<std::uint64_t>(*all, limits_.calls_read);
  call_query what;
  what.when = model_.when;
  // By number and not until a page is short: a row that cannot be read any more is left out of it.
  for (std::uint64_t read = 0; read < most; read += what.most) {
    what.offset = static_cast<std::size_t>(read);
    what.most = static_cast<std::size_t>(std::min<std::uint64_t>(calls_a_page, most - read));
    auto page = from_.calls(what);
    if (!page) return tl::unexpected(page.error());
    for (auto& call : *page) {
      auto line = digest.add(std::move(call));
      if (each_call) each_call(line);
      list(std::move(line));
    }
  }
  digest.finish(model_);
  trim_lists();
  model_.calls_not_read = *all - most;
  return {};
}

result<void> asker::notes() {
  auto& out = model_.notes;
  const auto& clock = *model_.clock;
  const auto odd = clock.oddity(model_.when);
  if (!odd.empty()) out.push_back(odd + ".");
  if (model_.made <= model_.when.from) {
    out.push_back("The period lies in the future: there is nothing to report yet.");
  } else if (model_.made < model_.when.to) {
    out.push_back(fmt::format("The period is not over: what is said holds up to {}.",
                              clock.date_time(model_.made)));
  }
  const auto extent = from_.extent();
  if (!extent) return tl::unexpected(extent.error());
  if (!*extent) {
    out.push_back("The store holds no records at all.");
  } else if (model_.when.to <= (*extent)->from || (*extent)->to < model_.when.from) {
    out.push_back(fmt::format("The store holds no records of this period; it knows {} to {}.",
                              clock.date_time((*extent)->from), clock.date_time((*extent)->to)));
  } else if (model_.when.from < (*extent)->from) {
    out.push_back(fmt::format("Records begin at {}: of the time before nothing is known.",
                              clock.date_time((*extent)->from)));
  }
  if (model_.calls_not_read > 0) {
    out.push_back(
        fmt::format("Only the newest {} calls were looked at; {} older ones are counted "
                    "here and nowhere else.",
                    model_.calls, model_.calls_not_read));
  }
  return {};
}

}  // namespace

time_point bounded(time_point at) {
  return {std::clamp(at.ns, std::int64_t{0}, std::numeric_limits<std::int64_t>::max() / 2)};
}

const char* treatment_name(treatment what) {
  static constexpr std::array<const char*, treatment_count> names = {
      "authorised", "tolerated", "limited", "degraded", "blocked"};
  return names[static_cast<std::size_t>(what)];
}

std::uint64_t application_calls::all() const {
  std::uint64_t sum = 0;
  for (const auto n : calls) sum += n;
  return sum;
}
std::uint64_t application_calls::throttled() const {
  return calls[static_cast<std::size_t>(treatment::limited)] +
         calls[static_cast<std::size_t>(treatment::degraded)] +
         calls[static_cast<std::size_t>(treatment::blocked)];
}

result<report_model> ask_report_model(store_reader& from, const report_request& what,
                                      const model_limits& limits,
                                      const std::function<void(const call_line&)>& each_call) {
  if (auto ok = check_period(what.when); !ok) return tl::unexpected(ok.error());
  auto clock = calendar::open(what.timezone);
  if (!clock) return tl::unexpected(clock.error());
  report_model out;
  out.site = what.site;
  out.timezone = what.timezone;
  out.when = what.when;
  out.made = what.made;
  out.pseudonymised = what.pseudonymise;
  out.clock = std::move(*clock);
  out.bins = out.clock->bins(what.when, finest_step(what.made - what.when.from));
  const pseudonyms names = !what.pseudonymise           ? pseudonyms()
                           : what.pseudonym_key.empty() ? pseudonyms(make_pseudonym_key())
                                                        : pseudonyms(what.pseudonym_key);
  asker ask(from, out, limits, names);
  const auto series = [&](std::vector<usage>& into, traffic_query::grouping by,
                          std::size_t top) -> result<void> {
    auto got = ask.traffic(by, top);
    if (!got) return tl::unexpected(got.error());
    into = std::move(*got);
    return {};
  };
  using grouping = traffic_query::grouping;
  const std::function<result<void>()> questions[] = {
      [&] { return ask.load(); },
      [&] { return series(out.apps, grouping::app, top_apps); },
      [&] { return series(out.hosts, grouping::host, top_hosts); },
      [&] { return series(out.links, grouping::link, top_links); },
      [&] { return ask.hosts(); },
      [&] { return ask.policies(); },
      [&] { return ask.calls(each_call); },
      [&] { return ask_gaps(from, out, limits.gaps_listed, names); },
      [&] { return ask_changes(from, out, limits.changes_listed, names); },
      [&] { return ask.notes(); },
  };
  for (const auto& question : questions) {
    if (auto ok = question(); !ok) return tl::unexpected(ok.error());
  }
  return out;
}

}  // namespace callweir::dashboard

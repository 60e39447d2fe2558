#include "dashboard/report/findings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "dashboard/report/text.hpp"

namespace callweir::dashboard {
namespace {

std::uint64_t treated(const report_model& model, treatment what) {
  return model.treated[static_cast<std::size_t>(what)];
}
std::uint64_t throttled_calls(const report_model& model) {
  return treated(model, treatment::limited) + treated(model, treatment::degraded) +
         treated(model, treatment::blocked);
}

double share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

/// What lines in observe mode matched.
std::uint64_t observed_flows(const report_model& model) {
  std::uint64_t sum = 0;
  for (const auto& line : model.policies) sum += line.observes() ? line.sums.flows : 0;
  return sum;
}

/// "a", "a and b", "a, b and c".
std::string listed(const std::vector<std::string>& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i)
    out += (i == 0 ? "" : i + 1 == words.size() ? " and " : ", ") + words[i];
  return out;
}

std::string of_treatments(const report_model& model) {
  std::vector<std::string> parts;
  for (const auto what : {treatment::degraded, treatment::limited, treatment::blocked}) {
    if (treated(model, what) > 0)
      parts.push_back(fmt::format("{} {}", count_text(treated(model, what)), treatment_name(what)));
  }
  return listed(parts);
}

std::uint64_t traffic_bytes(const report_model& model) {
  return model.load.bytes[0] + model.load.bytes[1];
}

finding seen(const report_model& model) {
  finding out{"seen", "What was seen?", "", tone::quiet, {}};
  const auto bytes = traffic_bytes(model);
  if (bytes == 0 && model.calls == 0) {
    out.answer = "Nothing";
    out.sentences.push_back("No traffic and no call is on record for this period.");
    return out;
  }
  out.answer = counted(model.calls, "call");
  out.sentences.push_back(fmt::format(
      "{} of traffic{}.", bytes_text(static_cast<double>(bytes)),
      model.load.call_bytes > 0
          ? fmt::format(", {} of it calls", percent_text(share(model.load.call_bytes, bytes)))
          : ""));
  if (model.calls == 0) {
    out.sentences.push_back("No call was seen.");
    return out;
  }
  const auto softphones = model.softphone_hosts.size() + model.softphone_hosts_unlisted;
  out.sentences.push_back(fmt::format(
      "The calls were of {}{}{}, {} together.", counted(model.apps_calling.size(), "application"),
      softphones > 0 ? fmt::format(" on {}", counted(softphones, "host") + " with softphones") : "",
      model.load.calls_most > 0
          ? fmt::format(", at most {} at one time", count_text(model.load.calls_most))
          : "",
      duration_text(model.call_seconds)));
  return out;
}

finding throttled(const report_model& model) {
  finding out{"throttled", "What was throttled?", "", tone::quiet, {}};
  const auto calls = throttled_calls(model);
  if (calls > 0) {
    out.answer = counted(calls, "call");
    out.sentences.push_back(fmt::format(
        "{} of all calls: {}.", percent_text(share(calls, model.calls)), of_treatments(model)));
    out.sentences.push_back(fmt::format("Left alone: {} authorised, {} tolerated.",
                                        count_text(treated(model, treatment::authorised)),
                                        count_text(treated(model, treatment::tolerated))));
  } else {
    out.answer = "Nothing";
    out.sentences.push_back(model.calls > 0 ? "Every call went through untouched."
                                            : "There was no call to act on.");
    if (model.load.dropped > 0) {
      out.sentences.push_back(fmt::format("Policies for other traffic dropped {}.",
                                          counted(model.load.dropped, "packet")));
    }
  }
  if (const auto flows = observed_flows(model); flows > 0) {
    out.sentences.push_back(fmt::format(
        "Lines that only observe would have acted on {}: see the bill.", counted(flows, "flow")));
  }
  return out;
}

std::string target_text(const outcome& of) {
  if (!of.target_low) return {};
  if (mos_text(*of.target_low) == mos_text(*of.target_high))
    return fmt::format("target {}", mos_text(*of.target_low));
  return fmt::format("targets {} to {}", mos_text(*of.target_low), mos_text(*of.target_high));
}

void say_limits(const report_model& model, finding& out) {
  const auto& limited = model.limited;
  if (limited.before.calls > 0 && limited.after.calls > 0) {
    out.sentences.push_back(fmt::format("Limited calls went from a median MOS of {} to {}.",
                                        mos_text(limited.before.median),
                                        mos_text(limited.after.median)));
  }
  if (const auto blocked = treated(model, treatment::blocked); blocked > 0)
    out.sentences.push_back(fmt::format(
        "{} blocked outright.", counted(blocked, "call") + (blocked == 1 ? " was" : " were")));
}

finding worked(const report_model& model) {
  finding out{"worked", "Did it work?", "", tone::quiet, {}};
  const auto& of = model.degraded;
  if (throttled_calls(model) == 0) {
    out.answer = "Nothing to judge";
    out.sentences.push_back("No call was throttled in this period.");
    return out;
  }
  if (of.calls == 0) {
    out.answer = model.limited.after.calls > 0 ? "See the figures" : "Nothing to judge";
    say_limits(model, out);
    return out;
  }
  if (of.judged == 0 && of.unknown > 0) {
    out.answer = "Not known";
  } else if (of.judged == 0) {
    out.answer = "Too few to judge";
    out.sentences.push_back(
        fmt::format("None of {} was throttled for long enough for a MOS to be told.",
                    counted(of.calls, "degraded call")));
  } else if (of.judged < judged_at_least) {
    out.answer = fmt::format("{} of {}", count_text(of.reached), counted(of.judged, "call"));
    out.sentences.push_back(fmt::format(
        "So many of the degraded calls that were throttled long enough to judge were held at the "
        "target or below. {} {} too few for more than that.",
        counted(of.judged, "call"), of.judged == 1 ? "is" : "are"));
  } else {
    const double reached = share(of.reached, of.judged);
    out.answer = reached >= 0.85 ? "Yes" : reached >= 0.5 ? "Partly" : "No";
    out.mood = reached >= 0.85 ? tone::good : reached >= 0.5 ? tone::warning : tone::bad;
    out.sentences.push_back(
        fmt::format("{} the {} that were throttled long enough to judge were held at the target "
                    "or below.",
                    of.reached == of.judged ? std::string("All of") : percent_text(reached) + " of",
                    counted(of.judged, "degraded call")));
  }
  if (of.before.calls > 0 && of.after.calls > 0) {
    const auto target = target_text(of);
    out.sentences.push_back(fmt::format("Their median MOS went from {} to {}{}.",
                                        mos_text(of.before.median), mos_text(of.after.median),
                                        target.empty() ? "" : " (" + target + ")"));
  }
  if (of.brief > 0) {
    out.sentences.push_back(fmt::format("{} ended or {} let go before that.",
                                        counted(of.brief, "call"), of.brief == 1 ? "was" : "were"));
  }
  if (of.unknown > 0) {
    out.sentences.push_back(
        fmt::format("Of {} the quality while throttled is not known in both directions: {} not "
                    "judged.",
                    counted(of.unknown, "call"), of.unknown == 1 ? "it is" : "they are"));
  }
  say_limits(model, out);
  return out;
}

/// The median that bystanders have when nothing is throttled near them: before and after weighted
/// by calls.
double reference(const bystander_group& of) {
  const auto before = static_cast<double>(of.before.calls);
  const auto after = static_cast<double>(of.after.calls);
  return (before * of.before.median + after * of.after.median) / std::max(1.0, before + after);
}

enum class harm : std::uint8_t { nobody, untold, none, perhaps };

/// Calls that ran in both times, each against itself. `between` is what was said of their group.
harm judge_within(const bystander_group& of, std::string_view kind, harm between, finding& out) {
  if (of.both_times == 0) return harm::nobody;
  const bool one = of.both_times == 1;
  const bool told = between == harm::none || between == harm::perhaps;
  std::string said = fmt::format(
      "{}: {}MOS {} without, {} with others throttled",
      told ? count_text(of.both_times) + " of them at both times"
           : counted(of.both_times, std::string(kind) + " call") +
                 " went on through the beginning or the end of throttling on the same link",
      one ? "" : "median ", mos_text(of.own_without.median), mos_text(of.own_with.median));
  if (!one && of.lowered + of.raised > 0) {
    said += fmt::format("; {} worse by {:.1f} or more, {} better", count_text(of.lowered), harm_mos,
                        count_text(of.raised));
  }
  out.sentences.push_back(said + ".");
  // Some calls get worse and some better by themselves: one in ten is not held against it.
  const bool more_lowered = of.lowered > of.raised + of.both_times / 10;
  return of.median_loss >= harm_mos - 1e-6 || more_lowered ? harm::perhaps : harm::none;
}

/// Calls of the one time against those of the other.
harm judge_between(const bystander_group& of, std::string_view kind, finding& out) {
  if (of.during.calls == 0) return harm::nobody;
  const auto beside = of.before.calls + of.after.calls;
  const std::string during = counted(of.during.calls, std::string(kind) + " call");
  if (of.during.calls < judged_at_least || beside < judged_at_least) {
    if (of.both_times > 0) return harm::untold;  // and what they tell is said
    out.sentences.push_back(fmt::format(
        "{} ran while others were throttled on the same link, and {} within an hour of it.", during,
        beside == 0 ? std::string("none") : count_text(beside)));
    return harm::untold;
  }
  const double lost = reference(of) - of.during.median;
  const bool harmed = lost >= harm_mos - 1e-6;
  out.sentences.push_back(
      fmt::format("{} ran beside throttled ones: median MOS {}, against {} within an hour of it.",
                  during, mos_text(of.during.median), mos_text(reference(of))));
  return harmed ? harm::perhaps : harm::none;
}

void judge_bystanders(const bystanders& of, finding& out) {
  harm worst = harm::nobody;
  bool authorised_untold = false;
  for (const auto& [group, kind] :
       {std::pair{&of.authorised, "authorised"}, std::pair{&of.tolerated, "tolerated"}}) {
    const harm between = judge_between(*group, kind, out);
    const harm within = judge_within(*group, kind, between, out);
    worst = std::max({worst, between, within});
    authorised_untold |= group == &of.authorised && std::max(between, within) == harm::untold;
  }
  // That tolerated calls were not harmed says nothing of the authorised ones.
  if (authorised_untold && worst == harm::none) worst = harm::untold;
  switch (worst) {
    case harm::nobody:
      out.answer = "Nobody in reach";
      out.sentences.push_back(
          "No authorised or tolerated call with a measured quality ran on the same link while "
          "others were throttled.");
      break;
    case harm::untold:
      out.answer = "Too few to tell";
      break;
    case harm::none:
      out.answer = "No harm found";
      out.mood = tone::good;
      break;
    case harm::perhaps:
      out.answer = "Perhaps";
      out.mood = tone::warning;
      break;
  }
}

void add_outages(const report_model& model, finding& out) {
  for (const auto& sum : model.gap_sums) {
    if (sum.what != "engine" || sum.seconds < 0.5) continue;
    out.sentences.push_back(fmt::format("The appliance did not inspect for {} (traffic passed).",
                                        duration_text(sum.seconds)));
  }
}

finding harmed(const report_model& model) {
  finding out{"harmed", "Was anyone harmed?", "", tone::quiet, {}};
  const auto& of = model.beside;
  if (throttled_calls(model) == 0) {
    out.answer = "Nobody could be";
    out.sentences.push_back("Nothing was done to any call.");
    for (const auto& [group, kind] : {std::pair{&of.authorised, "authorised call"},
                                      std::pair{&of.tolerated, "tolerated call"}}) {
      if (group->quiet.calls == 0) continue;
      out.sentences.push_back(fmt::format("{} had a median MOS of {}.",
                                          counted(group->quiet.calls, kind),
                                          mos_text(group->quiet.median)));
    }
  } else {
    judge_bystanders(of, out);
  }
  if (of.emergency_throttled > 0) {
    out.answer = "Yes";
    out.mood = tone::bad;
    out.sentences.insert(out.sentences.begin(),
                         fmt::format("{} throttled: this must never be. Report it.",
                                     counted(of.emergency_throttled, "emergency call") +
                                         (of.emergency_throttled == 1 ? " was" : " were")));
  } else if (of.emergency > 0) {
    out.sentences.push_back(
        fmt::format("{} passed untouched.", counted(of.emergency, "emergency call")));
  }
  add_outages(model, out);
  return out;
}

std::string lede(const report_model& model) {
  const auto bytes = traffic_bytes(model);
  if (bytes == 0 && model.calls == 0) {
    return "Nothing is on record for this period: no traffic, no call. What the appliance says of "
           "itself is at the end.";
  }
  const auto calls = throttled_calls(model);
  std::string out =
      fmt::format("{} carried {} and {}.", "The links", bytes_text(static_cast<double>(bytes)),
                  model.calls > 0 ? counted(model.calls, "call") : "no call");
  if (calls == 0) return out + " Nothing was throttled.";
  out += fmt::format(" {} throttled", counted(calls, "call") + (calls == 1 ? " was" : " were"));
  const auto& of = model.degraded;
  if (of.before.calls > 0 && of.after.calls > 0) {
    out += fmt::format("; where quality was degraded, the median MOS fell from {} to {}",
                       mos_text(of.before.median), mos_text(of.after.median));
  }
  out += ".";
  const auto& beside = model.beside.authorised;
  if (beside.during.calls >= judged_at_least || beside.both_times > 0) {
    const bool one = beside.during.calls == 1;
    out += fmt::format(" {} at the same time had a {}MOS of {}.",
                       one ? "An authorised call" : "Authorised calls", one ? "" : "median ",
                       mos_text(beside.during.median));
  }
  return out;
}

}  // namespace

const char* tone_name(tone of) {
  switch (of) {
    case tone::quiet:
      return "quiet";
    case tone::good:
      return "good";
    case tone::warning:
      return "warning";
    case tone::bad:
      return "bad";
  }
  return "";
}

findings find(const report_model& model) {
  return {lede(model), seen(model), throttled(model), worked(model), harmed(model)};
}

}  // namespace callweir::dashboard

#include "dashboard/report/report_command.hpp"

#include <utility>

#include "dashboard/privacy/pseudonyms.hpp"
#include "dashboard/settings.hpp"

namespace callweir::dashboard {
namespace {

using failure = tl::unexpected<report_failure>;

failure usage(std::string what, std::string where, std::string mend) {
  return failure({{{std::move(what), std::move(where), std::move(mend)}}, exit_usage});
}

failure usage(error problem, const char* where) {
  if (problem.where.empty()) problem.where = where;
  return failure({{std::move(problem)}, exit_usage});
}

/// What --format says, or the ending of the file, or html.
result<report_format> format_of(const report_options& what) {
  if (!what.format.empty()) return parse_report_format(what.format);
  const auto dot = what.output.find_last_of("./");
  if (dot != std::string::npos && what.output[dot] == '.') {
    if (auto told = parse_report_format(what.output.substr(dot + 1))) return told;
  }
  return report_format::html;
}

tl::expected<period, report_failure> period_of(const report_options& what,
                                               const std::string& timezone, time_point now) {
  if (!what.last.empty()) {
    auto last = last_period(what.last, timezone, now);
    if (!last) return usage(last.error(), "--last");
    return *last;
  }
  if (what.from.empty())
    return usage("no period is named", "", "say --last day, week or month, or --from and --to");
  auto from = parse_time(what.from, timezone);
  if (!from) return usage(from.error(), "--from");
  period out{*from, now};
  if (!what.to.empty()) {
    auto to = parse_time(what.to, timezone);
    if (!to) return usage(to.error(), "--to");
    out.to = *to;
  }
  if (!(out.from < out.to)) {
    return usage(
        what.to.empty() ? "the period has not begun yet" : "the period ends before it begins",
        "--from", what.to.empty() ? "say --to, too" : "let --to be after --from");
  }
  return out;
}

}  // namespace

tl::expected<std::string, report_failure> run_report(const report_options& what, time_point now,
                                                     bool to_terminal) {
  const auto format = format_of(what);
  if (!format) return usage(format.error(), "--format");
  if (to_terminal && (*format == report_format::html || *format == report_format::pdf)) {
    return usage("a page is not for the terminal", "--output",
                 "name a file with -o, or take --format csv or json");
  }
  const auto config = load_settings(what.configuration);
  if (!config) return failure({config.error(), exit_usage});
  if (config->store.sqlite.empty()) {
    return usage("reports of a ClickHouse store are not made here", "store",
                 "name a database with store: { sqlite: … }");
  }
  const auto when = period_of(what, config->timezone, now);
  if (!when) return tl::unexpected(when.error());
  report_request request;
  request.when = *when;
  request.format = *format;
  request.site = config->site;
  request.timezone = config->timezone;
  request.pseudonymise = config->pseudonymise;
  request.made = now;
  auto reader = open_sqlite_reader(config->store.sqlite);
  if (!reader) return failure({{reader.error()}, exit_failed});
  if (config->pseudonymise) {
    auto key = load_pseudonym_key(config->store.sqlite);
    if (!key) return failure({{key.error()}, exit_failed});
    request.pseudonym_key = std::move(*key);
  }
  auto made = make_report(**reader, request);
  if (!made) return failure({{made.error()}, exit_failed});
  return std::move(*made);
}

}  // namespace callweir::dashboard

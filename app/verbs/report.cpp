#include "dashboard/report/report_command.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

#include "app/verbs/verbs.hpp"
#include "engine/configuration.hpp"
#include "engine/output_file.hpp"

namespace callweir::app {
namespace {

void say(const error& problem) {
  std::fputs(fmt::format("callweir report: {}\n", problem.text()).c_str(), stderr);
}

int write(const dashboard::report_options& what) {
  const bool terminal = what.output.empty() && ::isatty(STDOUT_FILENO) != 0;
  const time_point now{
      std::chrono::duration_cast<nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count()};
  const auto made = dashboard::run_report(what, now, terminal);
  if (!made) {
    for (const auto& problem : made.error().problems) say(problem);
    return made.error().exit;
  }
  // Opened only now: a report that fails leaves an older one as it was.
  auto out = engine::output_file::open(what.output);
  if (!out) {
    say(out.error());
    return exit_failed;
  }
  out->buffer() += *made;
  if (auto closed = out->close(); !closed) {
    say(closed.error());
    return exit_failed;
  }
  return exit_done;
}

}  // namespace

void add_report(CLI::App& app, int& exit) {
  auto* verb = app.add_subcommand("report", "Write the traffic report of a period");
  auto what = std::make_shared<dashboard::report_options>();
  what->configuration = engine::configuration_path_default;
  auto* last = verb->add_option("--last", what->last,
                                "the last whole day, week (from Monday) or month of the site")
                   ->check(CLI::IsMember({"day", "week", "month"}));
  auto* from = verb->add_option("--from", what->from,
                                "begin, as 2026-11-02 or 2026-11-02T08:30, in the site's time zone")
                   ->excludes(last);
  verb->add_option("--to", what->to, "end, which is not in it (default: now)")->needs(from);
  verb->add_option("--format", what->format,
                   "html, pdf, csv or json (default: by the ending of the file, else html)")
      ->check(CLI::IsMember({"html", "pdf", "csv", "json"}));
  verb->add_option("-o,--output", what->output, "file to write (default: standard output)");
  verb->add_option("-c,--config", what->configuration,
                   "configuration: store, site, time zone, privacy")
      ->capture_default_str();
  verb->footer(
      "Examples:\n"
      "  callweir report --last month -o november.html\n"
      "  callweir report --last week --format pdf -o week.pdf\n"
      "  callweir report --from 2026-11-02T08:00 --to 2026-11-02T18:00 --format csv\n"
      "Works with and without a running dashboard. PDF needs the package weasyprint.");
  verb->callback([what, &exit] { exit = write(*what); });
}

}  // namespace callweir::app

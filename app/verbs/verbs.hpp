// The verbs of `callweir`, one function each: options and help. What they do lives in engine/.
#pragma once

#include <CLI/CLI.hpp>

namespace callweir::app {

/// Each adds its subcommand to `app`; the callback leaves the exit code in `exit`.
void add_run(CLI::App& app, int& exit);
void add_analyze(CLI::App& app, int& exit);
void add_check(CLI::App& app, int& exit);
void add_doctor(CLI::App& app, int& exit);
void add_console(CLI::App& app, int& exit);  // status, top, calls, flows, hosts, explain, bypass
void add_policy(CLI::App& app, int& exit);
void add_user(CLI::App& app, int& exit);
void add_report(CLI::App& app, int& exit);

}  // namespace callweir::app

// The engine and the administrator's tool. Wiring only: verbs are in app/verbs/, what they do in
// engine/.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>

#include "app/help.hpp"
#include "app/verbs/verbs.hpp"
#include "base/result.hpp"
#include "base/yaml.hpp"

namespace {

using namespace callweir;

/// One line: what is wrong, where to look.
int usage_error(const CLI::App& app, const CLI::ParseError& problem) {
  std::string verb;
  for (auto below = app.get_subcommands(); !below.empty();
       below = below.front()->get_subcommands()) {
    verb += " " + below.front()->get_name();
  }
  std::string what = problem.what();
  for (char& c : what) {
    if (c == '\n') c = ' ';
  }
  std::fputs(fmt::format("callweir{}: {}; see 'callweir{} --help'\n", verb, what, verb).c_str(),
             stderr);
  return exit_usage;
}

int unknown_word(const CLI::App& app, const std::string& word) {
  const auto known = app::known_words(app, word);
  const std::vector<std::string_view> candidates(known.begin(), known.end());
  const std::string near = yaml::closest(word, candidates);
  std::fputs(
      fmt::format("callweir: unknown {} '{}'; {}\n", word.starts_with("-") ? "option" : "word",
                  word, near.empty() ? "see 'callweir --help'" : "did you mean '" + near + "'?")
          .c_str(),
      stderr);
  return exit_usage;
}

void add_verbs(CLI::App& app, int& exit) {
  app::add_run(app, exit);
  app::add_analyze(app, exit);
  app::add_check(app, exit);
  app::add_console(app, exit);
  app::add_policy(app, exit);
  app::add_doctor(app, exit);
  app::add_user(app, exit);
  app::add_report(app, exit);
}

/// The first word where a verb should be and none is: CLI11 would complain of a missing verb only.
std::string stray_word(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return {};
  const auto verbs = app.get_subcommands([](const CLI::App*) { return true; });
  const bool known = std::any_of(verbs.begin(), verbs.end(),
                                 [&](const CLI::App* verb) { return verb->get_name() == argv[1]; });
  return known ? "" : argv[1];
}

int run(int argc, char** argv) {
  CLI::App app("finds peer-to-peer calls and steers their quality", "callweir");
  int exit = exit_done;
  app.require_subcommand(0, 1);
  app.set_version_flag("--version", std::string("callweir ") + CALLWEIR_VERSION);
  std::string shell;
  bool manual = false;
  app.add_option("--completion", shell, "print a completion script: bash or zsh")
      ->check(CLI::IsMember({"bash", "zsh"}));
  app.add_flag("--manual", manual, "print the manual page, as troff");
  app.footer(
      "Exit codes: 0 done, 1 the work failed, 2 bad usage or configuration.\n"
      "'callweir VERB --help' shows options and examples.");
  add_verbs(app, exit);
  if (const auto stray = stray_word(app, argc, argv); !stray.empty())
    return unknown_word(app, stray);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::CallForAllHelp& help) {
    return app.exit(help);
  } catch (const CLI::CallForVersion& version) {
    return app.exit(version);
  } catch (const CLI::ExtrasError& problem) {
    const auto rest = app.remaining(true);
    return rest.empty() ? usage_error(app, problem) : unknown_word(app, rest.front());
  } catch (const CLI::RequiredError& problem) {
    // `policy lst`: the word that is no verb is left over, and a verb is missing.
    const auto rest = app.remaining(true);
    return rest.empty() ? usage_error(app, problem) : unknown_word(app, rest.front());
  } catch (const CLI::ParseError& problem) {
    return usage_error(app, problem);
  }
  if (!shell.empty()) {
    std::fputs(app::completion_script(app, shell).c_str(), stdout);
  } else if (manual) {
    std::fputs(app::manual_page(app, CALLWEIR_VERSION).c_str(), stdout);
  } else if (app.get_subcommands().empty()) {
    std::fputs(app.help().c_str(), stderr);
    return exit_usage;
  }
  return exit;
}

}  // namespace

int main(int argc, char** argv) {
  const int exit = run(argc, argv);
  // A full disk shows at the latest when the last of the text goes out.
  std::cout.flush();
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && std::cout.good()) return exit;
  std::fputs(
      fmt::format("callweir: standard output: cannot write: {}\n", std::strerror(errno)).c_str(),
      stderr);
  return exit == exit_done ? exit_failed : exit;
}

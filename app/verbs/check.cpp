#include "app/verbs/verbs.hpp"
#include "engine/check_command.hpp"
#include "engine/configuration.hpp"

namespace callweir::app {

void add_check(CLI::App& app, int& exit) {
  auto* verb = app.add_subcommand("check", "Validate a configuration");
  auto path = std::make_shared<std::string>(engine::configuration_path_default);
  auto dump = std::make_shared<bool>(false);
  verb->add_option("-c,--config", *path, "configuration file")->capture_default_str();
  verb->add_flag("--dump", *dump,
                 "print it with all defaults and the memory that the engine takes at most");
  verb->footer(
      "Examples:\n"
      "  callweir check -c new.yaml\n"
      "  callweir check --dump\n"
      "Every mistake is listed with file, line and column; exit code 2 if there is one.");
  verb->callback([path, dump, &exit] { exit = engine::run_check(*path, *dump); });
}

}  // namespace callweir::app

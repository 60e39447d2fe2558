#include "engine/doctor.hpp"
#include "app/verbs/verbs.hpp"
#include "engine/configuration.hpp"

namespace callweir::app {

void add_doctor(CLI::App& app, int& exit) {
  auto* verb = app.add_subcommand(
      "doctor", "Check machine, network ports and permissions; say what to change");
  auto path = std::make_shared<std::string>();
  auto json = std::make_shared<bool>(false);
  verb->add_option("-c,--config", *path,
                   std::string("configuration whose ports are looked at (default: ") +
                       engine::configuration_path_default + " where it exists)");
  verb->add_flag("--json", *json, "records as JSON Lines");
  verb->footer(
      "Examples:\n  callweir doctor\n  callweir doctor -c new.yaml\nExit code 1 when something "
      "must be changed.");
  verb->callback([path, json, &exit] { exit = engine::run_doctor(*path, *json); });
}

}  // namespace callweir::app

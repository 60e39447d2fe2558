#include "app/verbs/verbs.hpp"
#include "engine/configuration.hpp"
#include "engine/console.hpp"
#include "engine/engine_process.hpp"
#include "engine/run_command.hpp"

namespace callweir::app {
namespace {

/// What the supervisor starts; not for people, hence in no help.
void add_engine(CLI::App& app, int& exit) {
  auto* verb = app.add_subcommand("engine", "")->group("");
  auto options = std::make_shared<engine::engine_process_options>();
  verb->add_option("--config", options->configuration)->required();
  verb->add_option("--socket", options->socket)->required();
  verb->add_option("--shared-fd", options->shared_fd)->required();
  verb->add_flag("--without-ndpi", options->without_ndpi);
  verb->callback([options, &exit] { exit = engine::run_engine(*options); });
}

}  // namespace

void add_run(CLI::App& app, int& exit) {
  auto* verb = app.add_subcommand("run", "Join the configured links inline, classify, enforce");
  auto request = std::make_shared<engine::run_request>(engine::run_request{
      engine::configuration_path_default, engine::control_socket_default, true});
  verb->add_option("-c,--config", request->configuration, "configuration file")
      ->capture_default_str();
  verb->add_option("--socket", request->socket, "control socket to serve")->capture_default_str();
  verb->add_flag("!--no-dashboard", request->dashboard,
                 "do not start callweir-dashboard: its own unit does");
  verb->footer(
      "Examples:\n"
      "  callweir run\n"
      "  callweir run -c lab.yaml --socket /run/callweir/lab.sock\n"
      "It stays in the foreground. The kernel's pass-through is laid first and left in place on "
      "exit: stopping callweir\n"
      "never stops traffic on kernel links.");
  verb->callback([request, &exit] { exit = engine::run_appliance(*request); });
  add_engine(app, exit);
}

}  // namespace callweir::app

#include "engine/console.hpp"
#include "app/verbs/verbs.hpp"

namespace callweir::app {
namespace {

using options = std::shared_ptr<engine::console_options>;

CLI::App* add_verb(CLI::App& app, const char* name, const char* what, const options& shared) {
  auto* verb = app.add_subcommand(name, what);
  verb->add_option("--socket", shared->socket, "control socket of the appliance")
      ->capture_default_str();
  verb->add_flag("--json", shared->json, "records as JSON Lines");
  return verb;
}

options fresh() {
  return std::make_shared<engine::console_options>();
}

void add_status(CLI::App& app, int& exit) {
  auto o = fresh();
  auto* verb =
      add_verb(app, "status", "State, processes, links and drops of the running appliance", o);
  verb->footer(
      "Examples:\n  callweir status\n  callweir status --json | jq .state\n"
      "The supervisor answers when there is no engine: the state is pass-through then.");
  verb->callback([o, &exit] { exit = engine::show_status(*o); });
}

void add_flows(CLI::App& app, int& exit) {
  auto o = fresh();
  auto limit = std::make_shared<std::size_t>(1000);
  auto* verb =
      add_verb(app, "flows", "Recent flows: telephony, acted on, and 1 in 1,000 of the rest", o);
  verb->add_option("--limit", *limit, "how many, the newest first")
      ->check(CLI::Range(1, 65'536))
      ->capture_default_str();
  verb->footer("Examples:\n  callweir flows\n  callweir flows --json --limit 100");
  verb->callback([o, limit, &exit] { exit = engine::show_flows(*o, *limit); });
}

void add_explain(CLI::App& app, int& exit) {
  auto o = fresh();
  auto id = std::make_shared<std::string>();
  auto* verb = add_verb(app, "explain",
                        "Why a flow or call got its verdict, and what is being done to it", o);
  verb->add_option("ID", *id, "id of a flow (f1z) or call (c7), as calls and flows list them")
      ->required();
  verb->footer("Examples:\n  callweir explain c7\n  callweir explain f1z --json");
  verb->callback([o, id, &exit] { exit = engine::show_explanation(*o, *id); });
}

void add_bypass(CLI::App& app, int& exit) {
  auto o = fresh();
  auto mode = std::make_shared<std::string>();
  auto* verb = add_verb(app, "bypass", "Forward everything untouched, or inspect again", o);
  verb->add_option("MODE", *mode, "on, off or status")
      ->required()
      ->check(CLI::IsMember({"on", "off", "status"}));
  verb->footer("Examples:\n  callweir bypass on\n  callweir bypass status");
  verb->callback([o, mode, &exit] { exit = engine::set_bypass(*o, *mode); });
}

}  // namespace

void add_console(CLI::App& app, int& exit) {
  add_status(app, exit);
  {
    auto o = fresh();
    auto* verb = add_verb(app, "top", "State, calls and hosts, refreshed each second (q quits)", o);
    verb->footer("Examples:\n  callweir top\n  callweir top --json    one round of records");
    verb->callback([o, &exit] { exit = engine::show_top(*o); });
  }
  {
    auto o = fresh();
    auto* verb = add_verb(app, "calls", "Calls, active and recently ended", o);
    verb->footer(
        "Examples:\n  callweir calls\n  callweir calls --json | jq 'select(.app==\"Skype\")'");
    verb->callback([o, &exit] { exit = engine::show_calls(*o); });
  }
  add_flows(app, exit);
  {
    auto o = fresh();
    auto* verb = add_verb(app, "hosts",
                          "Inside hosts that take part in telephony, and what they do in it", o);
    verb->footer("Examples:\n  callweir hosts\n  callweir hosts --json");
    verb->callback([o, &exit] { exit = engine::show_hosts(*o); });
  }
  add_explain(app, exit);
  add_bypass(app, exit);
}

}  // namespace callweir::app

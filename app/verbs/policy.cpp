#include "app/verbs/verbs.hpp"
#include "base/yaml_scalar.hpp"
#include "engine/console.hpp"

namespace callweir::app {
namespace {

using options = std::shared_ptr<engine::console_options>;

void add_simple(CLI::App& policy, const char* name, const char* verb_name, const char* what,
                const options& o, int& exit) {
  auto* verb = policy.add_subcommand(name, what);
  verb->callback([o, verb_name, &exit] { exit = engine::send_verb(*o, verb_name); });
}

/// "60s", "5m", "2h" as whole seconds.
std::int64_t confirm_seconds(const std::string& text) {
  const auto duration = yaml::parse_duration(text);
  if (!duration)
    throw CLI::ValidationError("--confirm", "'" + text + "' is no time, write it like 60s or 5m");
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*duration).count();
  if (seconds < 1) throw CLI::ValidationError("--confirm", "at least 1s");
  return seconds;
}

}  // namespace

void add_policy(CLI::App& app, int& exit) {
  auto* policy =
      app.add_subcommand("policy", "Show and change the policies of the running appliance");
  auto o = std::make_shared<engine::console_options>();
  policy->add_option("--socket", o->socket, "control socket of the appliance")
      ->capture_default_str();
  policy->add_flag("--json", o->json, "records as JSON Lines");
  policy->require_subcommand(1);
  policy->fallthrough();
  policy->footer(
      "FILE is a whole configuration; only groups, schedules, emergency and policies may differ "
      "from the running one.\n"
      "Examples:\n"
      "  callweir policy list\n"
      "  callweir policy diff new.yaml\n"
      "  callweir policy apply new.yaml --confirm 60s    rolls back after a minute ...\n"
      "  callweir policy confirm                         ... unless confirmed\n"
      "  callweir policy save                            makes it last over a restart");
  auto* list = policy->add_subcommand("list", "The lines in force with their counters");
  list->callback([o, &exit] { exit = engine::show_policies(*o); });

  auto file = std::make_shared<std::string>();
  auto* diff = policy->add_subcommand("diff", "What applying FILE would change");
  diff->add_option("FILE", *file, "configuration file")->required();
  diff->callback([o, file, &exit] { exit = engine::send_policies(*o, "policy-diff", *file, 0); });

  auto confirm = std::make_shared<std::string>();
  auto* apply =
      policy->add_subcommand("apply", "Put the policies of FILE in force, without losing a packet");
  apply->add_option("FILE", *file, "configuration file")->required();
  apply->add_option("--confirm", *confirm, "roll back after this time unless confirmed, as 60s");
  apply->callback([o, file, confirm, &exit] {
    const std::int64_t seconds = confirm->empty() ? 0 : confirm_seconds(*confirm);
    exit = engine::send_policies(*o, "policy-apply", *file, seconds);
  });
  add_simple(*policy, "confirm", "policy-confirm", "Keep what was applied with --confirm", o, exit);
  add_simple(*policy, "rollback", "policy-rollback", "Back to the policies before the last apply",
             o, exit);
  add_simple(*policy, "save", "policy-save",
             "Write the policies in force to the appliance's configuration file", o, exit);
}

}  // namespace callweir::app

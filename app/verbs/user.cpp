#include "app/verbs/verbs.hpp"
#include "dashboard/access/user_command.hpp"

namespace callweir::app {
namespace {

using options = std::shared_ptr<dashboard::user_options>;
using text = std::shared_ptr<std::string>;

text fresh(const char* value = "") {
  return std::make_shared<std::string>(value);
}

CLI::Option* add_role(CLI::App& verb, const text& role) {
  return verb.add_option("--role", *role, "admin, operator or viewer")
      ->check(CLI::IsMember({"admin", "operator", "viewer"}));
}

void add_accounts(CLI::App& user, const options& o, int& exit) {
  auto name = fresh(), role = fresh("viewer"), new_role = fresh();
  auto* add = user.add_subcommand("add", "A new account; the password is asked for");
  add->add_option("NAME", *name, "a to z, 0 to 9, '.', '_', '@', '-'")->required();
  add_role(*add, role)->capture_default_str();
  add->callback([=, &exit] { exit = dashboard::add_user(*o, *name, *role); });

  auto* remove = user.add_subcommand("remove", "Removes an account and ends its sessions");
  remove->add_option("NAME", *name, "the account")->required();
  remove->callback([=, &exit] { exit = dashboard::remove_user(*o, *name); });

  auto* list = user.add_subcommand("list", "The accounts");
  list->callback([=, &exit] { exit = dashboard::list_users(*o); });

  auto* passwd = user.add_subcommand("passwd", "A new password, or with --role another role");
  passwd->add_option("NAME", *name, "the account")->required();
  add_role(*passwd, new_role);
  auto* unlock = user.add_subcommand("unlock", "Forgets failed logins: nobody has to wait");
  unlock->callback([=, &exit] { exit = dashboard::unlock_users(*o); });
  passwd->callback([=, &exit] {
    exit = new_role->empty() ? dashboard::change_user_password(*o, *name)
                             : dashboard::change_user_role(*o, *name, *new_role);
  });
}

void add_tokens(CLI::App& user, const options& o, int& exit) {
  auto* token = user.add_subcommand("token", "Tokens for programs that use the API");
  token->require_subcommand(1);
  token->fallthrough();
  auto name = fresh(), role = fresh("viewer"), scopes = fresh("read"), expires = fresh("90d");
  auto* add = token->add_subcommand("add", "A new token; it is printed this once");
  add->add_option("NAME", *name, "what it is for")->required();
  add_role(*add, role)->capture_default_str();
  add->add_option("--scope", *scopes, "read, reports, metrics, operate, admin, separated by commas")
      ->capture_default_str();
  auto* ends = add->add_option("--expires", *expires, "when it ends, as 90d");
  ends->capture_default_str();
  auto for_ever = std::make_shared<bool>(false);
  add->add_flag("--never-expires", *for_ever, "until it is removed")->excludes(ends);
  add->callback([=, &exit] {
    exit = dashboard::add_user_token(*o, *name, *role, *scopes, *for_ever ? "" : *expires);
  });

  auto* list = token->add_subcommand("list", "The tokens, without their secrets");
  list->callback([=, &exit] { exit = dashboard::list_user_tokens(*o); });

  auto* remove = token->add_subcommand("remove", "Removes a token: it opens nothing from now on");
  remove->add_option("TOKEN", *name, "its number, or its name")->required();
  remove->callback([=, &exit] { exit = dashboard::remove_user_token(*o, *name); });
}

}  // namespace

void add_user(CLI::App& app, int& exit) {
  auto* user = app.add_subcommand("user", "Accounts of the dashboard, and tokens of its API");
  auto o = std::make_shared<dashboard::user_options>();
  user->add_option("-c,--config", o->configuration, "configuration file")->capture_default_str();
  user->add_flag("--json", o->json, "lists as JSON Lines");
  user->require_subcommand(1);
  user->fallthrough();
  user->footer(
      "Works with and without a running dashboard; what changes counts at once.\n"
      "Passwords are asked for on the terminal, or are the first line of standard input.\n"
      "Examples:\n"
      "  callweir user add anna --role admin\n"
      "  callweir user passwd anna\n"
      "  callweir user passwd anna --role viewer\n"
      "  callweir user token add prometheus --scope metrics --expires 365d");
  add_accounts(*user, o, exit);
  add_tokens(*user, o, exit);
}

}  // namespace callweir::app

#include "dashboard/access/user_command.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "base/clock.hpp"
#include "base/yaml_scalar.hpp"
#include "dashboard/access/access_control.hpp"
#include "dashboard/access/terminal.hpp"
#include "dashboard/settings.hpp"

namespace callweir::dashboard {
namespace {

using book = std::unique_ptr<access_control>;

int refuse(const error& problem, int exit) {
  std::fputs(fmt::format("callweir: {}\n", problem.text()).c_str(), stderr);
  return exit;
}

/// nullopt: said already, exit code in `exit`.
std::optional<book> open(const user_options& options, int& exit) {
  const auto settings = load_settings(options.configuration);
  if (!settings) {
    for (const auto& problem : settings.error()) exit = refuse(problem, exit_usage);
    return std::nullopt;
  }
  if (settings->store.sqlite.empty()) {
    exit = refuse({"accounts are kept beside a store on SQLite", options.configuration,
                   "write `store: { sqlite: /var/lib/callweir/callweir.db }`"},
                  exit_usage);
    return std::nullopt;
  }
  auto opened = access_control::open(access_beside(settings->store.sqlite));
  if (opened) return std::move(*opened);
  exit = refuse(opened.error(), exit_failed);
  return std::nullopt;
}

std::string who_am_i() {
  return fmt::format("uid {} (pid {})", ::getuid(), ::getpid());
}

time_point now() {
  return steady_clock().now();
}

std::string when(std::optional<time_point> at, const char* otherwise) {
  if (!at) return otherwise;
  return fmt::format("{:%Y-%m-%d %H:%M}Z",
                     fmt::gmtime(static_cast<std::time_t>(at->ns / 1'000'000'000)));
}

int ended(const result<void>& done, const std::string& said) {
  if (!done) return refuse(done.error(), exit_failed);
  std::fputs((said + "\n").c_str(), stdout);
  return exit_done;
}

/// The name may be wrong, which is usage, before anybody types a password.
std::optional<std::string> new_password(const std::string& name, int& exit) {
  if (const auto fits = check_account_name(name); !fits) {
    exit = refuse(fits.error(), exit_usage);
    return std::nullopt;
  }
  auto typed = read_new_password(name);
  if (typed) {
    const auto fits = check_password(*typed, name);
    if (fits) return std::move(*typed);
    exit = refuse(fits.error(), exit_usage);
  } else {
    exit = refuse(typed.error(), exit_usage);
  }
  return std::nullopt;
}

}  // namespace

int add_user(const user_options& options, const std::string& name, const std::string& role_word) {
  int exit = exit_done;
  const auto what = parse_role(role_word);
  if (!what) return refuse(what.error(), exit_usage);
  const auto access = open(options, exit);
  if (!access) return exit;
  const auto password = new_password(name, exit);
  if (!password) return exit;
  return ended((*access)->add_account(name, *what, *password, who_am_i(), now()),
               fmt::format("account '{}' added as {}", name, role_word));
}

int remove_user(const user_options& options, const std::string& name) {
  int exit = exit_done;
  const auto access = open(options, exit);
  if (!access) return exit;
  const audit_record why{now(), who_am_i(), "user-remove", "account '" + name + "' removed"};
  return ended((*access)->book().remove(name, why),
               "account '" + name + "' removed, its sessions have ended");
}

int change_user_password(const user_options& options, const std::string& name) {
  int exit = exit_done;
  const auto access = open(options, exit);
  if (!access) return exit;
  const auto there = (*access)->book().find(name);
  if (there && !*there) return refuse({"there is no account '" + name + "'", {}, {}}, exit_failed);
  const auto password = new_password(name, exit);
  if (!password) return exit;
  const auto set = (*access)->set_password(name, *password, who_am_i(), now());
  if (!set) return refuse(set.error(), exit_failed);
  // What is only in memory goes with this process.
  if (*set == kept::in_memory) {
    return refuse({"the new password could not be written", {}, "is the disk full?"}, exit_failed);
  }
  return ended({}, "account '" + name + "' has a new password, its sessions have ended");
}

int unlock_users(const user_options& options) {
  int exit = exit_done;
  const auto access = open(options, exit);
  if (!access) return exit;
  return ended((*access)->unlock(who_am_i(), now()), "failed logins are forgotten: nobody waits");
}

int change_user_role(const user_options& options, const std::string& name,
                     const std::string& role_word) {
  int exit = exit_done;
  const auto what = parse_role(role_word);
  if (!what) return refuse(what.error(), exit_usage);
  const auto access = open(options, exit);
  if (!access) return exit;
  const audit_record why{now(), who_am_i(), "user-role",
                         "account '" + name + "' is " + role_word + " now"};
  return ended((*access)->book().set_role(name, *what, why),
               "account '" + name + "' is " + role_word + " now, its sessions have ended");
}

int list_users(const user_options& options) {
  int exit = exit_done;
  const auto access = open(options, exit);
  if (!access) return exit;
  const auto all = (*access)->book().accounts();
  if (!all) return refuse(all.error(), exit_failed);
  std::string out;
  if (!options.json) {
    out = fmt::format("{:<24} {:<9} {:<18} {:<18} {}\n", "NAME", "ROLE", "CREATED", "LAST LOGIN",
                      "FROM");
  }
  for (const auto& one : *all) {
    if (options.json) {
      append_json(out, one);
      out += '\n';
    } else {
      out += fmt::format("{:<24} {:<9} {:<18} {:<18} {}\n", one.name, role_name(one.what),
                         when(one.created, "-"), when(one.last_login, "never"),
                         one.last_login_from.empty() ? "-" : one.last_login_from);
    }
  }
  std::fputs(out.c_str(), stdout);
  return exit;
}

int add_user_token(const user_options& options, const std::string& name,
                   const std::string& role_word, const std::string& scopes,
                   const std::string& expires) {
  int exit = exit_done;
  api_token wanted;
  wanted.name = name;
  const auto what = parse_role(role_word);
  if (!what) return refuse(what.error(), exit_usage);
  wanted.what = *what;
  const auto parsed = parse_scopes(scopes);
  if (!parsed) return refuse(parsed.error(), exit_usage);
  wanted.scopes = *parsed;
  if (const auto fits = check_account_name(name); !fits) return refuse(fits.error(), exit_usage);
  const time_point at = now();
  if (!expires.empty()) {
    const auto lasts = yaml::parse_duration(expires);
    if (!lasts || *lasts <= nanoseconds{0}) {
      return refuse({"'" + expires + "' is no time", "--expires", "write it like 90d"}, exit_usage);
    }
    wanted.expires = at + *lasts;
  }
  const auto access = open(options, exit);
  if (!access) return exit;
  const auto made = (*access)->add_token(wanted, who_am_i(), at);
  if (!made) return refuse(made.error(), exit_failed);
  std::fputs(fmt::format("token {} '{}' made, valid until {}; it is shown this once:\n",
                         made->what.id, name, when(made->what.expires, "it is removed"))
                 .c_str(),
             stderr);
  std::fputs((made->secret + "\n").c_str(), stdout);
  return exit;
}

int list_user_tokens(const user_options& options) {
  int exit = exit_done;
  const auto access = open(options, exit);
  if (!access) return exit;
  const auto all = (*access)->book().tokens();
  if (!all) return refuse(all.error(), exit_failed);
  std::string out;
  if (!options.json) {
    out = fmt::format("{:>4} {:<24} {:<9} {:<24} {:<18} {:<18} {}\n", "ID", "NAME", "ROLE",
                      "SCOPES", "EXPIRES", "LAST USED", "MADE BY");
  }
  for (const auto& one : *all) {
    if (options.json) {
      append_json(out, one);
      out += '\n';
    } else {
      out += fmt::format("{:>4} {:<24} {:<9} {:<24} {:<18} {:<18} {}\n", one.id, one.name,
                         role_name(one.what), scope_names(one.scopes), when(one.expires, "never"),
                         when(one.last_used, "never"), one.made_by);
    }
  }
  std::fputs(out.c_str(), stdout);
  return exit;
}

int remove_user_token(const user_options& options, const std::string& which) {
  int exit = exit_done;
  const auto access = open(options, exit);
  if (!access) return exit;
  const auto all = (*access)->book().tokens();
  if (!all) return refuse(all.error(), exit_failed);
  std::int64_t id = -1;
  const auto [end, problem] = std::from_chars(which.data(), which.data() + which.size(), id);
  const bool number = problem == std::errc{} && end == which.data() + which.size();
  const auto fits = [&](const api_token& one) { return number ? one.id == id : one.name == which; };
  const auto many = std::count_if(all->begin(), all->end(), fits);
  if (many != 1) {
    return refuse({many == 0 ? "there is no token '" + which + "'"
                             : "there are several tokens '" + which + "'",
                   {},
                   "'callweir user token list' shows their numbers"},
                  exit_failed);
  }
  const auto& one = *std::find_if(all->begin(), all->end(), fits);
  const audit_record why{now(), who_am_i(), "token-remove",
                         fmt::format("token {} '{}' removed", one.id, one.name)};
  return ended((*access)->book().remove_token(one.id, why),
               fmt::format("token {} '{}' removed", one.id, one.name));
}

}  // namespace callweir::dashboard

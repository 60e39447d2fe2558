// What `callweir user` does: accounts and tokens, beside a running dashboard or without one.
#pragma once

#include <string>

namespace callweir::dashboard {

struct user_options {
  std::string configuration = "/etc/callweir/callweir.yaml";
  bool json = false;
};

// Each writes what it has to say and gives back the exit code (base/result.hpp).

/// The password comes from the terminal, twice and without echo, or is the first line of stdin.
int add_user(const user_options& options, const std::string& name, const std::string& role);
int remove_user(const user_options& options, const std::string& name);
int list_users(const user_options& options);
int change_user_password(const user_options& options, const std::string& name);
/// Failed logins are forgotten, also by a running dashboard.
int unlock_users(const user_options& options);
int change_user_role(const user_options& options, const std::string& name, const std::string& role);

/// Prints the secret, alone, on stdout. `expires`: a duration as 90d; "" for never.
int add_user_token(const user_options& options, const std::string& name, const std::string& role,
                   const std::string& scopes, const std::string& expires);
int list_user_tokens(const user_options& options);
/// By number, or by name where only one token has it.
int remove_user_token(const user_options& options, const std::string& which);

}  // namespace callweir::dashboard

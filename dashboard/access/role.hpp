// Who may what. Roles are of accounts and tokens; scopes narrow a token further.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace callweir::dashboard {

enum class role : std::uint8_t { viewer, operator_, admin };
const char* role_name(role which);
result<role> parse_role(std::string_view word);

/// What a route asks for.
enum class right : std::uint8_t {
  watch,      // what happens and what happened
  report,     // make a report
  metrics,    // read /metrics
  audit,      // read who changed and enforced what
  operate,    // bypass
  administer  // accounts and tokens
};
bool may(role who, right what);

/// A set of scopes, one bit each; sessions have all.
using scope_set = std::uint8_t;
enum scope : scope_set {
  scope_read = 1,
  scope_reports = 2,
  scope_metrics = 4,
  scope_admin = 8,
  scope_operate = 16
};
constexpr scope_set all_scopes = 31;
bool may(scope_set scopes, right what);
/// "read,reports"; every word once.
std::string scope_names(scope_set scopes);
/// Words separated by commas, at least one.
result<scope_set> parse_scopes(std::string_view words);

}  // namespace callweir::dashboard

#include "dashboard/access/role.hpp"

#include <array>

namespace callweir::dashboard {
namespace {

constexpr std::array<const char*, 3> role_names{"viewer", "operator", "admin"};
constexpr std::array<const char*, 5> scope_words{"read", "reports", "metrics", "admin", "operate"};

/// One line a right: roles from viewer to admin, then scopes as in the enumeration.
struct line {
  std::array<bool, 3> roles;
  scope_set scopes;
};
constexpr std::array<line, 6> table{{
    {{true, true, true}, scope_read | scope_admin},               // watch
    {{true, true, true}, scope_reports | scope_admin},            // report
    {{true, true, true}, scope_metrics | scope_admin},            // metrics
    {{false, true, true}, scope_read | scope_admin},              // audit
    {{false, true, true}, scope_operate | scope_admin},           // operate
    {{false, false, true}, static_cast<scope_set>(scope_admin)},  // administer
}};

const line& of(right what) {
  return table[static_cast<std::size_t>(what)];
}

}  // namespace

const char* role_name(role which) {
  return role_names[static_cast<std::size_t>(which)];
}

result<role> parse_role(std::string_view word) {
  for (std::size_t i = 0; i < role_names.size(); ++i) {
    if (word == role_names[i]) return static_cast<role>(i);
  }
  return fail("unknown role '" + std::string(word.substr(0, 64)) + "'", {},
              "admin, operator or viewer");
}

bool may(role who, right what) {
  return of(what).roles[static_cast<std::size_t>(who)];
}

bool may(scope_set scopes, right what) {
  return (scopes & of(what).scopes) != 0;
}

std::string scope_names(scope_set scopes) {
  std::string out;
  for (std::size_t i = 0; i < scope_words.size(); ++i) {
    if ((scopes & (1U << i)) == 0) continue;
    if (!out.empty()) out += ',';
    out += scope_words[i];
  }
  return out;
}

result<scope_set> parse_scopes(std::string_view words) {
  scope_set out = 0;
  while (!words.empty()) {
    const auto comma = words.find(',');
    const auto word = words.substr(0, comma);
    words = comma == std::string_view::npos ? std::string_view() : words.substr(comma + 1);
    scope_set bit = 0;
    for (std::size_t i = 0; i < scope_words.size(); ++i) {
      if (word == scope_words[i]) bit = static_cast<scope_set>(1U << i);
    }
    if (bit == 0) {
      return fail("unknown scope '" + std::string(word.substr(0, 64)) + "'", {},
                  "read, reports, metrics, operate or admin, separated by commas");
    }
    out = static_cast<scope_set>(out | bit);
  }
  if (out == 0) return fail("no scope is named", {}, "read, reports, metrics, operate or admin");
  return out;
}

}  // namespace callweir::dashboard

// Error-or-value. An error says what is wrong, where, and how to mend it, because all three are
// printed.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace callweir {

struct error {
  std::string what;   // "unknown key 'polices'"
  std::string where;  // "/etc/callweir/callweir.yaml:12:3", "--last", "" where there is no place
  std::string mend;   // "did you mean 'policies'?", "" where nothing helps

  /// One line for stderr: `where: what; mend`.
  std::string text() const {
    std::string line = where.empty() ? what : where + ": " + what;
    if (!mend.empty()) line += "; " + mend;
    return line;
  }
};

template <class T>
using result = tl::expected<T, error>;

inline tl::unexpected<error> fail(std::string what, std::string where = {}, std::string mend = {}) {
  return tl::unexpected<error>({std::move(what), std::move(where), std::move(mend)});
}

/// Exit codes of every program.
enum exit_code : int { exit_done = 0, exit_failed = 1, exit_usage = 2 };

}  // namespace callweir

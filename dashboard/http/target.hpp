// The target of a request (RFC 9112 section 3.2) taken apart: a decoded path that can be compared
// with the names of things, and the decoded query. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace callweir::dashboard::http {

constexpr std::size_t target_bytes_max = 8 << 10;
constexpr std::size_t parameters_max = 64;

struct target {
  std::string path;
  std::vector<std::pair<std::string, std::string>> query;
};

/// Reads the origin form ("/a/b?c=d") and the absolute form ("https://host/a/b", RFC 9112 section
/// 3.2.2). False for whatever two readers might take for different things: a "." or ".." segment,
/// written plainly or escaped, an escaped slash, a backslash, control characters, text that is not
/// UTF-8 (so no overlong forms either), a broken escape, a fragment, more than parameters_max
/// parameters. Repeated slashes count as one.
bool read_target(std::string_view text, target& out);

}  // namespace callweir::dashboard::http

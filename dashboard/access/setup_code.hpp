// The one-time code by which the first admin is made: there is no default password. It stands in a
// file of mode 0600 beside the store until the first account is there.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace callweir::dashboard {

/// Any thread; the file is the truth, so that every process sees the same.
class setup_code {
 public:
  explicit setup_code(std::string path) : path_(std::move(path)) {}

  /// Makes the code unless it is there. True: made now.
  result<bool> ensure();
  /// Blanks and dashes do not matter, nor does the case.
  bool fits(std::string_view typed) const;
  /// "" when there is none.
  std::string read() const;
  void forget() const;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace callweir::dashboard

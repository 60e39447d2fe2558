// Figures of a run: medians, and the pieces of the line of JSON that a verb prints.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_writer.hpp"

namespace callweir::bench {

/// The upper one of an even number; 0 without values.
inline double median_of(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// An object, written as its fields are told.
class json_object {
 public:
  void integer(std::string_view key, std::uint64_t value) {
    json::append_key(text_, key);
    json::append_integer(text_, value);
  }
  void number(std::string_view key, double value, int decimals = 3) {
    json::append_key(text_, key);
    json::append_number(text_, value, decimals);
  }
  void text(std::string_view key, std::string_view value) {
    json::append_key(text_, key);
    json::append_string(text_, value);
  }
  void flag(std::string_view key, bool value) {
    json::append_key(text_, key);
    json::append_bool(text_, value);
  }
  /// `list`: what array_of() made.
  void array(std::string_view key, const std::string& list) {
    json::append_key(text_, key);
    text_ += list;
  }
  std::string done() const { return text_ + "}"; }

 private:
  std::string text_ = "{";
};

inline std::string array_of(const std::vector<std::string>& objects) {
  std::string out = "[";
  for (const auto& each : objects) {
    if (out.size() > 1) out += ',';
    out += each;
  }
  return out + "]";
}

}  // namespace callweir::bench

// Appends JSON pieces to a string: what the records and the control socket are written with. No
// tree is built and nothing is allocated beyond the string's growth. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/units.hpp"

namespace callweir::json {

/// A quoted JSON string. Control characters, quotes and backslashes are escaped; bytes that are not
/// UTF-8 become U+FFFD, so that the output is valid JSON whatever a file name or a SIP header held.
void append_string(std::string& out, std::string_view text);
void append_integer(std::string& out, std::uint64_t value);
/// At most `decimals` (0 to 6) digits after the point, trailing zeros cut, one kept ("1.0"). What
/// is not finite or beyond 9e12 becomes null.
void append_number(std::string& out, double value, int decimals = 3);
/// Seconds since the epoch, rounded to microseconds: "1700000000.123456".
void append_time(std::string& out, time_point at);
inline void append_bool(std::string& out, bool value) {
  out += value ? "true" : "false";
}
void append_number_or_null(std::string& out, const std::optional<double>& value, int decimals);
/// `[…]`: `append` writes one value each.
template <class List, class Append>
void append_list(std::string& out, const List& list, Append&& append) {
  out += '[';
  bool first = true;
  for (const auto& item : list) {
    if (!first) out += ',';
    first = false;
    append(out, item);
  }
  out += ']';
}
/// `,"key":`, without the comma right after an opening brace.
void append_key(std::string& out, std::string_view key);

}  // namespace callweir::json

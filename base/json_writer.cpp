#include "base/json_writer.hpp"

#include <charconv>
#include <cmath>

#include "base/utf8.hpp"

namespace callweir::json {
namespace {

void append_escaped(std::string& out, unsigned char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  constexpr char digits[] = "0123456789abcdef";
  out += "\\u00";
  out += digits[c >> 4];
  out += digits[c & 15];
}

}  // namespace

void append_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t plain = 0;  // start of the run that needs no change
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
      ++i;
      continue;
    }
    if (c >= 0x80) {
      if (const std::size_t length = utf8_length(text.substr(i)); length > 0) {
        i += length;
        continue;
      }
    }
    out.append(text, plain, i - plain);
    if (c >= 0x80) {
      out += "\\ufffd";
    } else {
      append_escaped(out, c);
    }
    plain = ++i;
  }
  out.append(text, plain);
  out += '"';
}

void append_integer(std::string& out, std::uint64_t value) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, static_cast<std::size_t>(end - digits));
}

namespace {

/// `scaled` counts units of 10^-decimals.
void append_scaled(std::string& out, std::uint64_t scaled, int decimals) {
  std::uint64_t unit = 1;
  for (int i = 0; i < decimals; ++i) unit *= 10;
  append_integer(out, scaled / unit);
  out += '.';
  std::uint64_t rest = scaled % unit;
  char digits[8];
  int kept = 1;
  digits[0] = '0';
  for (int i = 0; i < decimals; ++i) {
    unit /= 10;
    digits[i] = static_cast<char>('0' + rest / unit);
    rest %= unit;
    if (digits[i] != '0') kept = i + 1;
  }
  out.append(digits, static_cast<std::size_t>(kept));
}

}  // namespace

void append_number(std::string& out, double value, int decimals) {
  if (!std::isfinite(value) || std::fabs(value) > 9e12) {
    out += "null";
    return;
  }
  double unit = 1;
  for (int i = 0; i < decimals; ++i) unit *= 10;
  const auto scaled = std::llround(std::fabs(value) * unit);
  if (value < 0 && scaled != 0) out += '-';
  append_scaled(out, static_cast<std::uint64_t>(scaled), decimals);
}

void append_number_or_null(std::string& out, const std::optional<double>& value, int decimals) {
  if (value) {
    append_number(out, *value, decimals);
  } else {
    out += "null";
  }
}

void append_time(std::string& out, time_point at) {
  if (at.ns < 0) out += '-';
  const std::uint64_t ns =
      at.ns < 0 ? 0 - static_cast<std::uint64_t>(at.ns) : static_cast<std::uint64_t>(at.ns);
  append_scaled(out, (ns + 500) / 1000, 6);
}

void append_key(std::string& out, std::string_view key) {
  if (!out.empty() && out.back() != '{' && out.back() != '[') out += ',';
  out += '"';
  out += key;
  out += "\":";
}

}  // namespace callweir::json

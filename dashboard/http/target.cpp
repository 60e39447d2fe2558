#include "dashboard/http/target.hpp"

#include "base/utf8.hpp"

namespace callweir::dashboard::http {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// %XX to bytes, and '+' to a space where a form wrote it; false: a broken escape or a NUL.
bool decode(std::string_view text, bool form, std::string& out) {
  out.clear();
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return false;
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high < 0 || low < 0) return false;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (form && c == '+') {
      c = ' ';
    }
    if (c == '\0') return false;
    out += c;
  }
  return is_utf8(out);
}

bool read_path(std::string_view text, std::string& out) {
  out.clear();
  std::string segment;
  while (!text.empty()) {
    text.remove_prefix(1);  // the slash
    const auto end = std::min(text.find('/'), text.size());
    if (!decode(text.substr(0, end), false, segment)) return false;
    text.remove_prefix(end);
    if (segment == "." || segment == "..") return false;
    for (const char c : segment) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '/' || c == '\\' || byte < 0x20 || byte == 0x7f) return false;
    }
    if (segment.empty() && !text.empty()) continue;  // "//" counts as "/"
    out += '/';
    out += segment;
  }
  return true;
}

bool read_query(std::string_view text, target& out) {
  while (!text.empty()) {
    const auto end = std::min(text.find('&'), text.size());
    const std::string_view one = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (one.empty()) continue;
    if (out.query.size() == parameters_max) return false;
    const auto equals = std::min(one.find('='), one.size());
    auto& [name, value] = out.query.emplace_back();
    if (!decode(one.substr(0, equals), true, name)) return false;
    if (equals < one.size() && !decode(one.substr(equals + 1), true, value)) return false;
  }
  return true;
}

}  // namespace

bool read_target(std::string_view text, target& out) {
  out = {};
  if (text.size() > target_bytes_max) return false;
  for (const char c : text) {
    if (c <= 0x20 || c >= 0x7f || c == '#') return false;
  }
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (!text.starts_with(scheme)) continue;
    text.remove_prefix(scheme.size());
    const auto authority = std::min(text.find_first_of("/?"), text.size());
    if (authority == 0 || text.substr(0, authority).find('@') != std::string_view::npos) {
      return false;
    }
    text.remove_prefix(authority);
    break;
  }
  const auto mark = std::min(text.find('?'), text.size());
  const std::string_view path = text.substr(0, mark);
  if (!path.empty() && path.front() != '/') return false;
  if (!read_path(path.empty() ? "/" : path, out.path)) return false;
  return mark == text.size() || read_query(text.substr(mark + 1), out);
}

}  // namespace callweir::dashboard::http

#include "dashboard/report/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/utf8.hpp"

namespace callweir::dashboard {
namespace {

bool is_unit(std::string_view word) {
  static constexpr std::array<std::string_view, 12> units = {"B", "kB",  "MB", "GB", "TB", "PB",
                                                             "s", "min", "h",  "d",  "%",  "ms"};
  while (!word.empty() && (word.back() == '.' || word.back() == ',' || word.back() == ';' ||
                           word.back() == ':' || word.back() == ')'))
    word.remove_suffix(1);
  return std::find(units.begin(), units.end(), word) != units.end();
}

}  // namespace

std::string count_text(std::uint64_t n) {
  std::string digits = std::to_string(n);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

std::string rounded_text(double n) {
  if (n < 999'950) return count_text(static_cast<std::uint64_t>(std::llround(std::max(0.0, n))));
  static constexpr std::array<const char*, 4> words = {"million", "billion", "trillion",
                                                       "quadrillion"};
  double value = n / 1e6;
  std::size_t word = 0;
  for (; value >= 999.5 && word + 1 < words.size(); ++word) value /= 1000;
  return fmt::format("{:.{}f} {}", value, value < 99.95 ? 1 : 0, words[word]);
}

std::string bytes_text(double bytes) {
  static constexpr std::array<const char*, 7> units = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  std::size_t unit = 0;
  double value = std::max(0.0, bytes);
  // 999.6 kB would round to 1000 kB.
  for (; value >= 999.5 && unit + 1 < units.size(); ++unit) value /= 1000;
  if (unit == 0) return fmt::format("{:.0f} B", value);
  return fmt::format("{:.{}f} {}", value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0, units[unit]);
}

std::string duration_text(double seconds) {
  const auto s = static_cast<std::uint64_t>(std::llround(std::clamp(seconds, 0.0, 1e12)));
  if (s < 60) return fmt::format("{} s", s);
  if (s < 600 && s % 60 != 0) return fmt::format("{} min {:02} s", s / 60, s % 60);
  if (s < 3600) return fmt::format("{} min", (s + 30) / 60);
  if (s < 48 * 3600) return fmt::format("{} h {:02} min", s / 3600, s / 60 % 60);
  return fmt::format("{} d {} h", count_text(s / 86400), s / 3600 % 24);
}

std::string percent_text(double share) {
  const double percent = 100 * std::clamp(share, 0.0, 1.0);
  if (percent == 0 || percent == 100) return fmt::format("{:.0f} %", percent);
  if (percent < 0.1) return "< 0.1 %";
  if (percent < 9.95) return fmt::format("{:.1f} %", percent);
  // Only all is 100 %.
  return fmt::format("{:.0f} %", std::min(percent, 99.0));
}

std::string mos_text(double mos) {
  return fmt::format("{:.1f}", mos);
}

std::string counted(std::uint64_t n, std::string_view thing) {
  return fmt::format("{} {}{}", count_text(n), thing, n == 1 ? "" : "s");
}

std::string html_escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 8);
  for (std::size_t at = 0; at < text.size();) {
    const auto c = static_cast<unsigned char>(text[at]);
    const std::size_t length = c < 0x80 ? 1 : utf8_length(text.substr(at));
    if (length == 0) {
      out += "\xef\xbf\xbd";
      ++at;
      continue;
    }
    if (length > 1) {
      out += text.substr(at, length);
    } else if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else if (c == '\'') {
      out += "&#39;";
    } else {
      out += (c < 0x20 && c != '\n') || c == 0x7f ? ' ' : static_cast<char>(c);
    }
    at += length;
  }
  return out;
}

std::string html_prose(std::string_view text) {
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto blank = text.find(' ', at);
    out += html_escaped(text.substr(at, blank - at));
    if (blank == std::string_view::npos) break;
    const auto next = text.find(' ', blank + 1);
    const auto word = text.substr(
        blank + 1, next == std::string_view::npos ? std::string_view::npos : next - blank - 1);
    const bool after_digit = blank > 0 && text[blank - 1] >= '0' && text[blank - 1] <= '9';
    out += after_digit && is_unit(word) ? "&nbsp;" : " ";
    at = blank + 1;
  }
  return out;
}

}  // namespace callweir::dashboard

#include "engine/text_table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace callweir::engine {
namespace {

std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
  }));
}

std::string cut(const std::string& text, std::size_t width_max) {
  if (width_of(text) <= width_max) return text;
  std::size_t at = 0, points = 0;
  while (at < text.size()) {
    if ((static_cast<unsigned char>(text[at]) & 0xc0U) != 0x80U && ++points == width_max) break;
    ++at;
  }
  return text.substr(0, at) + "…";
}

void append_cell(std::string& line, const std::string& cell, std::size_t width, bool right,
                 bool last) {
  const std::size_t blank = width - std::min(width, width_of(cell));
  if (right) line.append(blank, ' ');
  line += cell;
  if (!last) line.append((right ? 0 : blank) + 2, ' ');
}

}  // namespace

std::string text_table::text(std::size_t rows_most) const {
  const std::size_t shown = std::min(rows_most, rows_.size());
  std::vector<std::size_t> widths;
  for (const auto& c : columns_) widths.push_back(width_of(c.title));
  std::vector<std::vector<std::string>> cells(shown);
  for (std::size_t r = 0; r < shown; ++r) {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      cells[r].push_back(i < rows_[r].size() ? cut(printable(rows_[r][i]), columns_[i].width_max)
                                             : std::string());
      widths[i] = std::max(widths[i], width_of(cells[r].back()));
    }
  }
  std::string out;
  const auto add_line = [&](auto&& cell_of) {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      append_cell(out, cell_of(i), widths[i], columns_[i].right, i + 1 == columns_.size());
    }
    while (!out.empty() && out.back() == ' ') out.pop_back();
    out += '\n';
  };
  add_line([&](std::size_t i) { return columns_[i].title; });
  for (const auto& row : cells) add_line([&](std::size_t i) { return row[i]; });
  if (shown < rows_.size()) out += fmt::format("… and {} more\n", rows_.size() - shown);
  return out;
}

std::string printable(const std::string& text, bool lines) {
  std::string out = text;
  for (char& c : out) {
    const auto u = static_cast<unsigned char>(c);
    if ((u < 0x20 && !(lines && c == '\n')) || u == 0x7f) c = '?';
  }
  return out;
}

std::string clipped(const std::string& text, std::size_t rows, std::size_t columns) {
  std::string out;
  std::size_t at = 0;
  for (std::size_t row = 0; row < rows && at < text.size(); ++row) {
    const auto end = std::min(text.find('\n', at), text.size());
    out += columns > 0 ? cut(text.substr(at, end - at), columns) + "\n" : "\n";
    at = end + 1;
  }
  return out;
}

std::string short_count(std::uint64_t value) {
  if (value < 10'000) return fmt::format("{}", value);
  constexpr const char* units[] = {"k", "M", "G", "T"};
  double scaled = static_cast<double>(value);
  std::size_t unit = 0;
  for (scaled /= 1000; scaled >= 999.5 && unit < 3; ++unit) scaled /= 1000;
  return fmt::format("{:.{}f} {}", scaled, scaled < 99.95 ? 1 : 0, units[unit]);
}

}  // namespace callweir::engine

#include "dashboard/report/charts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "dashboard/report/svg.hpp"
#include "dashboard/report/text.hpp"

namespace callweir::dashboard {
namespace {

constexpr double width = 340;  // of a chart that shares its row with another
constexpr std::size_t rows_most = 8;
constexpr std::size_t label_letters = 19;

using anchor = svg::anchor;

/// Cut at a letter, never within one of several bytes.
std::string shortened(const std::string& text, std::size_t letters) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool begins = (static_cast<unsigned char>(text[at]) & 0xc0) != 0x80;
    if (begins && ++count > letters) return text.substr(0, at) + "…";
  }
  return text;
}

double x_of_mos(double mos, double left, double right) {
  return left + (std::clamp(mos, 1.0, 5.0) - 1) / 4 * (right - left);
}

void mos_axis(svg& out, double left, double right, double y) {
  for (int mos = 1; mos <= 5; ++mos) {
    const double x = x_of_mos(mos, left, right);
    out.line(x, y, x, y + 3, colour::muted, 0.8);
    out.text(x, y + 14, std::to_string(mos), {anchor::middle});
  }
  out.line(left, y, right, y, colour::muted, 0.8);
  out.text(left, y + 27, "1 unusable", {anchor::start, 9});
  out.text((left + right) / 2, y + 27, "MOS", {anchor::middle, 9});
  out.text(right, y + 27, "5 excellent", {anchor::end, 9});
}

double sum_of(const mos_histogram& steps) {
  std::uint64_t sum = 0;
  for (const auto n : steps) sum += n;
  return static_cast<double>(sum);
}

/// One histogram as a single shape, `side` -1 for the left half of each step and 1 for the right.
void histogram_bars(svg& out, const mos_histogram& steps, double scale, double left, double right,
                    double base, int side, std::string_view fill) {
  const double sum = sum_of(steps);
  if (sum == 0) return;
  const double step = (right - left) / static_cast<double>(mos_steps);
  std::string path;
  for (std::size_t i = 0; i < mos_steps; ++i) {
    if (steps[i] == 0) continue;
    const double height = std::max(1.0, static_cast<double>(steps[i]) / sum * scale);
    const double x = left + static_cast<double>(i) * step + (side < 0 ? 1 : step / 2);
    path += fmt::format("M{} {}v-{}h{}v{}z", coordinate(x), coordinate(base), coordinate(height),
                        coordinate(step / 2 - 1), coordinate(height));
  }
  out.path(path, fill);
}

void target_lines(svg& out, const outcome& of, double left, double right, double top, double base) {
  if (!of.target_low) return;
  for (const double target : {*of.target_low, *of.target_high}) {
    const double x = x_of_mos(target, left, right);
    out.line(x, top, x, base, colour::ink, 1.2, "3 2");
    if (target == *of.target_low) {
      const bool near_left = x < left + 60;
      out.text(near_left ? x + 4 : x, top + (near_left ? 8 : -4),
               "target " + mos_text(*of.target_low) +
                   (*of.target_high > *of.target_low ? " to " + mos_text(*of.target_high) : ""),
               {near_left ? anchor::start : anchor::middle, 9, true, colour::ink});
    }
    if (*of.target_high == *of.target_low) break;
  }
}

struct spread_row {
  const char* label;
  const mos_spread& of;
  std::string_view fill;
};

void spread_line(svg& out, const spread_row& row, double left, double right, double y) {
  out.text(0, y + 1, row.label, {anchor::start, 10, true, colour::ink});
  out.text(0, y + 13, row.of.calls == 0 ? std::string("no call") : counted(row.of.calls, "call"),
           {anchor::start, 9});
  out.line(left, y + 3, right, y + 3, colour::line, 0.8);
  if (row.of.calls == 0) return;
  const double low = x_of_mos(row.of.low, left, right), high = x_of_mos(row.of.high, left, right);
  const double median = x_of_mos(row.of.median, left, right);
  out.rectangle(low, y - 1, std::max(2.0, high - low), 8, row.fill, 4);
  out.circle(median, y + 3, 5, colour::ink);
  out.text(median, y - 5, mos_text(row.of.median), {anchor::middle, 10, true, colour::ink});
}

}  // namespace

std::string bars_chart(const std::string& id, std::string_view title,
                       const std::vector<bar_row>& rows) {
  if (rows.empty()) return {};
  const std::size_t count = std::min(rows.size(), rows_most);
  constexpr double left = 112, row_height = 20, right = width - 62;
  double most = 0;
  std::string spoken;
  for (std::size_t i = 0; i < count; ++i) {
    double sum = 0;
    for (const auto& part : rows[i].parts) sum += part.value;
    most = std::max(most, sum);
    spoken += fmt::format("{}{}: {}", i == 0 ? "" : "; ", rows[i].label, rows[i].value);
  }
  svg out(id, width, row_height * static_cast<double>(count) + 2, title, spoken);
  for (std::size_t i = 0; i < count; ++i) {
    const double y = row_height * static_cast<double>(i);
    out.text(left - 8, y + 13.5, shortened(rows[i].label, label_letters),
             {anchor::end, 10.5, false, colour::ink});
    double x = left;
    for (const auto& part : rows[i].parts) {
      if (part.value <= 0) continue;
      const double length = std::max(1.0, part.value / most * (right - left));
      out.rectangle(x, y + 4, length, 12, part.fill);
      x += length;
    }
    out.text(x + 5, y + 13.5, rows[i].value, {anchor::start, 10.5, true, colour::ink});
  }
  out.line(left, 0, left, row_height * static_cast<double>(count), colour::muted, 0.8);
  return std::move(out).finish();
}

std::string mos_chart(const std::string& id, const outcome& of) {
  if (of.before.calls == 0 && of.after.calls == 0) return {};
  constexpr double left = 8, right = width - 8, top = 34, base = 128;
  svg out(id, width, 160, "MOS of throttled calls before and while throttled",
          fmt::format("Median before {} over {}, while throttled {} over {}.",
                      of.before.calls > 0 ? mos_text(of.before.median) : "not known",
                      counted(of.before.calls, "call"),
                      of.after.calls > 0 ? mos_text(of.after.median) : "not known",
                      counted(of.after.calls, "call")));
  out.rectangle(0, 1, 9, 9, colour::before);
  out.text(13, 9.5, "before: " + counted(of.before.calls, "call"), {anchor::start, 10});
  out.rectangle(width / 2, 1, 9, 9, colour::degraded);
  out.text(width / 2 + 13, 9.5, "throttled: " + counted(of.after.calls, "call"),
           {anchor::start, 10});
  // One scale for both: a share of all directions.
  double peak = 0;
  for (const auto* steps : {&of.before_steps, &of.after_steps}) {
    const double sum = sum_of(*steps);
    for (const auto n : *steps) peak = std::max(peak, sum > 0 ? static_cast<double>(n) / sum : 0);
  }
  const double scale = peak > 0 ? (base - top) / peak : 0;
  histogram_bars(out, of.before_steps, scale, left, right, base, -1, colour::before);
  histogram_bars(out, of.after_steps, scale, left, right, base, 1, colour::degraded);
  target_lines(out, of, left, right, top - 4, base);
  mos_axis(out, left, right, base);
  return std::move(out).finish();
}

std::string bystanders_chart(const std::string& id, const bystanders& of) {
  // One group has room on page one; what the other shows is said in words.
  const bool authorised = of.authorised.during.calls > 0;
  const auto& group = authorised ? of.authorised : of.tolerated;
  if (group.during.calls == 0) return {};
  constexpr double left = 96, right = width - 12, first = 32, row = 27, base = 112;
  const auto spoken = [](const mos_spread& spread) {
    return spread.calls == 0 ? std::string("no calls")
                             : fmt::format("median {} over {}", mos_text(spread.median),
                                           counted(spread.calls, "call"));
  };
  const std::string title = authorised ? "authorised calls" : "tolerated calls";
  svg out(id, width, base + 30, "MOS of " + title + " on the same link beside throttling",
          fmt::format("Within an hour before: {}. While others were throttled: {}. Within an hour "
                      "after: {}.",
                      spoken(group.before), spoken(group.during), spoken(group.after)));
  out.text(0, 11, title, {anchor::start, 10.5});
  spread_line(out, {"before", group.before, colour::before}, left, right, first);
  spread_line(out, {"meanwhile", group.during, "#8fbfa6"}, left, right, first + row);
  spread_line(out, {"after", group.after, colour::before}, left, right, first + 2 * row);
  mos_axis(out, left, right, base);
  return std::move(out).finish();
}

std::string spark_chart(const std::vector<std::uint64_t>& values, std::string_view fill) {
  if (values.empty()) return {};
  constexpr double spark_width = 110, spark_height = 16;
  const auto most = *std::max_element(values.begin(), values.end());
  const double step = spark_width / static_cast<double>(values.size());
  const double bar = std::max(step - (step > 2.5 ? 0.7 : 0), 0.4);
  std::string path;
  for (std::size_t i = 0; i < values.size() && most > 0; ++i) {
    if (values[i] == 0) continue;
    const double height =
        std::max(0.6, static_cast<double>(values[i]) / static_cast<double>(most) * spark_height);
    path += fmt::format("M{} {}v-{}h{}v{}z", coordinate(static_cast<double>(i) * step),
                        coordinate(spark_height), coordinate(height), coordinate(bar),
                        coordinate(height));
  }
  // The numbers stand in the same row: to a listener the shape adds nothing.
  return fmt::format(
      "<svg class=\"spark\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" "
      "width=\"{0}\" height=\"{1}\" aria-hidden=\"true\"><path d=\"{2}\" fill=\"{3}\"/><path "
      "d=\"M0 {1}h{0}\" stroke=\"{4}\" stroke-width=\"0.6\"/></svg>",
      coordinate(spark_width), coordinate(spark_height), path, fill, colour::line);
}

std::string_view series_colour(std::size_t n) {
  static constexpr std::array<std::string_view, 6> colours = {"#2b5f82", "#d9a441", "#3d8070",
                                                              "#94597f", "#7fa6c9", "#bd6b4f"};
  return n < colours.size() ? colours[n] : colour::rest;
}

}  // namespace callweir::dashboard

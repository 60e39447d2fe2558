#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "dashboard/report/charts.hpp"
#include "dashboard/report/svg.hpp"
#include "dashboard/report/text.hpp"

namespace callweir::dashboard {
namespace {

using anchor = svg::anchor;

struct frame {
  double left = 58, right = 560, top = 14, base = 170;
  double width = 700, height = 190;
};

/// The least of 1, 2, 2.5, 5 times a power of ten that cuts `most` into at most four.
double tick_step(double most, bool whole) {
  const double raw = most / 4;
  const double power = std::pow(10, std::floor(std::log10(std::max(raw, 1e-9))));
  for (const double factor : {1.0, 2.0, 2.5, 5.0, 10.0}) {
    const double step = factor * power;
    if (step < raw * (1 - 1e-9)) continue;
    if (whole && (step < 1 || step != std::floor(step))) continue;
    return step;
  }
  return whole ? 1 : 10 * power;
}

/// "2.5 GB" as an axis says it: no more digits than it needs.
std::string axis_bytes(double bytes) {
  static constexpr const char* units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  std::size_t unit = 0;
  for (; bytes >= 1000 && unit < 6; ++unit) bytes /= 1000;
  return fmt::format("{:g} {}", bytes, units[unit]);
}

double value_at(const std::vector<double>& values, std::size_t bin) {
  return bin < values.size() ? std::max(0.0, values[bin]) : 0;
}

double highest(const std::vector<chart_series>& series, std::size_t bins, chart_kind kind) {
  double most = 0;
  for (std::size_t bin = 0; bin < bins; ++bin) {
    double sum = 0;
    for (const auto& each : series) {
      const double value = value_at(each.values, bin);
      sum = kind == chart_kind::stacked ? sum + value : std::max(sum, value);
    }
    most = std::max(most, sum);
  }
  return most;
}

/// What stands below the start of a bin, "" for most of them.
std::string label_of(const calendar& clock, const time_bins& bins, std::size_t bin) {
  const auto at = bins.edges[bin];
  const auto count = bins.count();
  switch (bins.unit) {
    case bin_unit::ten_seconds:
      return clock.second(at) == 0 && clock.minute(at) % (count <= 36 ? 1 : 2) == 0
                 ? clock.clock(at)
                 : "";
    case bin_unit::minute:
      return clock.minute(at) % (count <= 30 ? 5 : 10) == 0 ? clock.clock(at) : "";
    case bin_unit::five_minutes: {
      const int every = count <= 14 ? 10 : count <= 40 ? 30 : 60;
      return clock.minute(at) % every == 0 ? clock.clock(at) : "";
    }
    case bin_unit::hour:
      if (count <= 26) return clock.hour(at) % 3 == 0 ? clock.clock(at) : "";
      return clock.hour(at) == 0 || bin == 0 ? clock.day_short(at) : "";
    case bin_unit::day:
      return count <= 10 || clock.iso_weekday(at) == 1 || (bin == 0 && clock.iso_weekday(at) < 6)
                 ? clock.day_short(at)
                 : "";
    case bin_unit::week:
      return bin % (count / 9 + 1) == 0 ? clock.day_short(at) : "";
    case bin_unit::month:
      return bin % (count / 8 + 1) == 0 ? clock.month_short(at) : "";
  }
  return {};
}

void value_axis(svg& out, const frame& in, double top_value, double step, bool as_bytes) {
  for (int i = 0; step * i <= top_value * (1 + 1e-9) && i <= 8; ++i) {
    const double value = step * i;
    const double y = in.base - value / top_value * (in.base - in.top);
    out.line(in.left, y, in.right, y, i == 0 ? colour::muted : colour::line, 0.8);
    out.text(
        in.left - 6, y + 3.5,
        as_bytes ? axis_bytes(value) : count_text(static_cast<std::uint64_t>(std::llround(value))),
        {anchor::end});
  }
}

void time_axis(svg& out, const frame& in, const calendar& clock, const time_bins& bins) {
  const double step = (in.right - in.left) / static_cast<double>(bins.count());
  double free_from = 0;
  for (std::size_t bin = 0; bin < bins.count(); ++bin) {
    const auto label = label_of(clock, bins, bin);
    // A bar of a day stands for the day, one of an hour begins at its hour.
    const bool below_bar = bins.unit == bin_unit::day && step > 14;
    const double x = in.left + step * (static_cast<double>(bin) + (below_bar ? 0.5 : 0));
    if (label.empty() || x < free_from) continue;
    free_from = x + 14 + 5.5 * static_cast<double>(label.size());
    out.line(x, in.base, x, in.base + 4, colour::muted, 0.8);
    out.text(x, in.base + 16, label, {anchor::middle});
  }
}

/// One shape a series: a bar a bin.
std::string bars_path(const frame& in, const std::vector<double>& values,
                      std::vector<double>& floor_of, std::size_t bins, double top_value) {
  const double step = (in.right - in.left) / static_cast<double>(bins);
  const double gap = step > 3 ? std::min(2.0, step * 0.18) : 0;
  const double scale = (in.base - in.top) / top_value;
  std::string path;
  for (std::size_t bin = 0; bin < bins; ++bin) {
    const double value = value_at(values, bin);
    if (value <= 0) continue;
    const double y = in.base - floor_of[bin] * scale;
    path +=
        fmt::format("M{} {}v-{}h{}v{}z",
                    coordinate(in.left + step * static_cast<double>(bin) + gap / 2), coordinate(y),
                    coordinate(value * scale), coordinate(step - gap), coordinate(value * scale));
    floor_of[bin] += value;
  }
  return path;
}

struct side_label {
  std::string text;
  std::string_view fill;
  double y = 0;
};

/// Names beside the last bars, pushed apart until none hides another, top to bottom.
void side_labels(svg& out, const frame& in, std::vector<side_label> labels) {
  constexpr double apart = 14;
  double y = in.base - apart * static_cast<double>(labels.size() - (labels.empty() ? 0 : 1));
  y = std::max(in.top + 2, (in.top + y) / 2);
  for (auto& label : labels) {
    out.rectangle(in.right + 12, y - 7.5, 9, 9, label.fill);
    out.text(in.right + 26, y + 1, label.text, {anchor::start, 10.5, false, colour::ink});
    y += apart;
  }
}

}  // namespace

std::string time_chart(const std::string& id, std::string_view title, const calendar& clock,
                       const time_bins& bins, const std::vector<chart_series>& series,
                       chart_kind kind, bool as_bytes) {
  const double most = highest(series, bins.count(), kind);
  if (most <= 0 || bins.count() == 0) return {};
  const frame in;
  const double step = tick_step(most, !as_bytes);
  const double top_value = step * std::ceil(most / step - 1e-9);
  svg out(id, in.width, in.height, title,
          fmt::format("Bars, one for each {}; the highest is {}.", bin_unit_name(bins.unit),
                      as_bytes ? bytes_text(most)
                               : count_text(static_cast<std::uint64_t>(std::llround(most)))));
  value_axis(out, in, top_value, step, as_bytes);
  std::vector<double> floor_of(bins.count(), 0.0);
  std::vector<side_label> labels;
  for (const auto& each : series) {
    if (kind == chart_kind::overlaid) floor_of.assign(bins.count(), 0.0);
    out.path(bars_path(in, each.values, floor_of, bins.count(), top_value), each.fill);
    labels.insert(labels.begin(), {each.label, each.fill});
  }
  time_axis(out, in, clock, bins);
  side_labels(out, in, std::move(labels));
  return std::move(out).finish();
}

}  // namespace callweir::dashboard

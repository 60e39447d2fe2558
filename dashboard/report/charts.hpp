// The pictures of the report, as inline SVG: axes with units, direct labels, a title and a
// description for those who listen. Pure functions of their data.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dashboard/report/calendar.hpp"
#include "dashboard/report/report_model.hpp"

namespace callweir::dashboard {

struct bar_part {
  double value = 0;
  std::string_view fill;
};
struct bar_row {
  std::string label;  // cut to what fits
  std::vector<bar_part> parts;
  std::string value;  // printed at the bar's end
};
/// Horizontal bars, one a row, to one scale; at most 8 rows. "" for no rows.
std::string bars_chart(const std::string& id, std::string_view title,
                       const std::vector<bar_row>& rows);

/// MOS of throttled calls before and after, each as a share of its directions, and the target.
std::string mos_chart(const std::string& id, const outcome& of);
/// Median and middle four fifths of authorised calls' MOS before, during and after.
std::string bystanders_chart(const std::string& id, const bystanders& of);

struct chart_series {
  std::string label;
  std::string_view fill;
  std::vector<double> values;  // one a bin
};
enum class chart_kind : std::uint8_t { stacked, overlaid };  // overlaid: later ones in front
/// Bars over the bins of a period. `what` is read out and names the unit: "bytes a day".
/// `as_bytes`: the axis is in B, kB, …; else in plain numbers.
std::string time_chart(const std::string& id, std::string_view title, const calendar& clock,
                       const time_bins& bins, const std::vector<chart_series>& series,
                       chart_kind kind, bool as_bytes);
/// A small one for a table's cell, to a scale of its own.
std::string spark_chart(const std::vector<std::uint64_t>& values, std::string_view fill);

/// The colour of the n-th application of a chart.
std::string_view series_colour(std::size_t n);

}  // namespace callweir::dashboard

#include "dashboard/report/svg.hpp"

#include <fmt/format.h>

#include <cmath>

#include "dashboard/report/text.hpp"

namespace callweir::dashboard {
namespace {

constexpr std::string_view fonts =
    "system-ui, 'Segoe UI', Inter, 'Source Sans 3', 'Noto Sans', 'Liberation Sans', Helvetica, "
    "Arial, 'DejaVu Sans', sans-serif";

}  // namespace

std::string coordinate(double value) {
  const auto tenths = std::isfinite(value) ? std::lround(value * 10) : 0;
  if (tenths % 10 == 0) return std::to_string(tenths / 10);
  return fmt::format("{}{}.{}", tenths < 0 ? "-" : "", std::abs(tenths) / 10,
                     std::abs(tenths) % 10);
}

svg::svg(std::string id, double width, double height, std::string_view title,
         std::string_view description) {
  out_ = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" "
      "height=\"{1}\" role=\"img\" aria-labelledby=\"{2}-title {2}-text\" font-family=\"{3}\">"
      "<title id=\"{2}-title\">{4}</title><desc id=\"{2}-text\">{5}</desc>",
      coordinate(width), coordinate(height), id, fonts, html_escaped(title),
      html_escaped(description));
}

void svg::rectangle(double x, double y, double width, double height, std::string_view fill,
                    double radius) {
  out_ += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"{}/>",
                      coordinate(x), coordinate(y), coordinate(width), coordinate(height), fill,
                      radius > 0 ? fmt::format(" rx=\"{}\"", coordinate(radius)) : "");
}

void svg::line(double x1, double y1, double x2, double y2, std::string_view stroke, double width,
               std::string_view dashes) {
  out_ += fmt::format(
      "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" stroke=\"{}\" stroke-width=\"{}\"{}/>",
      coordinate(x1), coordinate(y1), coordinate(x2), coordinate(y2), stroke, coordinate(width),
      dashes.empty() ? "" : fmt::format(" stroke-dasharray=\"{}\"", dashes));
}

void svg::circle(double x, double y, double radius, std::string_view fill) {
  out_ += fmt::format("<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"{}\"/>", coordinate(x),
                      coordinate(y), coordinate(radius), fill);
}

void svg::text(double x, double y, std::string_view what, const words& how) {
  const char* at = how.at == anchor::start ? "" : how.at == anchor::middle ? "middle" : "end";
  out_ += fmt::format("<text x=\"{}\" y=\"{}\" font-size=\"{}\" fill=\"{}\"{}{}>{}</text>",
                      coordinate(x), coordinate(y), coordinate(how.size), how.fill,
                      *at != '\0' ? fmt::format(" text-anchor=\"{}\"", at) : "",
                      how.bold ? " font-weight=\"600\"" : "", html_escaped(what));
}

void svg::path(std::string_view d, std::string_view fill) {
  if (!d.empty()) out_ += fmt::format("<path d=\"{}\" fill=\"{}\"/>", d, fill);
}

std::string svg::finish() && {
  out_ += "</svg>";
  return std::move(out_);
}

}  // namespace callweir::dashboard

// Writing SVG into a page: numbers with one decimal, escaped words, all looks as attributes (the
// PDF writer does not apply a page's style sheet inside pictures).
#pragma once

#include <string>
#include <string_view>

namespace callweir::dashboard {

/// One palette for screen and paper; telling apart does not rest on colour alone (labels, order).
namespace colour {
constexpr std::string_view ink = "#1d2731", muted = "#55626f", line = "#d5dce3", faint = "#eef1f4";
constexpr std::string_view primary = "#2b5f82", before = "#9db4c6", good = "#2f7a56";
constexpr std::string_view authorised = "#2f7a56", tolerated = "#9db4c6", limited = "#d9a441",
                           degraded = "#b7502f", blocked = "#6b2a1a";
constexpr std::string_view rest = "#c6cfd8";
}  // namespace colour

class svg {
 public:
  /// `title` is read out in place of the picture, `description` below it.
  svg(std::string id, double width, double height, std::string_view title,
      std::string_view description);

  enum class anchor { start, middle, end };
  struct words {
    anchor at = anchor::start;
    double size = 10;
    bool bold = false;
    std::string_view fill = colour::muted;
  };

  void rectangle(double x, double y, double width, double height, std::string_view fill,
                 double radius = 0);
  void line(double x1, double y1, double x2, double y2, std::string_view stroke, double width = 1,
            std::string_view dashes = {});
  void circle(double x, double y, double radius, std::string_view fill);
  void text(double x, double y, std::string_view what, const words& how);
  /// `d`: path data, filled.
  void path(std::string_view d, std::string_view fill);
  std::string finish() &&;

 private:
  std::string out_;
};

/// "12.3", "12", never "-0".
std::string coordinate(double value);

}  // namespace callweir::dashboard

#include "dashboard/report/html_table.hpp"

#include <fmt/format.h>

#include <utility>

namespace callweir::dashboard {

html_table::html_table(std::string& out, std::string_view caption,
                       std::vector<table_column> columns)
    : out_(out), columns_(std::move(columns)) {
  out_ += "<div class=\"wide\"><table>";
  if (!caption.empty()) out_ += fmt::format("<caption>{}</caption>", caption);
  out_ += "<colgroup>";
  for (const auto& column : columns_)
    out_ += fmt::format("<col style=\"width:{}%\">", column.percent);
  out_ += "</colgroup><thead><tr>";
  for (const auto& column : columns_) {
    out_ += fmt::format("<th scope=\"col\"{}>{}</th>", column.number ? " class=\"n\"" : "",
                        column.title);
  }
  out_ += "</tr></thead><tbody>\n";
}

void html_table::row(const std::vector<std::string>& cells) {
  out_ += "<tr>";
  for (std::size_t i = 0; i < cells.size() && i < columns_.size(); ++i) {
    const std::string_view as = columns_[i].number ? " class=\"n\"" : "";
    out_ += i == 0 ? fmt::format("<th scope=\"row\"{}>{}</th>", as, cells[i])
                   : fmt::format("<td{}>{}</td>", as, cells[i]);
  }
  out_ += "</tr>\n";
}

void html_table::rest(std::string_view html) {
  out_ +=
      fmt::format("<tr class=\"more\"><td colspan=\"{}\">{}</td></tr>\n", columns_.size(), html);
}

void html_table::finish() {
  out_ += "</tbody></table></div>\n";
}

}  // namespace callweir::dashboard

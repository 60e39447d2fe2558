// Tables of the page: a head that repeats on every sheet, cells that wrap, columns in percent.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace callweir::dashboard {

struct table_column {
  std::string_view title;
  int percent = 10;
  bool number = false;
};

class html_table {
 public:
  /// `caption`: HTML, "" for none; the first column names its row.
  html_table(std::string& out, std::string_view caption, std::vector<table_column> columns);
  /// Cells are HTML: escaped by whoever makes them.
  void row(const std::vector<std::string>& cells);
  /// One cell over all columns: what is not listed.
  void rest(std::string_view html);
  void finish();

 private:
  std::string& out_;
  std::vector<table_column> columns_;
};

}  // namespace callweir::dashboard

// Columns of text for a terminal: widths by content, numbers to the right. UTF-8 aware as far as
// counting code points goes.
#pragma once

#include <string>
#include <vector>

namespace callweir::engine {

class text_table {
 public:
  struct column {
    std::string title;
    bool right = false;          // numbers
    std::size_t width_max = 40;  // longer cells end in "…"
  };
  explicit text_table(std::vector<column> columns) : columns_(std::move(columns)) {}

  /// Missing cells are blank, cells beyond the columns are left out.
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  std::size_t rows() const { return rows_.size(); }
  /// Title line and rows, each ended by a line end. At most `rows_most` rows; says how many were
  /// left out.
  std::string text(std::size_t rows_most = static_cast<std::size_t>(-1)) const;

 private:
  std::vector<column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// What a terminal must not interpret (control characters) becomes '?'; line ends stay where
/// `lines` says so.
std::string printable(const std::string& text, bool lines = false);
/// At most `rows` lines of at most `columns` code points, what is beyond left out.
std::string clipped(const std::string& text, std::size_t rows, std::size_t columns);
/// "1.5 M", "820 k", "37": short counts for people.
std::string short_count(std::uint64_t value);

}  // namespace callweir::engine

// YAML reading with positions: a plain tree made from yaml-cpp's events, bounded in size and depth,
// without anchors or aliases, so that every later complaint can name line and column. Control path
// only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace callweir::yaml {

constexpr std::size_t text_bytes_max = 1 << 20;
constexpr int depth_max = 24;
constexpr std::size_t nodes_max = 200'000;
constexpr std::size_t problems_max = 100;  // more are not listed: they follow from the first

/// Both count from 1.
struct position {
  int line = 1;
  int column = 1;
};

struct entry;

struct node {
  enum class kind : std::uint8_t { null, scalar, sequence, map };
  kind what = kind::null;
  bool quoted = false;  // a scalar in quotes is text, never null
  position at{};
  std::string text{};          // scalar
  std::vector<node> items{};   // sequence
  std::vector<entry> entries;  // map, in the order written

  bool is_map() const { return what == kind::map; }
  bool is_sequence() const { return what == kind::sequence; }
  bool is_scalar() const { return what == kind::scalar; }
  bool is_null() const { return what == kind::null; }
  /// "a map", "a list", "'text'", "nothing": how a message names it.
  std::string described() const;
};

struct entry {
  std::string key;
  position at;  // of the key
  node value;
};

/// One document. Refused, with the place: syntax errors, anchors, aliases, tags of their own, keys
/// that are no plain text, a second document, anything beyond the bounds above.
result<node> parse(std::string_view text, const std::string& filename);

/// Collects what is wrong with one file, in the order found.
class problems {
 public:
  explicit problems(std::string filename) : filename_(std::move(filename)) {}
  /// `what` names key and expectation, `mend` says what to write instead.
  void add(position at, std::string what, std::string mend);
  void warn(position at, std::string what, std::string mend);
  std::string where(position at) const;
  bool none() const { return errors_.empty(); }
  const std::vector<error>& errors() const { return errors_; }
  const std::vector<error>& warnings() const { return warnings_; }

 private:
  std::string filename_;
  std::vector<error> errors_, warnings_;
};

/// The candidate nearest to `word` by edit distance (swaps count once), "" when none is near.
std::string closest(std::string_view word, const std::vector<std::string_view>& candidates);
/// "did you mean 'x'?" or, when nothing is near, "it is one of a, b, c" (the first 24).
std::string suggestion(std::string_view word, const std::vector<std::string_view>& candidates);

/// A map whose keys are known: complains of unknown and repeated keys when made.
class map_reader {
 public:
  /// `path` names the map in messages ("policies[2].match", "" for the whole file).
  map_reader(problems& found, const node& map, std::string path,
             std::vector<std::string_view> keys);

  /// nullptr when absent.
  const node* get(std::string_view key) const;
  /// Complains when absent; `example` is what to write.
  const node* required(std::string_view key, const std::string& example) const;
  std::string path(std::string_view key) const;
  const node& map() const { return map_; }
  problems& found() const { return found_; }

 private:
  problems& found_;
  const node& map_;
  std::string path_;
};

}  // namespace callweir::yaml

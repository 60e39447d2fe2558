#include "base/yaml.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <string_view>

namespace callweir::yaml {
namespace {

/// Thrown inside the builder only, caught in parse().
struct refusal {
  position at;
  std::string what, mend;
};

position place(const YAML::Mark& mark) {
  return mark.is_null() ? position{} : position{mark.line + 1, mark.column + 1};
}

/// Turns yaml-cpp's events into a tree. The stack holds the path from the root to the open node.
class builder : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) {
      throw refusal{place(mark), "a second YAML document begins here",
                    "remove the '---' and all below it"};
    }
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    add({.what = node::kind::null, .at = place(mark), .entries = {}});
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw refusal{place(mark), "aliases (*name) are not read here", "write the value out"};
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_anchor(mark, anchor);
    if (!tag.empty() && tag != "?" && tag != "!") {
      throw refusal{place(mark), "the tag '" + tag + "' is not read here", "remove the tag"};
    }
    add({.what = node::kind::scalar,
         .quoted = tag == "!",
         .at = place(mark),
         .text = value,
         .entries = {}});
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    refuse_anchor(mark, anchor);
    open({.what = node::kind::sequence, .at = place(mark), .entries = {}});
  }
  void OnSequenceEnd() override { stack_.pop_back(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    refuse_anchor(mark, anchor);
    open({.what = node::kind::map, .at = place(mark), .entries = {}});
  }
  void OnMapEnd() override { stack_.pop_back(); }

  node take() { return std::move(root_); }

 private:
  struct open_node {
    node* target;
    bool key_read = false;  // map: the newest entry waits for its value
  };

  static void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) {
      throw refusal{place(mark), "anchors (&name) are not read here", "write the value out"};
    }
  }
  void open(node fresh) {
    if (stack_.size() >= static_cast<std::size_t>(depth_max)) {
      throw refusal{fresh.at, "nested deeper than " + std::to_string(depth_max) + " levels",
                    "no key of this file nests so deep"};
    }
    node* added = add(std::move(fresh));
    stack_.push_back({added});
  }
  /// Pointers stay valid: a parent's vector grows only while the child is closed.
  node* add(node fresh) {
    if (++count_ > nodes_max) {
      throw refusal{fresh.at, "more than " + std::to_string(nodes_max) + " values",
                    "split long lists into networks that cover more"};
    }
    if (stack_.empty()) {
      root_ = std::move(fresh);
      return &root_;
    }
    auto& parent = stack_.back();
    if (parent.target->is_sequence()) return &parent.target->items.emplace_back(std::move(fresh));
    if (!parent.key_read) {
      if (!fresh.is_scalar()) {
        throw refusal{fresh.at, "a key must be plain text, not " + fresh.described(),
                      "write it like `key: value`"};
      }
      parent.target->entries.push_back({std::move(fresh.text), fresh.at, {}});
      parent.key_read = true;
      return nullptr;
    }
    parent.key_read = false;
    auto& slot = parent.target->entries.back().value;
    slot = std::move(fresh);
    return &slot;
  }

  node root_;
  std::vector<open_node> stack_;
  std::size_t count_ = 0;
  int documents_ = 0;
};

std::string place_text(const std::string& filename, position at) {
  return filename + ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
}

/// Bytes of the UTF-8 sequence that begins `text` (RFC 3629), 0 where none does.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const bool overlong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
  const bool outside = (first == 0xed && byte(1) > 0x9f) || (first == 0xf4 && byte(1) > 0x8f);
  return overlong || outside ? 0 : length;
}

struct oddity {
  const char* what;
  position at;
};

/// The first byte that is no text: it would also play tricks with the terminal that shows errors.
std::optional<oddity> unreadable(std::string_view text) {
  position at;
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == '\0') return oddity{"the file holds a zero byte", at};
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f)
      return oddity{"the file holds a control character", at};
    const std::size_t length = utf8_length(text.substr(i));
    if (length == 0) return oddity{"the file holds a byte that is not UTF-8", at};
    i += length;
    ++at.column;
    if (c == '\n') at = {at.line + 1, 1};
  }
  return std::nullopt;
}

/// The first tab before the text of a line, down to `last`.
std::optional<position> tab_indent(std::string_view text, int last) {
  for (int line = 1; line <= last && !text.empty(); ++line) {
    const auto end = text.find('\n');
    const auto blank = text.substr(0, end).find_first_not_of(" \t");
    const auto tab = text.substr(0, end).find('\t');
    if (tab != std::string_view::npos && blank != std::string_view::npos && tab < blank)
      return position{line, static_cast<int>(tab) + 1};
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return std::nullopt;
}

/// A double-quoted text may still hold an escape sequence.
std::string printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text;
}

}  // namespace

std::string node::described() const {
  switch (what) {
    case kind::null:
      return "nothing";
    case kind::sequence:
      return "a list";
    case kind::map:
      return "a map";
    case kind::scalar:
      break;
  }
  return "'" + printable(text.size() > 60 ? text.substr(0, 57) + "..." : text) + "'";
}

result<node> parse(std::string_view text, const std::string& filename) {
  if (text.size() > text_bytes_max) {
    return fail("the file is larger than 1 MiB", place_text(filename, {}),
                "is this the right file?");
  }
  if (const auto bad = unreadable(text)) {
    return fail(bad->what, place_text(filename, bad->at), "it must be UTF-8 text");
  }
  std::istringstream in{std::string(text)};
  builder tree;
  try {
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(tree)) {
    }
  } catch (const refusal& why) {
    return fail(why.what, place_text(filename, why.at), why.mend);
  } catch (const YAML::Exception& why) {
    if (const auto tab = tab_indent(text, place(why.mark).line)) {
      return fail("a tab indents this line", place_text(filename, *tab), "indent with spaces");
    }
    return fail("not YAML: " + why.msg, place_text(filename, place(why.mark)),
                "check indentation, brackets and quotes at this place");
  }
  return tree.take();
}

void problems::add(position at, std::string what, std::string mend) {
  if (errors_.size() >= problems_max) return;
  errors_.push_back({printable(std::move(what)), where(at), std::move(mend)});
}

void problems::warn(position at, std::string what, std::string mend) {
  if (warnings_.size() >= problems_max) return;
  warnings_.push_back({std::move(what), where(at), std::move(mend)});
}

std::string problems::where(position at) const {
  return place_text(filename_, at);
}

map_reader::map_reader(problems& found, const node& map, std::string path,
                       std::vector<std::string_view> keys)
    : found_(found), map_(map), path_(std::move(path)) {
  if (!map.is_map()) {
    if (!map.is_null()) {
      found.add(map.at,
                (path_.empty() ? std::string("the file") : "key '" + path_ + "'") +
                    " expects a map of keys, not " + map.described(),
                "write it like `" + std::string(keys.empty() ? "key" : keys.front()) + ": …`");
    }
    return;
  }
  for (std::size_t i = 0; i < map.entries.size(); ++i) {
    const auto& e = map.entries[i];
    if (std::find(keys.begin(), keys.end(), e.key) == keys.end()) {
      found.add(e.at, "unknown key '" + this->path(e.key) + "'", suggestion(e.key, keys));
      continue;
    }
    const auto repeated = [&](const entry& other) { return other.key == e.key; };
    const auto first = std::find_if(map.entries.begin(), map.entries.end(), repeated);
    if (&*first != &e) {
      found.add(e.at, "key '" + this->path(e.key) + "' is written twice, expected once",
                "the first is at line " + std::to_string(first->at.line) + ": keep one");
    }
  }
}

const node* map_reader::get(std::string_view key) const {
  if (!map_.is_map()) return nullptr;
  const auto named = [&](const entry& e) { return e.key == key; };
  const auto it = std::find_if(map_.entries.begin(), map_.entries.end(), named);
  return it == map_.entries.end() ? nullptr : &it->value;
}

const node* map_reader::required(std::string_view key, const std::string& example) const {
  const node* value = get(key);
  if (value == nullptr && map_.is_map()) {
    found_.add(map_.at, "key '" + path(key) + "' is missing and expected here",
               "write it like `" + example + "`");
  }
  return value;
}

std::string map_reader::path(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

}  // namespace callweir::yaml

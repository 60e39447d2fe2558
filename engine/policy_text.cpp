#include "engine/policy_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "shaper/policy_reader.hpp"

namespace callweir::engine {
namespace {

/// The value after `key` in the written form of a document.
std::string value_after(const std::string& yaml, const std::string& key) {
  const auto at = yaml.find(key);
  if (at == std::string::npos) return {};
  const auto begin = at + key.size();
  return yaml.substr(begin, yaml.find('\n', begin) - begin);
}

std::string summary(const line_text& line) {
  return fmt::format("match {}, action {}, mode {}", line.match, line.action, line.mode);
}

/// Everything but the lines, written out.
std::string frame_text(shaper::policy_document document) {
  document.lines.clear();
  return shaper::write_policies(document);
}

std::optional<std::size_t> find_line(const std::vector<line_text>& lines, const std::string& name) {
  const auto found = std::find_if(lines.begin(), lines.end(),
                                  [&](const line_text& line) { return line.name == name; });
  if (found == lines.end()) return std::nullopt;
  return static_cast<std::size_t>(found - lines.begin());
}

std::vector<line_text> texts_of(const shaper::policy_document& document) {
  std::vector<line_text> out;
  for (const auto& line : document.lines) out.push_back(text_of(line));
  return out;
}

/// Lines that both have, in the order of `lines`.
std::vector<std::string> common(const std::vector<line_text>& lines,
                                const std::vector<line_text>& others) {
  std::vector<std::string> out;
  for (const auto& line : lines) {
    if (find_line(others, line.name)) out.push_back(line.name);
  }
  return out;
}

}  // namespace

line_text text_of(const shaper::policy_line& line) {
  shaper::policy_document one;
  one.lines.push_back(line);
  const std::string yaml = shaper::write_policies(one);
  return {line.name, value_after(yaml, "\n    match: "), value_after(yaml, "\n    action: "),
          line.enforce ? "enforce" : "observe"};
}

std::vector<std::string> policy_changes(const shaper::policy_document& before,
                                        const shaper::policy_document& after) {
  std::vector<std::string> out;
  const auto old_lines = texts_of(before), new_lines = texts_of(after);
  for (const auto& line : old_lines) {
    if (!find_line(new_lines, line.name)) {
      out.push_back(fmt::format("- policy {}: {}", line.name, summary(line)));
    }
  }
  for (const auto& line : new_lines) {
    const auto old = find_line(old_lines, line.name);
    if (!old) {
      out.push_back(fmt::format("+ policy {}: {}", line.name, summary(line)));
      continue;
    }
    const line_text& was = old_lines[*old];
    const auto changed = [&](const char* key, const std::string& from, const std::string& to) {
      if (from != to)
        out.push_back(fmt::format("~ policy {}: {} {} -> {}", line.name, key, from, to));
    };
    changed("match", was.match, line.match);
    changed("action", was.action, line.action);
    changed("mode", was.mode, line.mode);
  }
  if (common(old_lines, new_lines) != common(new_lines, old_lines)) {
    out.push_back("~ policies: their order");
  }
  if (frame_text(before) != frame_text(after)) {
    out.push_back("~ groups, schedules, emergency or timezone");
  }
  return out;
}

}  // namespace callweir::engine

// "Did you mean": the nearest known word.
#include <algorithm>
#include <cctype>

#include "base/yaml.hpp"

namespace callweir::yaml {
namespace {

constexpr std::size_t word_max = 64;  // longer words get no suggestion: the cost is their product

std::string lowered(std::string_view word) {
  std::string out(word);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

/// Optimal string alignment: insert, delete, replace and swap of neighbours cost one each.
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

}  // namespace

std::string closest(std::string_view word, const std::vector<std::string_view>& candidates) {
  if (word.empty() || word.size() > word_max) return {};
  const std::string wanted = lowered(word);
  std::size_t best = std::max<std::size_t>(1, word.size() / 3) + 1;
  std::string_view nearest;
  for (const auto candidate : candidates) {
    if (candidate.size() > word_max) continue;
    const std::string known = lowered(candidate);
    std::size_t d = distance(wanted, known);
    // A word cut short or drawn out ("sched" for "schedule") is as good as two slips.
    if (wanted.size() >= 3 && (known.starts_with(wanted) || wanted.starts_with(known))) {
      d = std::min<std::size_t>(d, 2);
    }
    if (d < best) {
      best = d;
      nearest = candidate;
    }
  }
  return std::string(nearest);
}

std::string suggestion(std::string_view word, const std::vector<std::string_view>& candidates) {
  constexpr std::size_t listed_max = 24;
  if (const auto near = closest(word, candidates); !near.empty()) {
    return "did you mean '" + near + "'?";
  }
  if (candidates.empty()) return "none is defined: remove it or define it first";
  std::string list = "it is one of ";
  for (std::size_t i = 0; i < candidates.size() && i < listed_max; ++i) {
    if (i > 0) list += ", ";
    list += candidates[i];
  }
  if (candidates.size() > listed_max) list += ", …";
  return list;
}

}  // namespace callweir::yaml

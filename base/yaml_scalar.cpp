#include "base/yaml_scalar.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

namespace callweir::yaml {
namespace {

struct unit {
  std::string_view name;
  double factor;
};
constexpr std::array rate_units{unit{"bit", 1}, unit{"kbit", 1e3}, unit{"Mbit", 1e6},
                                unit{"Gbit", 1e9}};
constexpr std::array duration_units{unit{"us", 1e3}, unit{"ms", 1e6},   unit{"s", 1e9},
                                    unit{"m", 60e9}, unit{"h", 3600e9}, unit{"d", 86400e9}};
constexpr std::array size_units{unit{"B", 1}, unit{"kB", 1e3}, unit{"MB", 1e6}, unit{"GB", 1e9},
                                unit{"TB", 1e12}};
constexpr std::array count_units{unit{"", 1}, unit{"k", 1e3}, unit{"M", 1e6}, unit{"G", 1e9}};
constexpr double most_exact = 9e15;  // below 2^53 a double holds every whole number

/// Plain decimals only: no sign, exponent, hex, inf or nan.
std::optional<double> leading_number(std::string_view text, std::size_t& used) {
  used = 0;
  while (used < text.size() && (text[used] == '.' || (text[used] >= '0' && text[used] <= '9'))) {
    ++used;
  }
  double value = 0;
  const auto [end, problem] =
      std::from_chars(text.data(), text.data() + used, value, std::chars_format::fixed);
  if (used == 0 || problem != std::errc{} || end != text.data() + used) return std::nullopt;
  return value;
}

template <std::size_t n>
std::optional<double> with_unit(std::string_view text, const std::array<unit, n>& units,
                                double most) {
  std::size_t used = 0;
  const auto value = leading_number(text, used);
  if (!value) return std::nullopt;
  auto tail = text.substr(used);
  while (!tail.empty() && tail.front() == ' ') tail.remove_prefix(1);
  for (const auto& u : units) {
    if (tail == u.name && *value * u.factor <= most) return *value * u.factor;
  }
  return std::nullopt;
}

template <std::size_t n>
std::string in_largest_unit(std::uint64_t value, const std::array<unit, n>& units) {
  for (std::size_t i = n; i-- > 0;) {
    const auto factor = static_cast<std::uint64_t>(units[i].factor);
    if (value != 0 && value % factor == 0)
      return fmt::format("{}{}", value / factor, units[i].name);
  }
  return fmt::format("{}{}", value, units[0].name);
}

std::optional<std::uint64_t> whole(std::optional<double> value) {
  if (!value) return std::nullopt;
  return static_cast<std::uint64_t>(std::llround(*value));
}

void complain(problems& found, const node& value, const std::string& path,
              const std::string& expected, const std::string& example) {
  found.add(value.at, "key '" + path + "' expects " + expected + ", not " + value.described(),
            "write it like `" + example + "`");
}

template <class T>
std::optional<T> bounded(problems& found, const node& value, const std::string& path,
                         std::optional<T> read, T least, T most, const std::string& expected,
                         const std::string& example) {
  if (value.is_scalar() && read && *read >= least && *read <= most) return read;
  complain(found, value, path, expected, example);
  return std::nullopt;
}

}  // namespace

std::optional<bit_rate> parse_rate(std::string_view text) {
  const auto value = whole(with_unit(text, rate_units, most_exact));
  if (!value) return std::nullopt;
  return bit_rate{*value};
}

std::optional<nanoseconds> parse_duration(std::string_view text) {
  const auto value = with_unit(text, duration_units, 9e18);
  if (!value) return std::nullopt;
  return nanoseconds{std::llround(*value)};
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  return whole(with_unit(text, size_units, most_exact));
}

std::optional<std::uint64_t> parse_count(std::string_view text) {
  const auto value = with_unit(text, count_units, most_exact);
  if (value && std::floor(*value) != *value) return std::nullopt;  // `1.5M` is one, `1.5` is none
  return whole(value);
}

std::optional<double> parse_number(std::string_view text) {
  std::size_t used = 0;
  const auto value = leading_number(text, used);
  if (!value || used != text.size()) return std::nullopt;
  return value;
}

std::string rate_text(bit_rate rate) {
  return in_largest_unit(rate.bps, rate_units);
}

std::string duration_text(nanoseconds duration) {
  const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(0, duration.count()));
  return ns == 0 ? "0s" : in_largest_unit(ns, duration_units);
}

std::string size_text(std::uint64_t bytes) {
  return in_largest_unit(bytes, size_units);
}
std::string count_text(std::uint64_t count) {
  return in_largest_unit(count, count_units);
}
std::string number_text(double number) {
  return fmt::format("{}", number);
}

std::string scalar_text(std::string_view text) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == '/';
  };
  bool quote = text.empty() || text.front() == '-' || text.front() == '.' || text == "null" ||
               text == "true" || text == "false" || text == "Null" || text == "NULL";
  for (const char c : text) quote = quote || !plain(c);
  if (!quote) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::optional<std::string> read_text(problems& found, const node& value, const std::string& path,
                                     std::size_t bytes_max) {
  if (value.is_scalar() && !value.text.empty() && value.text.size() <= bytes_max) return value.text;
  found.add(value.at,
            fmt::format("key '{}' expects text of 1 to {} bytes, not {}", path, bytes_max,
                        value.described()),
            "write text after the colon, in quotes if it has special characters");
  return std::nullopt;
}

std::optional<bool> read_bool(problems& found, const node& value, const std::string& path) {
  if (value.is_scalar() && value.text == "true") return true;
  if (value.is_scalar() && value.text == "false") return false;
  complain(found, value, path, "true or false", "true");
  return std::nullopt;
}

std::optional<double> read_number(problems& found, const node& value, const std::string& path,
                                  double least, double most, const std::string& example) {
  return bounded(found, value, path, parse_number(value.text), least, most,
                 fmt::format("a number from {} to {}", least, most), example);
}

std::optional<std::uint64_t> read_count(problems& found, const node& value, const std::string& path,
                                        std::uint64_t least, std::uint64_t most,
                                        const std::string& example) {
  return bounded(found, value, path, parse_count(value.text), least, most,
                 fmt::format("a count from {} to {}", count_text(least), count_text(most)),
                 example);
}

std::optional<std::uint64_t> read_size(problems& found, const node& value, const std::string& path,
                                       std::uint64_t least, std::uint64_t most,
                                       const std::string& example) {
  return bounded(
      found, value, path, parse_size(value.text), least, most,
      fmt::format("a size from {} to {} (B, kB, MB, GB, TB)", size_text(least), size_text(most)),
      example);
}

std::optional<bit_rate> read_rate(problems& found, const node& value, const std::string& path,
                                  bit_rate least, bit_rate most, const std::string& example) {
  return bounded(found, value, path, parse_rate(value.text), least, most,
                 fmt::format("a rate from {} to {} (bit, kbit, Mbit, Gbit)", rate_text(least),
                             rate_text(most)),
                 example);
}

std::optional<nanoseconds> read_duration(problems& found, const node& value,
                                         const std::string& path, nanoseconds least,
                                         nanoseconds most, const std::string& example) {
  return bounded(found, value, path, parse_duration(value.text), least, most,
                 fmt::format("a duration from {} to {} (us, ms, s, m, h, d)", duration_text(least),
                             duration_text(most)),
                 example);
}

std::optional<std::size_t> read_word(problems& found, const node& value, const std::string& path,
                                     const std::vector<std::string_view>& words) {
  if (value.is_scalar()) {
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (words[i] == value.text) return i;
    }
  }
  std::string list;
  for (std::size_t i = 0; i < words.size(); ++i) {
    list += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + std::string(words[i]);
  }
  const auto near = value.is_scalar() ? closest(value.text, words) : std::string();
  found.add(value.at, "key '" + path + "' expects " + list + ", not " + value.described(),
            near.empty() ? "write it like `" + std::string(words.front()) + "`"
                         : "did you mean '" + near + "'?");
  return std::nullopt;
}

std::vector<const node*> read_list(problems& found, const node& value, const std::string& path) {
  std::vector<const node*> items;
  if (value.is_scalar()) {
    items.push_back(&value);
  } else if (value.is_sequence()) {
    for (const auto& item : value.items) items.push_back(&item);
  } else {
    found.add(value.at, "key '" + path + "' expects a value or a list, not " + value.described(),
              "write it like `[a, b]`");
  }
  return items;
}

}  // namespace callweir::yaml

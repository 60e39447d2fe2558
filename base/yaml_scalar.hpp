// Scalars of the configuration with their units, both ways: `64kbit`, `10s`, `16kB`, `1M`; k =
// 1000.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.hpp"
#include "base/yaml.hpp"

namespace callweir::yaml {

// Readers of text: nullopt when it is not that, or does not fit.
std::optional<bit_rate> parse_rate(std::string_view text);         // bit, kbit, Mbit, Gbit
std::optional<nanoseconds> parse_duration(std::string_view text);  // us, ms, s, m, h, d
std::optional<std::uint64_t> parse_size(std::string_view text);    // B, kB, MB, GB, TB
std::optional<std::uint64_t> parse_count(std::string_view text);   // 1000, 64k, 1M
std::optional<double> parse_number(std::string_view text);         // 0.9

// Writers: the largest unit that loses nothing.
std::string rate_text(bit_rate rate);
std::string duration_text(nanoseconds duration);
std::string size_text(std::uint64_t bytes);
std::string count_text(std::uint64_t count);
std::string number_text(double number);
/// In quotes where YAML would read a plain word as something else.
std::string scalar_text(std::string_view text);

// Typed reading of a node: nullopt, and one problem added, when it is not what the key expects or
// lies outside the bounds (both inclusive). `path` names the key.
std::optional<std::string> read_text(problems& found, const node& value, const std::string& path,
                                     std::size_t bytes_max = 256);
std::optional<bool> read_bool(problems& found, const node& value, const std::string& path);
std::optional<double> read_number(problems& found, const node& value, const std::string& path,
                                  double least, double most, const std::string& example);
std::optional<std::uint64_t> read_count(problems& found, const node& value, const std::string& path,
                                        std::uint64_t least, std::uint64_t most,
                                        const std::string& example);
std::optional<std::uint64_t> read_size(problems& found, const node& value, const std::string& path,
                                       std::uint64_t least, std::uint64_t most,
                                       const std::string& example);
std::optional<bit_rate> read_rate(problems& found, const node& value, const std::string& path,
                                  bit_rate least, bit_rate most, const std::string& example);
std::optional<nanoseconds> read_duration(problems& found, const node& value,
                                         const std::string& path, nanoseconds least,
                                         nanoseconds most, const std::string& example);
/// Index into `words`.
std::optional<std::size_t> read_word(problems& found, const node& value, const std::string& path,
                                     const std::vector<std::string_view>& words);
/// The items of a list, or the value itself as a list of one. Empty, and a problem, for a map or
/// nothing.
std::vector<const node*> read_list(problems& found, const node& value, const std::string& path);

}  // namespace callweir::yaml

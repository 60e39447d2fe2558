// Numbers as people read them: SI units, three digits, groups of three. No locale, so that the same
// input always gives the same words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace callweir::dashboard {

std::string count_text(std::uint64_t n);  // "50,000"
/// "999", "12,345", "7.1 million", "3.4 billion".
std::string rounded_text(double n);
std::string bytes_text(double bytes);       // "4.21 TB", "980 B"
std::string duration_text(double seconds);  // "48 s", "3 min 12 s", "1 h 04 min", "3 d 4 h"
std::string percent_text(double share);     // "93 %", "0.4 %", "< 0.1 %"
std::string mos_text(double mos);           // "4.2"
/// "1 call", "3,120 calls": the plural by an s.
std::string counted(std::uint64_t n, std::string_view thing);

/// For HTML text and attribute values. What is not UTF-8 becomes U+FFFD and control characters
/// other than line ends become spaces: records hold what strangers sent.
std::string html_escaped(std::string_view text);
/// The same, and numbers do not part from their units at a line end.
std::string html_prose(std::string_view text);

}  // namespace callweir::dashboard

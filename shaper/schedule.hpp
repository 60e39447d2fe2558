// Weekly times as text: "Mon-Fri 08:00-18:00", "Mon-Fri 08:00-12:00, 13:00-18:00, Sat", "daily
// 22:00-06:00".
#pragma once

#include <bitset>
#include <string_view>

#include "base/result.hpp"

namespace callweir::shaper {

/// Windows are parted by commas: days, times, or days and times. Days alone mean all day; times
/// alone go on with the days before them; days before a comma without times join the next window's
/// ("Mon, Wed 08:00-12:00"). A window that ends before it begins runs past midnight. 24:00 is the
/// end of a day.
result<std::bitset<7 * 24 * 60>> parse_schedule(std::string_view text);

}  // namespace callweir::shaper

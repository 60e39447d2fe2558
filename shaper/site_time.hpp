// The site's wall clock: minute of the week in an IANA time zone, with its daylight-saving rules.
// Control thread only: the time-zone library takes locks.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/units.hpp"

namespace callweir::shaper {

/// "Europe/Berlin", "UTC". UTC is known even where the package tzdata is missing.
bool time_zone_known(const std::string& name);
std::vector<std::string> time_zone_names();

class site_time {
 public:
  /// An unknown zone counts as UTC; the reader has refused it before.
  explicit site_time(const std::string& zone);
  /// 0 is Monday 00:00, below 7 x 24 x 60.
  int minute_of_week(time_point now) const;

 private:
  const void* zone_ = nullptr;  // date::time_zone, whose header is too heavy for this one
};

}  // namespace callweir::shaper

#include "shaper/site_time.hpp"

#include <date/tz.h>

#include <stdexcept>

namespace callweir::shaper {
namespace {

const date::time_zone* find_zone(const std::string& name) {
  try {
    return date::locate_zone(name);
  } catch (const std::exception&) {
    return nullptr;  // not in the database, or no database
  }
}

}  // namespace

bool time_zone_known(const std::string& name) {
  return name == "UTC" || (!name.empty() && find_zone(name) != nullptr);
}

std::vector<std::string> time_zone_names() {
  std::vector<std::string> names;
  try {
    for (const auto& zone : date::get_tzdb().zones) names.push_back(zone.name());
  } catch (const std::exception&) {
    names.clear();
  }
  return names;
}

site_time::site_time(const std::string& zone) : zone_(zone == "UTC" ? nullptr : find_zone(zone)) {}

int site_time::minute_of_week(time_point now) const {
  using namespace std::chrono;
  const date::sys_seconds utc{floor<seconds>(nanoseconds{now.ns})};
  seconds local = utc.time_since_epoch();
  if (zone_ != nullptr) {
    local += static_cast<const date::time_zone*>(zone_)->get_info(utc).offset;
  }
  // The epoch was a Thursday: three days after a Monday.
  constexpr std::int64_t week = 7 * 24 * 60;
  const auto minutes = floor<std::chrono::minutes>(local).count() + 3 * 24 * 60;
  return static_cast<int>(((minutes % week) + week) % week);
}

}  // namespace callweir::shaper

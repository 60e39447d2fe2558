// Values of records as people read them. Shared by the table, CSV and HTML formats.
#pragma once

#include <string>

#include "base/record.hpp"

namespace callweir::engine {

const char* tristate_text(tristate value);                                 // "yes", "no", "?"
std::string endpoint_text(const ip_address& address, std::uint16_t port);  // "[2001:db8::1]:443"
/// UTC, "2026-03-01 12:00:00".
std::string time_text(time_point at);
/// "3.1", "-" where it was not measured.
std::string measure_text(const std::optional<double>& value, int decimals);
/// "4.2 / 4.1".
std::string measures_text(const both_ways<std::optional<double>>& values, int decimals);
std::string joined(const std::vector<std::string>& parts, const char* between);
std::string media_text(const std::vector<flow_role>& media);
std::string actions_text(const call_record& call);

}  // namespace callweir::engine

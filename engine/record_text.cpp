#include "engine/record_text.hpp"

#include <fmt/format.h>

#include <ctime>

namespace callweir::engine {

const char* tristate_text(tristate value) {
  switch (value) {
    case tristate::yes:
      return "yes";
    case tristate::no:
      return "no";
    case tristate::open:
      break;
  }
  return "?";
}

std::string endpoint_text(const ip_address& address, std::uint16_t port) {
  if (port == 0) return address.text();
  return address.is_v4() ? fmt::format("{}:{}", address.text(), port)
                         : fmt::format("[{}]:{}", address.text(), port);
}

std::string time_text(time_point at) {
  const std::time_t seconds = at.ns / 1'000'000'000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
  return text;
}

std::string measure_text(const std::optional<double>& value, int decimals) {
  return value ? fmt::format("{:.{}f}", *value, decimals) : "-";
}

std::string measures_text(const both_ways<std::optional<double>>& values, int decimals) {
  return measure_text(values[forward], decimals) + " / " + measure_text(values[backward], decimals);
}

std::string joined(const std::vector<std::string>& parts, const char* between) {
  return fmt::format("{}", fmt::join(parts, between));
}

std::string media_text(const std::vector<flow_role>& media) {
  std::string out;
  for (const flow_role role : media) {
    if (!out.empty()) out += ", ";
    out += flow_role_name(role);
  }
  return out;
}

std::string actions_text(const call_record& call) {
  std::string out;
  for (const auto& done : call.actions) {
    if (!out.empty()) out += ", ";
    out += done.action + " (" + done.policy + ")";
  }
  return out.empty() ? "-" : out;
}

}  // namespace callweir::engine

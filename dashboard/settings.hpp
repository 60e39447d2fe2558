// What the dashboard process takes from the configuration file. Unknown keys elsewhere in the file
// are the business of `callweir check`; here only the sections that this process lives by are read.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/service_settings.hpp"

namespace callweir::dashboard {

struct settings {
  std::string site = "callweir";
  std::string timezone = "UTC";
  store_settings store;
  bool pseudonymise = false;
  dashboard_settings dashboard;
  export_settings export_to;
};

/// `filename` is for messages.
tl::expected<settings, std::vector<error>> read_settings(std::string_view text,
                                                         const std::string& filename);
/// Reads the file; at most 1 MiB.
tl::expected<settings, std::vector<error>> load_settings(const std::string& path);

}  // namespace callweir::dashboard

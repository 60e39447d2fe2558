// Sections of the configuration file, one reader each. Private to engine/configuration*.cpp.
#pragma once

#include "base/yaml.hpp"
#include "engine/configuration.hpp"

namespace callweir::engine {

std::vector<capture::link_config> read_links(yaml::problems& found, const yaml::node& value);
store_settings read_store(yaml::problems& found, const yaml::node& value);
dashboard_settings read_dashboard(yaml::problems& found, const yaml::node& value);
export_settings read_export(yaml::problems& found, const yaml::node& value);

}  // namespace callweir::engine

// Sections of the configuration file, one reader each. Private to engine/configuration*.cpp.
#pragma once

#include "base/yaml.hpp"
#include "engine/configuration.hpp"

namespace callweir::engine {

std::vector<capture::link_config> read_links(yaml::problems& found, const yaml::node& value);

}  // namespace callweir::engine

#include "engine/starting_configuration.hpp"

#include <fstream>
#include <iterator>

#include "base/log.hpp"
#include "engine/save_file.hpp"

namespace callweir::engine {
namespace {

result<policy_source> read_source(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail("cannot be read", path);
  std::string text((std::istreambuf_iterator<char>(in)), {});
  auto whole = read_configuration(text, path);
  if (whole) return policy_source{std::move(*whole), std::move(text), path};
  for (const auto& problem : whole.error()) log::error("configuration", "{}", problem.text());
  return fail("the configuration has mistakes", path, "'callweir check' lists them");
}

}  // namespace

result<policy_source> starting_configuration(const std::string& file, const std::string& kept) {
  if (std::ifstream(kept).good()) {
    if (auto running = read_source(kept)) return running;
  }
  auto source = read_source(file);
  if (!source) return source;
  if (auto saved = save_file(kept, source->text); !saved) {
    log::warning("configuration", "an engine that takes over would read the file anew: {}",
                 saved.error().text());
  }
  return source;
}

}  // namespace callweir::engine

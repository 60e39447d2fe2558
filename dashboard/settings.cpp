#include "dashboard/settings.hpp"

#include <fstream>
#include <iterator>

#include "base/yaml_scalar.hpp"

namespace callweir::dashboard {
namespace {

const yaml::node* find(const yaml::node& map, std::string_view key) {
  for (const auto& entry : map.entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

bool read_privacy(yaml::problems& found, const yaml::node& value) {
  const yaml::map_reader reader(found, value, "privacy", {"pseudonymise"});
  const auto* n = reader.get("pseudonymise");
  return n != nullptr && yaml::read_bool(found, *n, "privacy.pseudonymise").value_or(false);
}

}  // namespace

tl::expected<settings, std::vector<error>> read_settings(std::string_view text,
                                                         const std::string& filename) {
  const auto tree = yaml::parse(text, filename);
  if (!tree) return tl::unexpected(std::vector<error>{tree.error()});
  if (!tree->is_map()) {
    return tl::unexpected(std::vector<error>{
        {"the file is " + tree->described() + ", not a map of keys", filename, {}}});
  }
  yaml::problems found(filename);
  settings out;
  const auto with = [&](std::string_view key, auto&& read) {
    if (const auto* value = find(*tree, key)) read(*value);
  };
  with("site", [&](const yaml::node& n) {
    out.site = yaml::read_text(found, n, "site").value_or(out.site);
  });
  with("timezone", [&](const yaml::node& n) {
    out.timezone = yaml::read_text(found, n, "timezone").value_or(out.timezone);
  });
  with("store", [&](const yaml::node& n) { out.store = read_store(found, n); });
  with("privacy", [&](const yaml::node& n) { out.pseudonymise = read_privacy(found, n); });
  with("dashboard", [&](const yaml::node& n) { out.dashboard = read_dashboard(found, n); });
  with("export", [&](const yaml::node& n) { out.export_to = read_export(found, n); });
  if (!found.none()) return tl::unexpected(found.errors());
  return out;
}

tl::expected<settings, std::vector<error>> load_settings(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const auto refuse = [&path](const char* what) {
    return tl::unexpected(std::vector<error>{{what, path, "name the file with --config"}});
  };
  if (!file) return refuse("cannot be read");
  std::string text(yaml::text_bytes_max + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > yaml::text_bytes_max) return refuse("is larger than 1 MiB");
  return read_settings(text, path);
}

}  // namespace callweir::dashboard

// The sections of the configuration that the dashboard process lives by, and the engine's `check`
// reads, too: `store`, `dashboard`, `export`. docs/reference/configuration.md lists keys and
// bounds.
#pragma once

#include <cstdint>
#include <string>

#include "base/units.hpp"
#include "base/yaml.hpp"

namespace callweir {

struct store_settings {
  std::string sqlite = "/var/lib/callweir/callweir.db";  // "" when ClickHouse is used
  std::string clickhouse_url;
  nanoseconds keep = std::chrono::hours(90 * 24);
  std::uint64_t max_size_bytes = 10'000'000'000;
};

struct dashboard_settings {
  enum class tls_mode : std::uint8_t { automatic, off, files };
  std::string listen = "127.0.0.1:8443";
  tls_mode tls = tls_mode::automatic;  // automatic: a certificate of its own making
  std::string certificate, key;        // files: PEM
};

struct export_settings {
  std::string ipfix;  // "udp://host:port", "" for none
  std::string syslog;
  bool prometheus = true;
};

store_settings read_store(yaml::problems& found, const yaml::node& value);
dashboard_settings read_dashboard(yaml::problems& found, const yaml::node& value);
export_settings read_export(yaml::problems& found, const yaml::node& value);

}  // namespace callweir

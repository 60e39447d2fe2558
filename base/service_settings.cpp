// `store`, `dashboard` and `export` of the configuration.
#include "base/service_settings.hpp"

#include <charconv>
#include <optional>

#include "base/ip_address.hpp"
#include "base/yaml_scalar.hpp"

namespace callweir {
namespace {

using yaml::node;
using yaml::problems;

struct endpoint {
  std::string host;
  int port = 0;
};

/// "host:port", "192.0.2.1:514", "[2001:db8::1]:514".
std::optional<endpoint> parse_endpoint(std::string_view text) {
  constexpr std::size_t longest = 255;
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || text.size() > longest) return std::nullopt;
  auto host = text.substr(0, colon);
  const auto port_text = text.substr(colon + 1);
  endpoint out;
  const auto [end, problem] =
      std::from_chars(port_text.data(), port_text.data() + port_text.size(), out.port);
  if (problem != std::errc{} || end != port_text.data() + port_text.size() || out.port < 1 ||
      out.port > 65'535) {
    return std::nullopt;
  }
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) {
    host = host.substr(1, host.size() - 2);
    if (!ip_address::parse(host)) return std::nullopt;
  } else {
    for (const char c : host) {
      const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || c == '.' || c == '-';
      if (!fits) return std::nullopt;
    }
  }
  if (host.empty()) return std::nullopt;
  out.host = host;
  return out;
}

bool is_loopback(const std::string& host) {
  const auto address = ip_address::parse(host);
  if (!address) return host == "localhost";
  return address->is_v4() ? (address->v4_bits() >> 24) == 127 : *address == ip_address{0, 1};
}

std::string read_path(problems& found, const node& value, const std::string& path,
                      const std::string& example) {
  constexpr std::size_t longest = 4'096;
  if (value.is_scalar() && value.text.starts_with("/") && value.text.size() < longest)
    return value.text;
  found.add(value.at, "key '" + path + "' expects an absolute path, not " + value.described(),
            "write it like `" + example + "`");
  return {};
}

std::string read_collector(problems& found, const node& value, const std::string& path,
                           const std::string& example) {
  std::string_view rest = value.is_scalar() ? std::string_view(value.text) : std::string_view();
  std::string_view scheme = "udp";
  if (const auto mark = rest.find("://"); mark != std::string_view::npos) {
    scheme = rest.substr(0, mark);
    rest = rest.substr(mark + 3);
  }
  const bool known = scheme == "udp" || scheme == "tcp" || scheme == "tls";
  if (known && parse_endpoint(rest)) return std::string(scheme) + "://" + std::string(rest);
  found.add(value.at,
            "key '" + path + "' expects a collector as udp://host:port, tcp:// or tls://, not " +
                value.described(),
            "write it like `" + example + "`");
  return {};
}

void read_tls(problems& found, const node& value, dashboard_settings& out) {
  using mode = dashboard_settings::tls_mode;
  if (!value.is_map()) {
    const auto i = yaml::read_word(found, value, "dashboard.tls", {"auto", "off"});
    if (i) out.tls = *i == 0 ? mode::automatic : mode::off;
    return;
  }
  out.tls = mode::files;
  const yaml::map_reader reader(found, value, "dashboard.tls", {"certificate", "key"});
  if (const auto* n = reader.required("certificate", "certificate: /etc/callweir/dashboard.pem")) {
    out.certificate =
        read_path(found, *n, "dashboard.tls.certificate", "/etc/callweir/dashboard.pem");
  }
  if (const auto* n = reader.required("key", "key: /etc/callweir/dashboard.key")) {
    out.key = read_path(found, *n, "dashboard.tls.key", "/etc/callweir/dashboard.key");
  }
}

std::string read_clickhouse(problems& found, const node& value) {
  const yaml::map_reader reader(found, value, "store.clickhouse", {"url"});
  const auto* url = reader.required("url", "url: https://clickhouse.example:8443/callweir");
  if (url == nullptr) return {};
  const auto& text = url->text;
  if (url->is_scalar() && text.size() < 1'024 &&
      (text.starts_with("http://") || text.starts_with("https://"))) {
    return text;
  }
  found.add(
      url->at,
      "key 'store.clickhouse.url' expects an http:// or https:// address, not " + url->described(),
      "write it like `https://clickhouse.example:8443/callweir`");
  return {};
}

}  // namespace

store_settings read_store(problems& found, const node& value) {
  using namespace std::chrono_literals;
  store_settings out;
  const yaml::map_reader reader(found, value, "store",
                                {"sqlite", "clickhouse", "keep", "max_size"});
  const auto* sqlite = reader.get("sqlite");
  const auto* clickhouse = reader.get("clickhouse");
  if (sqlite != nullptr && clickhouse != nullptr) {
    found.add(clickhouse->at, "key 'store' expects sqlite or clickhouse, not both", "remove one");
  }
  if (sqlite != nullptr) {
    out.sqlite = read_path(found, *sqlite, "store.sqlite", "/var/lib/callweir/callweir.db");
  }
  if (clickhouse != nullptr) {
    out.clickhouse_url = read_clickhouse(found, *clickhouse);
    out.sqlite.clear();
  }
  if (const auto* keep = reader.get("keep")) {
    constexpr nanoseconds ten_years = 24h * 3'650;
    out.keep =
        yaml::read_duration(found, *keep, "store.keep", 1h, ten_years, "90d").value_or(out.keep);
  }
  if (const auto* size = reader.get("max_size")) {
    out.max_size_bytes =
        yaml::read_size(found, *size, "store.max_size", 10'000'000, 100'000'000'000'000, "10GB")
            .value_or(out.max_size_bytes);
  }
  return out;
}

dashboard_settings read_dashboard(problems& found, const node& value) {
  dashboard_settings out;
  const yaml::map_reader reader(found, value, "dashboard", {"listen", "tls"});
  std::optional<endpoint> at = parse_endpoint(out.listen);
  if (const auto* listen = reader.get("listen")) {
    at = parse_endpoint(listen->is_scalar() ? listen->text : "");
    if (at) {
      out.listen = listen->text;
    } else {
      found.add(listen->at,
                "key 'dashboard.listen' expects address:port, not " + listen->described(),
                "write it like `\"127.0.0.1:8443\"` or `\"[::]:8443\"`");
    }
  }
  if (const auto* tls = reader.get("tls")) {
    read_tls(found, *tls, out);
    if (out.tls == dashboard_settings::tls_mode::off && at && !is_loopback(at->host)) {
      found.warn(tls->at, "key 'dashboard.tls': passwords cross the network in clear",
                 "write `tls: auto`, or listen on 127.0.0.1");
    }
  }
  return out;
}

export_settings read_export(problems& found, const node& value) {
  export_settings out;
  const yaml::map_reader reader(found, value, "export", {"ipfix", "syslog", "prometheus"});
  if (const auto* n = reader.get("ipfix")) {
    out.ipfix = read_collector(found, *n, "export.ipfix", "udp://collector.example:4739");
  }
  if (const auto* n = reader.get("syslog")) {
    out.syslog = read_collector(found, *n, "export.syslog", "udp://log.example:514");
  }
  if (const auto* n = reader.get("prometheus")) {
    out.prometheus = yaml::read_bool(found, *n, "export.prometheus").value_or(true);
  }
  return out;
}

}  // namespace callweir

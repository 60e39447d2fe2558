#include "dashboard/ingest/bypass_switch.hpp"

#include "base/control_socket.hpp"

namespace callweir::dashboard {
namespace {

constexpr auto patience = std::chrono::milliseconds(1'500);  // of connecting, and of the answer

}  // namespace

result<bool> switch_bypass(const std::string& control_socket, bool on) {
  auto client = control::client::connect(control_socket, patience);
  if (!client) return tl::unexpected(client.error());
  bool now = !on;
  const auto end = client->request(
      on ? R"({"verb":"bypass","mode":"on"})" : R"({"verb":"bypass","mode":"off"})",
      [&](std::string_view record) { now = record.find("\"on\":true") != std::string_view::npos; });
  if (!end) return tl::unexpected(end.error());
  if (end->exit != exit_done) return tl::unexpected(end->problem);
  return now;
}

}  // namespace callweir::dashboard

#include "classify/service_names.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/applications.hpp"
#include "base/packet_view.hpp"

namespace callweir::classify {
namespace {

struct numbered_name {
  std::uint16_t number;
  std::string_view name;
};

// IANA protocol numbers.
constexpr numbered_name protocols[] = {
    {1, "ICMP"},   {2, "IGMP"},    {8, "EGP"},   {47, "GRE"},  {50, "IPSec"},
    {51, "IPSec"}, {58, "ICMPV6"}, {89, "OSPF"}, {103, "PIM"}, {112, "VRRP"},
};

// IANA service names of UDP ports, ascending.
constexpr numbered_name udp_services[] = {
    {53, "DNS"},       {67, "DHCP"},
    {68, "DHCP"},      {69, "TFTP"},
    {123, "NTP"},      {137, "NetBIOS"},
    {138, "NetBIOS"},  {161, "SNMP"},
    {162, "SNMP"},     {427, "Service_Location_Protocol"},
    {514, "Syslog"},   {546, "DHCPV6"},
    {547, "DHCPV6"},   {1812, "Radius"},
    {1813, "Radius"},  {1900, "SSDP"},
    {2055, "NetFlow"}, {3702, "WSD"},
    {5351, "NAT-PMP"}, {5353, "MDNS"},
    {5355, "LLMNR"},   {6343, "sFlow"},
};

template <std::size_t N>
std::array<app_id, N> resolve(const numbered_name (&names)[N]) {
  std::array<app_id, N> ids;
  std::transform(std::begin(names), std::end(names), ids.begin(), [](const numbered_name& n) {
    return find_application(n.name).value_or(app_unknown);
  });
  return ids;
}

template <std::size_t N>
app_id look_up(const numbered_name (&names)[N], const std::array<app_id, N>& ids,
               std::uint16_t number) noexcept {
  const auto* const at = std::lower_bound(
      std::begin(names), std::end(names), number,
      [](const numbered_name& n, std::uint16_t wanted) { return n.number < wanted; });
  return at != std::end(names) && at->number == number ? ids[static_cast<std::size_t>(at - names)]
                                                       : app_id{app_unknown};
}

const auto protocol_ids = resolve(protocols);
const auto udp_service_ids = resolve(udp_services);

}  // namespace

app_id protocol_application(std::uint8_t protocol) noexcept {
  return look_up(protocols, protocol_ids, protocol);
}

app_id service_application(std::uint8_t protocol, std::uint16_t source_port,
                           std::uint16_t destination_port) noexcept {
  if (protocol != proto_udp) return app_unknown;
  const app_id there = look_up(udp_services, udp_service_ids, destination_port);
  return there != app_unknown ? there : look_up(udp_services, udp_service_ids, source_port);
}

}  // namespace callweir::classify

// nDPI's names for what needs no inspection: IP protocols by their number, services whose first
// packet had the right form by their port.
#pragma once

#include <cstdint>

#include "base/verdict.hpp"

namespace callweir::classify {

/// Protocols without ports that cannot carry a call by themselves: ICMP, IGMP, OSPF, …; 0 (Unknown)
/// for all others.
app_id protocol_application(std::uint8_t protocol) noexcept;

/// By the better known of the two ports; 0 where neither is.
app_id service_application(std::uint8_t protocol, std::uint16_t source_port,
                           std::uint16_t destination_port) noexcept;

}  // namespace callweir::classify

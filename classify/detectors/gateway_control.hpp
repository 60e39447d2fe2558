// Signalling of telephony that is not SIP: H.323 (H.225.0, H.245), MGCP (RFC 3435), Megaco/H.248
// (RFC 3525), Skinny (SCCP). A light check of one packet's content; ports only where the standard's
// form alone would be too weak.
#pragma once

#include "classify/detectors/sample.hpp"

namespace callweir::classify {

enum class gateway_protocol : std::uint8_t { none, h323, mgcp, megaco, skinny };

/// `tcp`: the transport; ports as in the packet.
gateway_protocol recognise_gateway(const sample& s, bool tcp, std::uint16_t source_port,
                                   std::uint16_t destination_port) noexcept;

}  // namespace callweir::classify

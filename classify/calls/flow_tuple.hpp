// A flow's addresses and ports as one number, the same whichever end began it.
#pragma once

#include <cstdint>
#include <utility>

#include "classify/calls/host_profiles.hpp"
#include "classify/flow_event.hpp"

namespace callweir::classify {

/// `shift` is added to both ports: RTCP and the second medium of a call sit on neighbouring ports.
inline std::uint64_t tuple_key(const flow_identity& flow, int shift) {
  std::uint64_t a = ip_address_hash{}(flow.source), b = ip_address_hash{}(flow.destination);
  std::uint64_t ports_a = static_cast<std::uint16_t>(flow.source_port + shift);
  std::uint64_t ports_b = static_cast<std::uint16_t>(flow.destination_port + shift);
  if (std::pair(b, ports_b) < std::pair(a, ports_a)) {
    std::swap(a, b);
    std::swap(ports_a, ports_b);
  }
  std::uint64_t key =
      a * 0x9e37'79b9'7f4a'7c15ULL ^ (b + (ports_a << 32 | ports_b << 8 | flow.protocol));
  key = (key ^ key >> 29) * 0xbf58'476d'1ce4'e5b9ULL;
  return key ^ key >> 32 ^ flow.link;
}

/// The inside address, port and protocol of a flow; even.
inline std::uint64_t endpoint_key(const flow_identity& flow) {
  const bool ours = flow.initiator == side::inside;
  const std::uint64_t address = ip_address_hash{}(ours ? flow.source : flow.destination);
  const std::uint64_t port = ours ? flow.source_port : flow.destination_port;
  return (address ^ (port << 8 | flow.protocol)) * 0x94d0'49bb'1331'11ebULL & ~1ULL;
}

/// Both addresses, in either order; odd.
inline std::uint64_t pair_key(const flow_identity& flow) {
  return (ip_address_hash{}(flow.source) + ip_address_hash{}(flow.destination)) *
             0xbf58'476d'1ce4'e5b9ULL |
         1;
}

}  // namespace callweir::classify

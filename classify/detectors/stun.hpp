// STUN (RFC 5389/8489, classic RFC 3489), ICE (RFC 8445) and TURN (RFC 8656) in one flow.
#pragma once

#include "classify/detectors/sample.hpp"

namespace callweir::classify {

constexpr std::uint32_t stun_cookie = 0x2112'a442;  // RFC 5389 section 6

enum stun_method : std::uint16_t {
  stun_binding = 1,
  turn_allocate = 3,
  turn_refresh = 4,
  turn_send = 6,
  turn_data = 7,
  turn_create_permission = 8,
  turn_channel_bind = 9
};
enum class stun_class : std::uint8_t { request, indication, success, failure };

/// One message, taken apart. `data_*` is the DATA attribute (the relayed datagram) as a part of the
/// message.
struct stun_message {
  std::uint16_t method = 0;
  stun_class kind = stun_class::request;
  std::uint16_t total = 0;  // bytes of the message, header included
  bool cookie = false;      // RFC 5389's magic cookie; without it RFC 3489
  bool priority = false, use_candidate = false, controlling = false, controlled = false;
  bool integrity = false, fingerprint = false, peer_address = false, relayed_address = false;
  bool microsoft = false;  // attributes of MS-TURN, MS-ICE2
  bool whatsapp = false;   // attribute 0x4000 to 0x40ff, unassigned, in an Allocate
  std::uint16_t attributes = 0;
  std::uint64_t ice_session = 0;  // hash of both user-name fragments, order-independent
  std::uint16_t data_offset = 0, data_bytes = 0;
};

/// False unless the whole message is consistent: type, length, attribute chain; the cookie, or (as
/// RFC 3489 has none) exact length and a binding message with known attributes.
bool parse_stun(const sample& s, stun_message& out) noexcept;

/// What STUN said in one flow. Counters stay at their end.
struct stun_detector {
  std::uint8_t requests[2] = {0, 0};     // binding requests, by direction
  std::uint8_t answers[2] = {0, 0};      // binding successes
  std::uint8_t checks[2] = {0, 0};       // ICE connectivity checks among the requests
  std::uint8_t indications[2] = {0, 0};  // TURN send and data
  std::uint8_t channel_data[2] = {0, 0};
  std::uint8_t allocations = 0;      // successes
  std::uint8_t permissions = 0;      // CreatePermission and ChannelBind successes
  std::uint8_t vendor_requests = 0;  // Allocates with WhatsApp's attributes
  bool microsoft = false, integrity = false, inside_relay = false;
  std::uint64_t ice_session = 0;

  /// Counts one message. `relayed`: it came inside TURN.
  void observe(const stun_message& message, direction way, bool relayed) noexcept;

  bool any() const noexcept {
    return (requests[0] | requests[1] | answers[0] | answers[1] | allocations | indications[0] |
            indications[1]) != 0 ||
           vendor_requests > 0;
  }
  /// Connectivity checks were asked and answered (RFC 8445 section 7).
  bool ice() const noexcept;
  /// Both peers check the path: it is tried for media, not only a server asked for an address.
  bool ice_both_ways() const noexcept { return checks[0] > 0 && checks[1] > 0 && ice(); }
  /// A relay allocation with a permission for a peer.
  bool relay_ready() const noexcept { return allocations > 0 && permissions > 0; }
  /// Several datagrams in channel framing whose lengths fit (RFC 8656 section 12.4): the relay was
  /// set up before the first packet that is seen here. One alone could be chance.
  bool channelled() const noexcept { return channel_data[0] + channel_data[1] >= 3; }
  bool relay_used() const noexcept {
    return (indications[0] | indications[1]) != 0 || channelled();
  }
};

}  // namespace callweir::classify

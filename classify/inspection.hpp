// Scratch of one flow under inspection: the memory of every detector, and what was concluded so
// far.
#pragma once

#include "classify/detectors/dtls.hpp"
#include "classify/detectors/gateway_control.hpp"
#include "classify/detectors/iax.hpp"
#include "classify/detectors/innocent.hpp"
#include "classify/detectors/rtp.hpp"
#include "classify/detectors/stun.hpp"
#include "classify/detectors/tox.hpp"
#include "classify/detectors/vendor_framing.hpp"
#include "classify/detectors/voice_rhythm.hpp"
#include "classify/inspector.hpp"

namespace callweir::classify {

/// All bytes zero is the state of a new flow. The rhythm, larger than all else, is lent from a pool
/// of its own: few flows are left for it to judge.
struct inspection {
  rtp_detector rtp;
  stun_detector stun;
  dtls_detector dtls;
  vendor_detector vendor;
  iax_detector iax;
  tox_detector tox;
  innocent_detector innocent;

  voice_rhythm* rhythm;  // of rhythm_pool; nullptr: none lent, and rhythm_pct is 0
  std::int64_t first_ns;
  std::uint64_t endpoint_key;  // inside address and UDP port
  std::uint64_t relay_key;     // inside address and the server's address and port
  std::uint64_t pair_key;      // both addresses
  std::uint64_t dialog;        // SIP Call-ID hash, by signalling or by an announced address
  std::uint32_t next_free;     // position in the pool
  std::uint32_t rhythm_at;     // place of the rhythm in its pool
  std::uint32_t payload_bytes;
  std::uint16_t packets[2];   // with payload
  std::uint16_t inspected;    // all packets
  std::uint16_t media_since;  // value of `inspected` when media was first sure
  std::uint16_t ndpi_packets;
  std::uint16_t sip_messages;
  std::uint8_t gateway_messages;
  std::uint8_t rhythm_pct;  // newest answer of the rhythm
  gateway_protocol gateway;
  codec announced_codec;
  bool started, tcp, multicast, relayed;
  bool odd_ports = false;  // both ends, in the range of media: where RTCP stands beside its RTP
  bool announced, emergency, rtsp;
  bool endpoint_in_call, relay_in_call, endpoint_told;
  bool skype_endpoint, skype_form;
  bool zoom_port;           // one side is a media port of Zoom's servers
  bool answered_elsewhere;  // its voice goes one way, another flow of the pair carries the other
  verdict current;
};

static_assert(sizeof(inspection) <= 576, "nine cache lines");

}  // namespace callweir::classify

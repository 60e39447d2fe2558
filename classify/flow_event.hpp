// What a worker tells the control thread of its flows. Fixed size, no pointers: it goes through a
// ring.
#pragma once

#include <array>
#include <cstdint>

#include "base/packet_view.hpp"
#include "base/units.hpp"
#include "base/verdict.hpp"

namespace callweir::classify {

using flow_index = std::uint32_t;  // position in one worker's table
constexpr flow_index no_flow = 0xffff'ffff;
using call_slot = std::uint32_t;  // position in the control thread's table of calls
constexpr call_slot no_call = 0xffff'ffff;

/// Which flow. `id` is unique in the process: worker in the top bits, then a count.
struct flow_identity {
  std::uint64_t id = 0;
  flow_index index = no_flow;
  std::uint16_t worker = 0;
  std::uint16_t link = 0;
  ip_address source, destination;  // initiator, responder
  std::uint16_t source_port = 0, destination_port = 0;
  std::uint8_t protocol = 0;
  tunnel_kind tunnel = tunnel_kind::none;
  std::uint8_t vlan_count = 0;
  side initiator = side::inside;  // side the first packet came from
  std::uint16_t vlan[2] = {0, 0};
};

struct flow_totals {
  time_point first, last;
  std::array<std::uint64_t, 2> packets{}, bytes{};  // L3 bytes
};

/// Audio codec as far as it can be told from outside.
enum class codec : std::uint8_t {
  unknown,
  pcmu,
  pcma,
  g722,
  g729,
  g723,
  gsm,
  ilbc,
  amr,
  amr_wb,
  evs,
  opus,
  speex
};

/// One direction of a media flow over one second.
struct media_direction {
  std::uint32_t packets = 0;      // media packets that arrived at the appliance
  std::uint32_t codec_bytes = 0;  // codec payload: without headers, extension, padding and tags
  std::uint32_t expected = 0;     // by RTP sequence numbers; equal to packets where there are none
  std::uint32_t late = 0;     // later than 60 ms behind the fastest of the last 10 s, on arrival
  std::uint32_t dropped = 0;  // by the appliance
  float jitter_ms = 0;        // RFC 3550 6.4.1; by inter-arrival where there is no RTP
  float added_delay_ms = 0;   // mean over the forwarded packets
  bool loss_known = false;    // sequence numbers could be read
};

struct media_sample {
  time_point second;  // start of the second
  std::array<media_direction, 2> way;
  codec voice_codec = codec::unknown;
  flow_role role = flow_role::media;  // what this sample is of: voice (MOS counts it) or video
};

/// What clear-text signalling says of a call (SIP with SDP); keyed by its Call-ID.
struct dialog_notice {
  std::uint64_t dialog = 0;  // keyed hash of the Call-ID
  enum class step : std::uint8_t { offered, answered, ended } what = step::offered;
  bool emergency = false;      // number or urn:service:sos
  std::uint8_t endpoints = 0;  // how many of `media` are set
  struct media_endpoint {
    ip_address address;
    std::uint16_t port = 0;
    codec voice_codec = codec::unknown;
    flow_role role = flow_role::voice;
  };
  std::array<media_endpoint, 4> media;
};

/// Keys that tie flows of one call together wherever they show up.
struct call_ties {
  std::uint64_t dialog = 0;       // SIP Call-ID hash; 0 none
  std::uint64_t ice_session = 0;  // hash of the ICE ufrag pair, order-independent; 0 none
  bool ice = false;               // ICE connectivity checks were seen
  bool relayed = false;           // TURN or another relay carries it
  bool emergency = false;
};

struct flow_event {
  enum class kind : std::uint8_t {
    opened,    // only if the configuration asks for it (captures)
    verdict,   // what the flow is changed; also sent when ties changed
    media,     // one second of a media flow
    dialog,    // clear signalling said something of a call
    endpoint,  // an inside endpoint was recognised (address and port of `flow.source`): its flows,
               // past ones too, get `what`
    progress,  // it goes on and has carried another mebibyte; only if the configuration asks for it
    closed     // timed out, ended or evicted; the index is free afterwards
  };
  kind type = kind::verdict;
  time_point at;
  flow_identity flow;
  flow_totals totals;
  verdict what;
  call_ties ties;
  call_slot call = no_call;
  std::uint32_t action = 0;          // the shaper's handle
  std::uint32_t decided_packet = 0;  // 0: not decided
  nanoseconds decided_after{0};
  union {
    media_sample media;
    dialog_notice dialog;
  };
  flow_event() : media{} {}
};

/// Where a worker's events go. Called on the worker's thread; must not block. Returns false when
/// full: the event is lost and counted.
class event_sink {
 public:
  virtual ~event_sink() = default;
  virtual bool push(const flow_event& event) noexcept = 0;
};

}  // namespace callweir::classify

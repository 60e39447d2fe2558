// One call: its flows, what they say together, and its quality. Control thread only.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <vector>

#include "base/record.hpp"
#include "classify/call_tracker.hpp"
#include "classify/calls/call_quality.hpp"

namespace callweir::classify {

constexpr std::size_t members_max = 64;  // flows of one call; later ones are not listed
constexpr std::size_t parties_max = 8;

/// An address, port and protocol inside, through which a softphone may come back.
struct inside_endpoint {
  ip_address address;
  std::uint16_t port = 0;
  std::uint8_t protocol = 0;
  friend bool operator==(const inside_endpoint&, const inside_endpoint&) = default;
};
inside_endpoint inside_end(const flow_identity& flow);
ip_address outside_end(const flow_identity& flow);

struct session_key {
  bool ice = false;
  std::uint64_t key = 0;
  friend bool operator==(const session_key&, const session_key&) = default;
};

/// A flow of a call; stays when the flow has ended.
struct call_member {
  std::uint64_t flow = 0;
  verdict what;
  ip_address source, destination;
  side initiator = side::inside;
  bool live = true;
  bool heard = false;     // media came by it
  bool reversed = false;  // its initiator is the responder of the call's first media flow
  bool emergency = false;
};

struct call_entry {
  tracked_call shown;
  std::vector<call_member> members;
  std::vector<ip_address> parties;  // of the first flow that media came by: its initiator first
  std::vector<inside_endpoint> endpoints;    // of its media flows
  std::array<direction_quality, 2> quality;  // in the direction of the first media flow
  std::vector<std::uint64_t> places;   // keys it can be found by: endpoints and pairs of parties
  std::vector<session_key> sessions;   // dialogs and ICE sessions that are this call
  std::bitset<flow_role_count> media;  // roles its samples had
  time_point start;
  time_point last_media;     // end of the last second with media
  time_point last_seen;      // last packet of its media flows, keep-alives included
  std::uint64_t dialog = 0;  // the SIP dialog it belongs to, 0 none
  side initiator = side::inside;
  ip_address caller;  // media address of who offered the dialog, if has_caller
  bool has_caller = false;
  bool relayed = false;
  bool has_media = false;
  bool dialog_answered = false, dialog_ended = false, dialog_emergency = false;
  bool changed = true;  // workers have to be told
  bool queued = false;  // stands in the book's list of what to tell

  call_member* member(std::uint64_t flow);
  bool any_live_media() const;
  /// False when the call lists as many flows as it may.
  bool add_member(const flow_identity& flow, const verdict& what, const call_ties& ties);
  /// App, p2p, role and confidence from the members (SPEC: the call's app, the highest confidence).
  void sum_up();
  /// `length_s`: how much of the second the flow lived, (0, 1].
  void add_sample(call_member& from, const media_sample& sample, double length_s = 1);
  /// False when nothing that was taken for media turned out to be.
  bool is_call() const;
  /// `actions` stay empty: the shaper's side knows them.
  call_record record() const;
  void add_parties(const call_member& of);

 private:
  void anchor(const call_member& first);
};

}  // namespace callweir::classify

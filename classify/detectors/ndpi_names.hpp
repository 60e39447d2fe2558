// What an application name of nDPI means for telephony: looked up once, by name.
#pragma once

#include <array>

#include "base/verdict.hpp"
#include "classify/inspector.hpp"

namespace callweir::classify {

enum class ndpi_kind : std::uint8_t {
  nothing,     // no opinion
  call,        // a name that is given to call traffic only
  weak_call,   // nDPI 4.2 gives it on one byte or one packet: SkypeCall, RTP and their kin
  talker,      // an application that calls among other things
  signalling,  // H.323, MGCP, Megaco, Skinny, SIP
  carrier,     // STUN, DTLS, QUIC, …: carries calls and other things
  streaming,   // RTSP
  other        // carries no calls
};

class ndpi_names {
 public:
  ndpi_names();
  ndpi_kind kind(app_id id) const noexcept {
    return id < kinds_.size() ? kinds_[id] : ndpi_kind::other;
  }
  /// The stronger of an opinion's two names for our purpose.
  ndpi_kind kind(const ndpi_opinion& opinion) const noexcept;
  /// The name a verdict may carry: the documented one of the calling application, or 0.
  app_id application(const ndpi_opinion& opinion) const noexcept;
  /// SPEC "p2p": whether this application's calls run between users' machines when they can.
  tristate peer_to_peer(app_id id) const noexcept {
    return id < peers_.size() ? peers_[id] : tristate::open;
  }

  app_id zoom = 0, discord = 0, teamspeak = 0, h323 = 0, mgcp = 0, megaco = 0, skinny = 0,
         teams_call = 0, quic = 0, iax = 0;

 private:
  std::array<ndpi_kind, 1024> kinds_{};
  std::array<tristate, 1024> peers_{};
};

}  // namespace callweir::classify

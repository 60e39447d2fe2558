#include "classify/fusion.hpp"

#include "base/applications.hpp"
#include "classify/reasons.hpp"

namespace callweir::classify {
namespace {

// How sure a claim is. Above 90 only what the standard's own consistency checks, or two independent
// observations, carry; the corpus and the generators of the tests keep these honest.
constexpr std::uint8_t pct_signalling = 97, pct_announced = 98, pct_ice_rtp = 97, pct_bare_rtp = 96,
                       pct_srtcp = 93, pct_vendor = 95, pct_same_call = 95, pct_microsoft = 95,
                       pct_two_flows = 92, pct_handshake = 80, pct_ice = 75, pct_one_way = 60,
                       pct_ndpi_call = 92;
constexpr std::uint16_t ndpi_call_packets_min = 16;

struct claim {
  const inspection& s;
  const ndpi_opinion& opinion;
  const ndpi_names& names;
  verdict out{};

  void say(flow_role role, std::uint8_t pct, std::uint64_t reasons) noexcept {
    out.voip = true;
    out.role = role;
    out.confidence_pct = pct;
    out.reasons |= reasons;
  }
  /// Names the product that nDPI recognised by content, else `generic`; p2p follows.
  void name(app_id generic, tristate p2p) noexcept {
    const app_id product = names.application(opinion);
    out.app = product != app_unknown ? product : generic;
    out.p2p = p2p;
    if (product == app_unknown) return;
    out.reasons |= bit(reason::ndpi_call);
    if (names.peer_to_peer(product) != tristate::open) out.p2p = names.peer_to_peer(product);
  }
};

bool peers_met(const inspection& s) noexcept {
  return s.stun.any() || s.stun.channelled() || s.dtls.client_hello || s.dtls.server_hello;
}

std::uint64_t stun_reasons(const inspection& s) noexcept {
  std::uint64_t r = 0;
  if (s.stun.ice())
    r |= bit(reason::ice_checks);
  else if (s.stun.answers[0] + s.stun.answers[1] > 0)
    r |= bit(reason::stun_binding);
  if (s.stun.relay_ready() || s.stun.relay_used()) r |= bit(reason::turn_relay);
  if (s.stun.microsoft || s.stun.vendor_requests > 0) r |= bit(reason::stun_vendor);
  if (s.dtls.srtp_offered || s.dtls.srtp_chosen)
    r |= bit(reason::srtp_after_dtls);
  else if (s.dtls.client_hello)
    r |= bit(reason::dtls_handshake);
  return r;
}

std::uint64_t rtp_reasons(const inspection& s) noexcept {
  std::uint64_t r = bit(reason::rtp_sequence);
  const rtp_source* best = s.rtp.best();
  if (best != nullptr && best->clocked()) r |= bit(reason::rtp_timestamps);
  if (best != nullptr && is_static_voice(best->payload_type)) r |= bit(reason::rtp_payload_type);
  if (s.rtp.rtcp_matches) r |= bit(reason::rtcp_reports);
  return r;
}

/// Clear signalling.
bool claim_signalling(claim& c) noexcept {
  const inspection& s = c.s;
  if (s.sip_messages > 0) {
    c.say(flow_role::signalling, pct_signalling, bit(reason::sip_signalling));
    if (s.emergency) c.out.reasons |= bit(reason::emergency_number);
    c.out.app = app_sip;
    c.out.p2p = tristate::no;
    return true;
  }
  if (s.gateway == gateway_protocol::none) return false;
  const bool h323 = s.gateway == gateway_protocol::h323,
             skinny = s.gateway == gateway_protocol::skinny;
  c.say(flow_role::signalling, skinny && s.gateway_messages < 2 ? 70 : 96,
        bit(h323     ? reason::h323_signalling
            : skinny ? reason::skinny_signalling
                     : reason::mgcp_signalling));
  c.out.app = h323                                  ? c.names.h323
              : skinny                              ? c.names.skinny
              : s.gateway == gateway_protocol::mgcp ? c.names.mgcp
                                                    : c.names.megaco;
  c.out.p2p = tristate::no;
  return true;
}

/// RTP streams that hold together.
bool claim_rtp(claim& c) noexcept {
  const inspection& s = c.s;
  // A handshake or ICE in the same flow stands in for the time stamps' advance.
  if (s.rtp.confirmed() == 0 && !(s.rtp.plausible() > 0 && peers_met(s))) return false;
  const flow_role role = s.rtp.role();
  if (s.announced) {
    c.say(role, pct_announced, rtp_reasons(s) | bit(reason::sdp_announced));
    c.out.app = app_sip;
    c.out.p2p = tristate::no;
    return true;
  }
  if (s.vendor.who == vendor::zoom || s.vendor.who == vendor::discord) {
    c.say(role, pct_ice_rtp, rtp_reasons(s));
    c.out.app = s.vendor.who == vendor::zoom ? c.names.zoom : c.names.discord;
    c.out.p2p = c.names.peer_to_peer(c.out.app);
    return true;
  }
  if (peers_met(s)) {
    c.say(role, pct_ice_rtp, rtp_reasons(s) | stun_reasons(s));
    const bool webrtc = s.stun.ice() || s.dtls.client_hello;
    c.name(webrtc ? app_webrtc : app_unknown_call, tristate::yes);
    return true;
  }
  if (s.rtsp || s.multicast || is_broadcast(s.rtp.best()->payload_type)) {
    c.out.role = flow_role::other;
    c.out.confidence_pct = pct_ndpi_call;
    c.out.reasons = rtp_reasons(s) | bit(reason::streaming);
    return true;
  }
  const bool clocked = s.rtp.best()->clocked() || s.rtp.rtcp_matches || s.rtp.long_two_way();
  if (s.rtp.two_way())
    c.say(role, clocked ? pct_bare_rtp : 85, rtp_reasons(s));
  else if (s.endpoint_in_call)
    c.say(role, pct_same_call, rtp_reasons(s) | bit(reason::same_endpoint));
  else if (s.rtp.listened())
    c.say(role, pct_srtcp, rtp_reasons(s) | bit(reason::rtcp_reports));
  else if (s.answered_elsewhere)
    c.say(role, pct_two_flows, rtp_reasons(s) | bit(reason::voice_symmetry));
  else
    c.say(role, pct_one_way, rtp_reasons(s) | bit(reason::unidirectional_media));
  c.name(app_rtp, tristate::open);
  return true;
}

/// RTCP in both directions where the media itself is silent or elsewhere.
bool claim_rtcp(claim& c) noexcept {
  const inspection& s = c.s;
  if (s.announced || !s.rtp.rtcp_session()) return false;
  const bool call = s.rtp.rtcp_encrypted() || s.rtp.both_send() || peers_met(s);
  // On the odd port of a pair (RFC 3550 section 11) it goes along with media and is none.
  const bool beside = s.odd_ports && !peers_met(s);
  c.say(beside ? flow_role::signalling : flow_role::media, s.rtsp || !call ? 50 : pct_srtcp,
        bit(reason::rtcp_reports) | stun_reasons(s));
  c.name(s.stun.ice() ? app_webrtc : app_rtp, s.stun.ice() ? tristate::yes : tristate::open);
  return true;
}

/// Media is being set up: ICE, TURN and DTLS without a packet of it yet.
bool claim_setup(claim& c) noexcept {
  const inspection& s = c.s;
  const bool handshake = s.dtls.srtp_offered || s.dtls.srtp_chosen;
  const bool relay = s.stun.relay_ready();
  const bool context = s.endpoint_in_call || (s.relay_in_call && (relay || s.stun.allocations > 0));
  if (!s.stun.any() && !handshake) return false;
  const bool transport = s.stun.ice() || relay;
  if (context) {
    c.say(transport ? flow_role::media : flow_role::signalling, pct_same_call,
          stun_reasons(s) | bit(reason::same_endpoint));
  } else if (s.stun.microsoft && s.stun.ice()) {
    c.say(flow_role::media, pct_microsoft, stun_reasons(s));
  } else if (s.stun.ice_both_ways() && c.names.kind(c.opinion) == ndpi_kind::call &&
             !c.opinion.guessed) {
    // Two observations that do not depend on each other: both peers check the path, and a product's
    // own attributes.
    c.say(flow_role::media, pct_ndpi_call, stun_reasons(s) | bit(reason::ndpi_content));
  } else if (s.stun.ice() && handshake && s.zoom_port) {
    // The browser's client carries media in the handshake's own channel: no RTP will follow.
    c.say(flow_role::media, pct_ndpi_call, stun_reasons(s) | bit(reason::vendor_framing));
    c.out.app = c.names.zoom;
    c.out.p2p = c.names.peer_to_peer(c.names.zoom);
    return true;
  } else if (s.stun.ice() && handshake) {
    c.say(flow_role::media, pct_handshake, stun_reasons(s));
  } else if (s.stun.ice_both_ways() || relay) {
    c.say(flow_role::media, pct_ice, stun_reasons(s));
  } else {
    return false;
  }
  c.name(s.stun.ice() || handshake ? app_webrtc : app_unknown_call, tristate::yes);
  if (s.stun.microsoft) {
    c.out.app = c.names.teams_call;
    c.out.p2p = tristate::yes;
  }
  return true;
}

/// Zoom between keep-alives: its media connectors' ports are public, its echo cannot be chance.
bool claim_vendor(claim& c) noexcept {
  const inspection& s = c.s;
  if (s.vendor.who != vendor::zoom || s.vendor.echoes == 0) return false;
  const bool media = s.vendor.channel >= 3;
  c.say(media ? flow_role::media : flow_role::signalling, media ? pct_vendor : 75,
        bit(reason::vendor_framing));
  c.out.app = c.names.zoom;
  c.out.p2p = c.names.peer_to_peer(c.names.zoom);
  return true;
}

/// TeamSpeak after its first words: their form cannot be chance, voice has its own packet type.
bool claim_teamspeak(claim& c) noexcept {
  const vendor_detector& v = c.s.vendor;
  if (v.who != vendor::teamspeak || !v.greeted[0] || !v.greeted[1]) return false;
  const bool voice = v.voice[0] >= 8 || v.voice[1] >= 8;
  c.say(voice ? flow_role::voice : flow_role::signalling, pct_vendor, bit(reason::vendor_framing));
  c.out.app = c.names.teamspeak;
  c.out.p2p = c.names.peer_to_peer(c.names.teamspeak);
  return true;
}

bool claim_iax(claim& c) noexcept {
  const iax_detector& iax = c.s.iax;
  if (!iax.media() && !iax.signalling()) return false;
  c.say(iax.media() ? flow_role::voice : flow_role::signalling, pct_vendor,
        bit(reason::iax_frames));
  c.out.app = c.names.iax;
  c.out.p2p = tristate::no;
  return true;
}

bool claim_tox(claim& c) noexcept {
  const int sure = c.s.tox.confidence();
  if (sure == 0 || c.s.rhythm_pct >= acting_pct) return false;
  c.say(flow_role::overlay, static_cast<std::uint8_t>(sure), bit(reason::tox_packets));
  c.out.app = app_tox;
  c.out.p2p = tristate::yes;
  return true;
}

/// Announced by SDP, and no RTP: T.38 fax (UDPTL), ZRTP, another's encryption; or RTCP's own port.
bool claim_announced(claim& c) noexcept {
  const inspection& s = c.s;
  if (!s.announced || s.rtp.confirmed() > 0 || s.packets[0] + s.packets[1] < 3) return false;
  const bool control = s.rtp.rtcp[0] + s.rtp.rtcp[1] > 0;
  c.say(control ? flow_role::signalling : flow_role::other, 92, bit(reason::sdp_announced));
  c.out.app = app_sip;
  c.out.p2p = tristate::no;
  return true;
}

bool claim_rhythm(claim& c) noexcept {
  const inspection& s = c.s;
  if (s.rhythm_pct == 0 || s.innocent.verdict() != innocent_kind::none || s.multicast) return false;
  const ndpi_kind kind = c.names.kind(c.opinion);
  if (!c.opinion.guessed && (kind == ndpi_kind::other || kind == ndpi_kind::streaming))
    return false;
  std::uint64_t why = bit(reason::voice_rhythm) | bit(reason::voice_sizes) |
                      bit(reason::voice_symmetry) | bit(reason::random_payload);
  if (s.rhythm->header_in_front()) why |= bit(reason::varying_header);
  if (s.rhythm->pictured()) why |= bit(reason::video_pattern);
  c.say(s.rhythm->pictured() ? flow_role::media : flow_role::voice, s.rhythm_pct,
        why | stun_reasons(s));
  c.name(s.stun.ice() ? app_webrtc : app_unknown_call, tristate::yes);
  if (s.tox.confidence() >= acting_pct) {
    c.out.app = app_tox;
    c.out.reasons |= bit(reason::tox_packets);
  } else if (s.skype_endpoint) {
    c.out.app = app_skype;
  }
  return true;
}

bool claim_ndpi(claim& c) noexcept {
  const inspection& s = c.s;
  const ndpi_kind kind = c.names.kind(c.opinion);
  if (c.opinion.guessed) return false;
  if (kind == ndpi_kind::signalling) {
    const app_id app =
        c.names.kind(c.opinion.master) == ndpi_kind::signalling ? c.opinion.master : c.opinion.app;
    c.say(flow_role::signalling, 70, bit(reason::ndpi_content));
    c.out.app = current_application(app);
    c.out.p2p = tristate::no;
    return true;
  }
  if (s.tcp || s.innocent.verdict() != innocent_kind::none) return false;
  const bool busy = s.packets[0] >= 6 && s.packets[1] >= 6 &&
                    s.packets[0] + s.packets[1] >= ndpi_call_packets_min;
  if (kind == ndpi_kind::call) {
    // Names that nDPI gives to STUN are greedy: there our own reading of STUN decides.
    const bool through_stun = s.stun.any() || c.names.kind(c.opinion.master) == ndpi_kind::carrier;
    c.say(flow_role::media, busy && !through_stun ? pct_ndpi_call : 70, bit(reason::ndpi_content));
    c.name(app_unknown_call, tristate::open);
    return true;
  }
  return false;
}

bool claim_skype(claim& c) noexcept {
  // A call in the directory's flow is a call: the rhythm names the application likewise.
  if (!c.s.skype_endpoint || !c.s.skype_form || c.s.rhythm_pct >= acting_pct) return false;
  c.say(flow_role::overlay, 97, bit(reason::skype_endpoint) | bit(reason::skype_probe));
  c.out.app = app_skype;
  c.out.p2p = tristate::yes;
  return true;
}

bool generic(app_id app) noexcept {
  return app == app_unknown || app == app_unknown_call || app == app_rtp || app == app_webrtc;
}

int rank(flow_role role) noexcept {
  return is_media(role) ? 3 : role == flow_role::overlay || role == flow_role::signalling ? 2 : 1;
}

}  // namespace

verdict fuse(const inspection& s, const ndpi_opinion& opinion, const ndpi_names& names) noexcept {
  using rule = bool (*)(claim&) noexcept;
  // In order of strength; the surest claim wins, the first of equals.
  constexpr rule rules[] = {claim_signalling, claim_rtp,    claim_iax,       claim_skype,
                            claim_tox,        claim_vendor, claim_teamspeak, claim_announced,
                            claim_rtcp,       claim_setup,  claim_rhythm,    claim_ndpi};
  verdict best;
  for (const rule apply : rules) {
    claim c{s, opinion, names};
    if (apply(c) && c.out.confidence_pct > best.confidence_pct) best = c.out;
  }
  best.ndpi_master = opinion.master;
  best.ndpi_app = opinion.app;
  return best;
}

bool upgrade(verdict& current, const verdict& found) noexcept {
  current.ndpi_master = found.ndpi_master;
  current.ndpi_app = found.ndpi_app;
  if (found.confidence_pct == 0) return false;
  const bool sure = current.voip && current.confidence_pct >= acting_pct;
  verdict next = found;
  next.reasons |= current.reasons;
  if (sure) {
    if (!found.voip || found.confidence_pct < acting_pct || rank(found.role) < rank(current.role))
      return false;
    next.confidence_pct = found.confidence_pct > current.confidence_pct ? found.confidence_pct
                                                                        : current.confidence_pct;
    // Clear signalling and announced media stay SIP; a product stays that product.
    if (!generic(current.app)) {
      next.app = current.app;
      next.p2p = current.p2p;
    } else if (generic(found.app) && current.app == app_webrtc) {
      next.app = current.app;
    }
    if (found.p2p == tristate::open) next.p2p = current.p2p;
    // Voice and video in one flow is `media`; a flow is not told apart again later.
    if (is_media(current.role) && is_media(found.role) && current.role != found.role)
      next.role = flow_role::media;
  } else if (current.voip && found.voip && found.confidence_pct < current.confidence_pct) {
    return false;
  }
  const bool changed = next.voip != current.voip || next.role != current.role ||
                       next.p2p != current.p2p || next.app != current.app ||
                       next.confidence_pct != current.confidence_pct;
  current = next;
  return changed;
}

}  // namespace callweir::classify

#include "classify/detectors/ndpi_names.hpp"

#include "base/applications.hpp"

namespace callweir::classify {
namespace {

struct row {
  std::string_view name;
  ndpi_kind kind;
  tristate peers;
};

// Applications whose two-party calls run directly where the network allows, by their makers' own
// documentation: yes. Always through a server: no.
constexpr row rows[] = {{"WhatsAppCall", ndpi_kind::call, tristate::yes},
                        {"SignalVoip", ndpi_kind::call, tristate::yes},
                        {"FacebookVoip", ndpi_kind::call, tristate::yes},
                        {"TelegramVoip", ndpi_kind::call, tristate::yes},
                        {"ViberVoip", ndpi_kind::call, tristate::yes},
                        {"LineCall", ndpi_kind::call, tristate::yes},
                        {"SnapchatCall", ndpi_kind::call, tristate::yes},
                        {"GoogleCall", ndpi_kind::call, tristate::yes},
                        {"KakaoTalk_Voice", ndpi_kind::call, tristate::yes},
                        {"IMO", ndpi_kind::call, tristate::yes},
                        {"Mumble", ndpi_kind::call, tristate::no},
                        {"IAX", ndpi_kind::signalling, tristate::no},
                        {"TeamSpeak", ndpi_kind::talker, tristate::no},
                        {"GoogleMeet", ndpi_kind::call, tristate::open},
                        {"GoogleHangoutDuo", ndpi_kind::call, tristate::yes},
                        {"Zoom", ndpi_kind::talker, tristate::yes},
                        {"Discord", ndpi_kind::talker, tristate::no},
                        {"Webex", ndpi_kind::talker, tristate::no},
                        {"GoTo", ndpi_kind::talker, tristate::no},
                        {"Teams", ndpi_kind::talker, tristate::yes},
                        {"TeamsCall", ndpi_kind::weak_call, tristate::yes},
                        {"Skype_Teams", ndpi_kind::talker, tristate::yes},
                        {"SkypeCall", ndpi_kind::weak_call, tristate::yes},
                        {"Skype_TeamsCall", ndpi_kind::weak_call, tristate::yes},
                        {"Skype", ndpi_kind::weak_call, tristate::yes},
                        {"RTP", ndpi_kind::weak_call, tristate::open},
                        {"SRTP", ndpi_kind::weak_call, tristate::open},
                        {"RTCP", ndpi_kind::weak_call, tristate::open},
                        {"WhatsApp", ndpi_kind::talker, tristate::yes},
                        {"Signal", ndpi_kind::talker, tristate::yes},
                        {"Telegram", ndpi_kind::talker, tristate::yes},
                        {"Viber", ndpi_kind::talker, tristate::yes},
                        {"Line", ndpi_kind::talker, tristate::yes},
                        {"KakaoTalk", ndpi_kind::talker, tristate::yes},
                        {"Facebook", ndpi_kind::talker, tristate::open},
                        {"Snapchat", ndpi_kind::talker, tristate::open},
                        {"Google", ndpi_kind::talker, tristate::open},
                        {"TruPhone", ndpi_kind::talker, tristate::open},
                        {"SD-RTN", ndpi_kind::talker, tristate::no},
                        {"SIP", ndpi_kind::signalling, tristate::no},
                        {"H323", ndpi_kind::signalling, tristate::no},
                        {"MGCP", ndpi_kind::signalling, tristate::no},
                        {"Megaco", ndpi_kind::signalling, tristate::no},
                        {"CiscoSkinny", ndpi_kind::signalling, tristate::no},
                        {"STUN", ndpi_kind::carrier, tristate::open},
                        {"DTLS", ndpi_kind::carrier, tristate::open},
                        {"QUIC", ndpi_kind::carrier, tristate::open},
                        {"Azure", ndpi_kind::carrier, tristate::open},
                        {"AmazonAWS", ndpi_kind::carrier, tristate::open},
                        {"RTSP", ndpi_kind::streaming, tristate::open}};

app_id named(std::string_view name) {
  return find_application(name).value_or(app_unknown);
}

}  // namespace

ndpi_names::ndpi_names() {
  kinds_.fill(ndpi_kind::other);
  peers_.fill(tristate::open);
  kinds_[app_unknown] = ndpi_kind::nothing;
  for (const row& r : rows) {
    const auto id = find_ndpi_name(r.name);
    if (!id || *id >= kinds_.size()) continue;
    kinds_[*id] = r.kind;
    peers_[*id] = r.peers;
  }
  peers_[app_tox] = tristate::yes;
  zoom = named("Zoom");
  discord = named("Discord");
  teamspeak = named("TeamSpeak");
  h323 = named("H323");
  mgcp = named("MGCP");
  megaco = named("Megaco");
  skinny = named("CiscoSkinny");
  teams_call = named("TeamsCall");
  quic = named("QUIC");
  iax = named("IAX");
}

ndpi_kind ndpi_names::kind(const ndpi_opinion& o) const noexcept {
  const ndpi_kind app = kind(o.app), master = kind(o.master);
  if (app == ndpi_kind::nothing) return master;
  if (master == ndpi_kind::signalling || master == ndpi_kind::streaming) return master;
  // "STUN.Azure", "QUIC.Google": the carrier is what was recognised, the name comes from an
  // address.
  if (app == ndpi_kind::other && master == ndpi_kind::carrier) return ndpi_kind::carrier;
  return app;
}

app_id ndpi_names::application(const ndpi_opinion& o) const noexcept {
  const ndpi_kind k = kind(o.app);
  if (o.guessed || (k != ndpi_kind::call && k != ndpi_kind::talker)) return app_unknown;
  return current_application(o.app);
}

}  // namespace callweir::classify

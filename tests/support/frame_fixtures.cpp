#include "tests/support/frame_fixtures.hpp"

#include "tests/support/frame_fixtures_parts.hpp"

namespace callweir::test {

using namespace parts;

namespace {

frame_bytes changed(frame_bytes frame, std::size_t at, std::uint8_t value) {
  frame.at(at) = value;
  return frame;
}
frame_bytes padded(frame_bytes frame, std::size_t bytes) {
  frame.resize(bytes);
  return frame;
}

void plain(fixtures& to) {
  to.push_back(
      {"ipv4 udp", inner4(pb().ethernet()).build(), decode_status::ok, udp4, {}, {}, 20, 48});
  to.push_back(
      {"ipv6 udp", inner6(pb().ethernet()).build(), decode_status::ok, udp6, {}, {}, 20, 68});
  to.push_back({"ipv4 udp padded",
                padded(inner4(pb().ethernet()).build(), 90),
                decode_status::ok,
                udp4,
                {},
                {},
                20,
                48});
  to.push_back({"ipv4 tcp",
                pb().ethernet().ipv4(a4, b4).tcp(1, 2, 0x12, 77).payload(9).build(),
                decode_status::ok,
                "tcp 10.0.0.5:1 > 192.0.2.7:2",
                {},
                {},
                9,
                49});
  to.push_back({"ipv6 tcp with options",
                pb().ethernet().ipv6(a6, b6).tcp(1, 2, 0x10, 5, 12).payload(3).build(),
                decode_status::ok,
                "tcp 2001:db8::5:1 > 2001:db8:1::7:2",
                {},
                {},
                3,
                75});
  to.push_back({"ipv4 icmp",
                pb().ethernet().ipv4(a4, b4).icmp().payload(8).build(),
                decode_status::ok,
                "icmp 10.0.0.5 > 192.0.2.7",
                {},
                {},
                16,
                36});
  to.push_back({"ipv4 sctp",
                pb().ethernet().ipv4(a4, b4).sctp(5, 6).payload(8).build(),
                decode_status::ok,
                "sctp 10.0.0.5:5 > 192.0.2.7:6",
                {},
                {},
                8,
                40});
  to.push_back({"rtp",
                pb().ethernet().ipv4(a4, b4).udp(40'000, 443).rtp(111, 1, 2, 3).payload(60).build(),
                decode_status::ok,
                udp4,
                {},
                {},
                72,
                100});
  to.push_back(
      {"ipv4 options",
       pb().ethernet().ipv4(a4, b4, {.options = {7, 4, 4, 0}}).udp(40'000, 443).payload(4).build(),
       decode_status::ok,
       udp4,
       {},
       {},
       4,
       36});
  to.push_back({"ipv4 esp",
                pb().ethernet().ipv4(a4, b4).esp().build(),
                decode_status::ok,
                "esp 10.0.0.5 > 192.0.2.7",
                {},
                {},
                64,
                84});
  to.push_back({"ipv4 ah udp",
                pb().ethernet().ipv4(a4, b4).authentication().udp(40'000, 443).payload(4).build(),
                decode_status::ok,
                udp4,
                {},
                {},
                4,
                56});
  to.push_back({"udp without payload",
                padded(pb().ethernet().ipv4(a4, b4).udp(40'000, 443).build(), 60),
                decode_status::ok,
                udp4,
                {},
                {},
                0,
                28});
  to.push_back({"unknown protocol",
                pb().ethernet().ipv4(a4, b4).payload(16).build(),
                decode_status::ok,
                "253 10.0.0.5 > 192.0.2.7",
                {},
                {},
                16,
                36});
}

void extension_headers(fixtures& to) {
  const auto add = [&](const char* name, pb start) {
    to.push_back(
        {name, start.udp(40'000, 443).payload(20).build(), decode_status::ok, udp6, {}, {}, 20});
  };
  const pb start = pb().ethernet().ipv6(a6, b6);
  add("hop by hop", pb(start).hop_by_hop());
  add("routing", pb(start).routing());
  add("destination options", pb(start).destination_options(4));
  add("atomic fragment", pb(start).fragment_header(9, 0, false));
  add("ipv6 ah", pb(start).authentication());
  add("extensions of all kinds", pb(start)
                                     .hop_by_hop()
                                     .destination_options()
                                     .routing()
                                     .fragment_header(1, 0, false)
                                     .authentication(16)
                                     .destination_options());
  add("8 extensions", pb(start)
                          .hop_by_hop()
                          .destination_options()
                          .destination_options()
                          .destination_options()
                          .destination_options()
                          .destination_options()
                          .destination_options()
                          .destination_options());
  pb nine = pb(start).hop_by_hop();
  for (int i = 0; i < 8; ++i) nine.destination_options();
  to.push_back(
      {"9 extensions", nine.udp(40'000, 443).payload(20).build(), decode_status::too_deep});
  to.push_back({"ipv6 no next header",
                changed(pb().ethernet().ipv6(a6, b6).build(), 20, 59),
                decode_status::ok,
                "59 2001:db8::5 > 2001:db8:1::7",
                {},
                {},
                0,
                40});
  frame_bytes jumbo = pb(start).hop_by_hop().udp(40'000, 443).payload(20).build();
  jumbo[18] = jumbo[19] = 0;
  to.push_back({"jumbogram", jumbo, decode_status::malformed});
  to.push_back({"icmpv6",
                pb(start).icmp(128).payload(8).build(),
                decode_status::ok,
                "icmpv6 2001:db8::5 > 2001:db8:1::7",
                {},
                {},
                16,
                56});
}

void tunnels(fixtures& to) {
  const auto add = [&](const char* name, const pb& made, const char* flow, tunnel_kind kind,
                       std::vector<int> vlan = {}) {
    to.push_back({name, made.build(), decode_status::ok, flow, kind, vlan, 20});
  };
  const pb out4 = tunnel4(pb().ethernet());
  const pb out6 = pb().ethernet().ipv6(outer6, outer6b);
  add("gre", inner4(pb(out4).gre()), udp4, tunnel_kind::gre);
  add("gre with all fields", inner4(pb(out4).gre({true, true, true})), udp4, tunnel_kind::gre);
  add("gre ipv6", inner6(pb(out4).gre({.key = true})), udp6, tunnel_kind::gre);
  add("gre over ipv6", inner4(pb(out6).gre()), udp4, tunnel_kind::gre);
  add("gre bridging", inner4(pb(out4).gre().ethernet().vlan(3)), udp4, tunnel_kind::gre, {3});
  add("gre mpls", inner4(pb(out4).gre().mpls({3})), udp4, tunnel_kind::gre);
  add("pptp", inner4(pb(out4).pptp()), udp4, tunnel_kind::gre);
  add("pptp with acknowledgement", inner4(pb(out4).pptp(true, true)), udp4, tunnel_kind::gre);
  add("erspan", inner4(pb(out4).erspan().ethernet()), udp4, tunnel_kind::gre);
  add("ipip", inner4(out4), udp4, tunnel_kind::ipip);
  add("6in4", inner6(out4), udp6, tunnel_kind::six_in_four);
  add("4in6", inner4(out6), udp4, tunnel_kind::ipip);
  add("6in6", inner6(out6), udp6, tunnel_kind::ipip);
  add("vxlan", inner4(pb(out4).vxlan().ethernet()), udp4, tunnel_kind::vxlan);
  add("vxlan ipv6 tagged", inner6(pb(out6).vxlan().ethernet().vlan(8)), udp6, tunnel_kind::vxlan,
      {8});
  add("gtp-u", inner4(pb(out4).gtp_u()), udp4, tunnel_kind::gtp_u);
  add("gtp-u extension ipv6", inner6(pb(out4).gtp_u(7, true)), udp6, tunnel_kind::gtp_u);
  add("capwap", inner4(pb(out4).capwap().ethernet()), udp4, tunnel_kind::capwap);
  add("three tunnels",
      inner4(pb(out4)
                 .gre()
                 .ipv4("10.1.1.1", "10.1.1.2")
                 .vxlan()
                 .ethernet()
                 .ipv4("10.2.2.2", "10.2.2.3")),
      udp4, tunnel_kind::gre);
  to.push_back({"four tunnels",
                inner4(pb(out4)
                           .ipv4("10.1.1.1", "10.1.1.2")
                           .ipv4("10.2.1.1", "10.2.1.2")
                           .ipv4("10.3.1.1", "10.3.1.2"))
                    .build(),
                decode_status::ok, "ipip 10.3.1.1 > 10.3.1.2", tunnel_kind::ipip});
  to.push_back({"teredo stays outer", inner6(pb(out4).udp(3544, 3544)).build(), decode_status::ok,
                "udp 198.51.100.1:3544 > 203.0.113.9:3544"});
  to.push_back({"vxlan port without vxlan",
                pb(out4).udp(9, 4789).payload(30).build(),
                decode_status::ok,
                "udp 198.51.100.1:9 > 203.0.113.9:4789",
                {},
                {},
                30});
  to.push_back({"gtp-u port with rtp",
                pb(out4).udp(9, 2152).rtp(0, 1, 2, 3).payload(30).build(),
                decode_status::ok,
                "udp 198.51.100.1:9 > 203.0.113.9:2152",
                {},
                {},
                42});
  to.push_back({"gre of something else",
                pb(out4).gre().payload(30).build(),
                decode_status::ok,
                "gre 198.51.100.1 > 203.0.113.9",
                {},
                {},
                34});
}

void contradictions(fixtures& to) {
  const frame_bytes good = inner4(pb().ethernet()).build();
  const frame_bytes tcp = pb().ethernet().ipv4(a4, b4).tcp(1, 2).build();
  to.push_back({"ipv4 header too short", changed(good, 14, 0x44), decode_status::malformed});
  to.push_back({"ipv4 version 5", changed(good, 14, 0x55), decode_status::malformed});
  to.push_back({"ipv4 total below header", changed(good, 17, 19), decode_status::malformed});
  to.push_back(
      {"ipv4 total beyond frame", changed(good, 17, 200), decode_status::ok, udp4, {}, {}, 20, 48});
  to.push_back({"ipv4 total 0", changed(good, 17, 0), decode_status::ok, udp4, {}, {}, 20, 48});
  to.push_back({"udp length beyond packet",
                changed(good, 39, 200),
                decode_status::ok,
                udp4,
                {},
                {},
                20,
                48});
  to.push_back(
      {"udp length within packet", changed(good, 39, 18), decode_status::ok, udp4, {}, {}, 10, 48});
  to.push_back({"udp length 0", changed(good, 39, 0), decode_status::ok, udp4, {}, {}, 20, 48});
  to.push_back({"udp length 7", changed(good, 39, 7), decode_status::malformed});
  to.push_back({"udp header beyond packet", changed(good, 17, 27), decode_status::malformed});
  to.push_back({"tcp offset 4", changed(tcp, 46, 0x40), decode_status::malformed});
  to.push_back({"tcp offset beyond packet", changed(tcp, 46, 0x60), decode_status::malformed});
  to.push_back({"ipv6 with version 4", changed(inner6(pb().ethernet()).build(), 14, 0x40),
                decode_status::malformed});
  to.push_back({"ipip with bad inside",
                changed(inner4(tunnel4(pb().ethernet())).build(), 34, 0x35),
                decode_status::ok,
                "ipip 198.51.100.1 > 203.0.113.9",
                {},
                {},
                48,
                68});
  to.push_back({"ipip with inside too long",
                changed(inner4(tunnel4(pb().ethernet())).build(), 37, 99),
                decode_status::ok,
                "ipip 198.51.100.1 > 203.0.113.9",
                {},
                {},
                48,
                68});
  to.push_back({"later fragment alone", inner4(pb().ethernet()).build(),
                decode_status::orphan_fragment, "udp 10.0.0.5 > 192.0.2.7"});
  to.back().frame[20] = 0x00;
  to.back().frame[21] = 0x10;
}

}  // namespace

const std::vector<frame_fixture>& frame_fixtures() {
  static const fixtures all = [] {
    fixtures made;
    plain(made);
    add_link_fixtures(made);
    extension_headers(made);
    tunnels(made);
    contradictions(made);
    return made;
  }();
  return all;
}

std::string flow_text(const packet_view& packet) {
  const auto end = [&](const ip_address& address, std::uint16_t port) {
    const bool ports = packet.source_port != 0 || packet.destination_port != 0;
    return ports ? address.text() + ":" + std::to_string(port) : address.text();
  };
  return std::string(ip_protocol_name(packet.protocol)) + " " +
         end(packet.source, packet.source_port) + " > " +
         end(packet.destination, packet.destination_port);
}

}  // namespace callweir::test

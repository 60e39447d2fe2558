// Fixtures of the link layer.
#include "tests/support/frame_fixtures_parts.hpp"

namespace callweir::test::parts {
namespace {

void links(fixtures& to) {
  const auto add = [&](const char* name, pb start, std::vector<int> vlan) {
    to.push_back({name, inner4(start).build(), decode_status::ok, udp4, {}, vlan, 20, 48});
  };
  add("802.1q", pb().ethernet().vlan(7), {7});
  add("802.1q priority tag", pb().ethernet().vlan(0xe000), {0});
  add("802.1ad", pb().ethernet().vlan(100, 0x88a8).vlan(7), {100, 7});
  add("qinq 9100", pb().ethernet().vlan(100, 0x9100).vlan(7), {100, 7});
  add("three tags", pb().ethernet().vlan(1, 0x88a8).vlan(2).vlan(3), {1, 2});
  add("llc snap", pb().ethernet().llc_snap(), {});
  add("mpls", pb().ethernet().mpls({16}), {});
  add("mpls 8 labels", pb().ethernet().mpls({16, 17, 18, 19, 20, 21, 22, 23}), {});
  add("vlan mpls", pb().ethernet().vlan(9).mpls({16, 17}), {9});
  add("eompls with control word", pb().ethernet().mpls({16}).pseudowire_control_word().ethernet(),
      {});
  add("eompls", pb().ethernet().mpls({16}).ethernet().vlan(5), {5});
  add("pppoe", pb().ethernet().pppoe(), {});
  add("vlan pppoe", pb().ethernet().vlan(7).pppoe(9), {7});
  add("pppoe mpls", pb().ethernet().pppoe().mpls({16}), {});
  to.push_back({"802.1q ipv6",
                inner6(pb().ethernet().vlan(4095)).build(),
                decode_status::ok,
                udp6,
                {},
                {4095},
                20,
                68});
  to.push_back({"pppoe ipv6",
                inner6(pb().ethernet().pppoe()).build(),
                decode_status::ok,
                udp6,
                {},
                {},
                20,
                68});
  to.push_back({"four tags", inner4(pb().ethernet().vlan(1).vlan(2).vlan(3).vlan(4)).build(),
                decode_status::too_deep});
  to.push_back({"mpls 9 labels", inner4(pb().ethernet().mpls({1, 2, 3, 4, 5, 6, 7, 8, 9})).build(),
                decode_status::too_deep});
  to.push_back({"arp", pb().ethernet(0x0806).payload(46).build(), decode_status::not_ip});
  to.push_back({"stp", pb().ethernet(38).payload(frame_bytes{0x42, 0x42, 3}).payload(43).build(),
                decode_status::not_ip});
  to.push_back({"lldp", pb().ethernet(0x88cc).payload(46).build(), decode_status::not_ip});
  to.push_back(
      {"pppoe discovery", pb().ethernet(0x8863).payload(46).build(), decode_status::not_ip});
  to.push_back({"pppoe lcp", pb().ethernet().pppoe().payload(40).build(), decode_status::not_ip});
  to.push_back({"runt", frame_bytes(10), decode_status::truncated});
  to.push_back({"no byte", {}, decode_status::truncated});
}

void other_links(fixtures& to) {
  const auto add = [&](const char* name, std::uint16_t type, frame_bytes header, const pb& packet,
                       const char* flow) {
    const frame_bytes rest = packet.build();
    header.insert(header.end(), rest.begin(), rest.end());
    frame_fixture made{name, header, decode_status::ok, flow, {}, {}, 20};
    made.link_type = type;
    to.push_back(made);
  };
  const frame_bytes snap = {0xaa, 0xaa, 3, 0, 0, 0, 8, 0};
  frame_bytes wireless(24);
  wireless[0] = 0x08;
  frame_bytes qos(26);
  qos[0] = 0x88;
  wireless.insert(wireless.end(), snap.begin(), snap.end());
  qos.insert(qos.end(), snap.begin(), snap.end());
  frame_bytes radiotap = {0, 0, 8, 0, 0, 0, 0, 0};
  radiotap.insert(radiotap.end(), qos.begin(), qos.end());
  frame_bytes ppi = {0, 0, 8, 0, 105, 0, 0, 0};
  ppi.insert(ppi.end(), wireless.begin(), wireless.end());
  frame_bytes sll(16), sll2(20);
  sll[14] = 8;
  sll2[0] = 0x86;
  sll2[1] = 0xdd;
  add("raw ipv4", 101, {}, inner4(pb()), udp4);
  add("raw ipv6", 12, {}, inner6(pb()), udp6);
  add("linktype ipv4", 228, {}, inner4(pb()), udp4);
  add("linktype ipv6", 229, {}, inner6(pb()), udp6);
  add("null", 0, {2, 0, 0, 0}, inner4(pb()), udp4);
  add("null big endian", 0, {0, 0, 0, 30}, inner6(pb()), udp6);
  add("loop", 108, {0, 0, 0, 2}, inner4(pb()), udp4);
  add("ppp", 9, {0xff, 3, 0, 0x21}, inner4(pb()), udp4);
  add("ppp compressed", 9, {0x21}, inner4(pb()), udp4);
  add("c-hdlc", 104, {0x0f, 0, 8, 0}, inner4(pb()), udp4);
  add("linux sll", 113, sll, inner4(pb()), udp4);
  add("linux sll2", 276, sll2, inner6(pb()), udp6);
  add("802.11", 105, wireless, inner4(pb()), udp4);
  add("radiotap qos", 127, radiotap, inner4(pb()), udp4);
  add("ppi 802.11", 192, ppi, inner4(pb()), udp4);
  frame_fixture unknown{"unknown link type", frame_bytes(60), decode_status::not_ip};
  unknown.link_type = 147;
  to.push_back(unknown);
}

}  // namespace

void add_link_fixtures(fixtures& to) {
  links(to);
  other_links(to);
}

}  // namespace callweir::test::parts

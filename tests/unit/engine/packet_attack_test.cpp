// Frames that are made to break whoever reads them, through the whole pipeline: fragments, headers
// that contradict each other, fields that claim more than there is.
#include "tests/support/packet_builder.hpp"
#include "tests/unit/engine/attack_lab.hpp"

namespace callweir::engine {
namespace {

constexpr int talkers = 20;
constexpr std::uint16_t more_fragments = 0x2000;

class hostile_packets : public testing::Test {
 protected:
  hostile_packets() {
    lab.pause(4, talkers);
    calls = lab.calls();
    EXPECT_EQ(calls.size(), std::size_t{talkers});
    for (const auto& [port, call] : calls) EXPECT_TRUE(call.voip && call.in_call) << port;
    lab.tick = std::chrono::microseconds(10);
  }
  /// An attacker's frame, and what the calls have to say meanwhile.
  void send(const bytes& frame) {
    lab.talk_when_due(talkers);
    lab.send(frame);
  }
  /// Calls are as they were, nothing was lost, nothing has grown since `from`.
  void expect_harmless(std::uint64_t from) {
    lab.expect_harmless();
    EXPECT_EQ(lab.calls(), calls);
    EXPECT_EQ(lab.calls_closed, 0U);
    if (resident_bytes_mean_something) {
      EXPECT_LE(resident_bytes(), from + (6 << 20));
    }
  }
  std::uint64_t with_status(decode_status status) const {
    return lab.line->counters().decoded[static_cast<std::size_t>(status)].get();
  }

  // All memory is there from the start: what grows afterwards is a leak.
  attack_lab lab{attacked_configuration("32768"), {3, 4}, true};
  std::map<std::uint16_t, attack_lab::kept_call> calls;
  std::mt19937_64 random{11};
};

bytes fragment(const ends& e, std::uint16_t id, std::uint32_t flags_and_offset,
               std::size_t payload_bytes, std::uint8_t protocol = proto_udp) {
  bytes out = ip_frame(e, protocol, 8);
  out.resize(34);  // what a later fragment begins with is no header
  put16(out, 18, id);
  put16(out, 20, flags_and_offset);
  if ((flags_and_offset & 0x1fff) == 0) {
    out.resize(42);
    put16(out, 34, e.source_port);
    put16(out, 36, e.destination_port);
    put16(out, 38, 4'000);
  }
  out.resize(out.size() + payload_bytes, 'f');
  put16(out, 16, out.size() - 14);
  return out;
}

TEST_F(hostile_packets, fragments_without_end) {
  const auto orphans = with_status(decode_status::orphan_fragment);
  std::uint64_t settled = 0;
  for (std::uint32_t i = 0; i < 60'000; ++i) {
    const ends e{0xc633'0000u + i % 5'000, 0x0a02'0001, static_cast<std::uint16_t>(i), 5'060};
    const auto id = static_cast<std::uint16_t>(i * 7);
    send(fragment(e, id, more_fragments, 64));                // a beginning whose end never comes
    send(fragment(e, id, more_fragments | (i % 8'000), 64));  // and a middle, again and again
    send(fragment({0xcb00'7100u + i, e.destination, 0, 0}, id, 100, 64));  // without a beginning
    if (i == 20'000) settled = resident_bytes();
  }
  EXPECT_GE(with_status(decode_status::orphan_fragment) - orphans, 60'000U);
  expect_harmless(settled);
}

TEST_F(hostile_packets, fragments_without_end_of_one_packet) {
  const ends e{0xc633'0001u, 0x0a02'0001, 7'000, 5'060};
  send(fragment(e, 9, more_fragments, 64));
  lab.flush();
  const auto opened = lab.line->classifier().counters().flows_opened.get();
  for (std::uint32_t i = 0; i < 20'000; ++i)
    send(fragment(e, 9, more_fragments | (1 + i % 8'190), 8));
  expect_harmless(resident_bytes());
  EXPECT_EQ(lab.line->classifier().counters().flows_opened.get(), opened);
}

TEST_F(hostile_packets, a_fragment_over_the_transport_header_names_no_flow) {
  // RFC 1858 section 3 and 4: the second fragment overlaps the header that the first has shown, or
  // supplies the part of it that the first, of 8 bytes, has left out.
  const ends said{0xc633'0001u, 0x0a02'0001, 7'000, 7'001};
  for (const std::uint8_t protocol : {proto_udp, proto_tcp}) {
    send(fragment(said, 21, more_fragments, protocol == proto_tcp ? 0 : 32, protocol));
    for (const std::uint16_t offset : {1, 2, 3}) {
      bytes over = fragment({said.source, said.destination, 0, 0}, 21, offset, 40, protocol);
      for (std::size_t at = 34; at + 4 <= over.size(); at += 4) {
        put16(over, at, 6'666);
        put16(over, at + 2, 6'667);
      }
      send(over);
    }
  }
  lab.flush();
  EXPECT_FALSE(lab.knows_port(6'666));
  EXPECT_TRUE(lab.knows_port(7'000));
  // A second beginning under the same number is a flow of its own; the calls' packets stay theirs.
  send(fragment({said.source, said.destination, 7'010, 7'011}, 21, more_fragments, 32));
  send(fragment(said, 21, 4, 64));
  expect_harmless(resident_bytes());
}

TEST_F(hostile_packets, tiny_fragments_and_headers_cut_short) {
  using test::packet_builder;
  const bytes udp =
      packet_builder().ethernet().ipv4("198.51.100.9", "10.2.0.1").udp(9, 10).payload(64).build();
  const bytes tcp = packet_builder()
                        .ethernet()
                        .ipv4("198.51.100.9", "10.2.0.1")
                        .tcp(9, 10, 0x18, 1, 40)
                        .payload(64)
                        .build();
  const bytes v6 = packet_builder()
                       .ethernet()
                       .ipv6("2001:db8::9", "2001:db8:1::1")
                       .hop_by_hop()
                       .routing()
                       .destination_options()
                       .udp(9, 10)
                       .payload(64)
                       .build();
  const bytes nested = packet_builder()
                           .ethernet()
                           .ipv4("198.51.100.9", "10.2.0.1")
                           .gre()
                           .ipv4("172.16.9.9", "172.16.8.8")
                           .udp(1, 2)
                           .payload(64)
                           .build();
  for (const bytes& whole : {udp, tcp, v6, nested}) {
    for (std::size_t length = 1; length <= whole.size(); ++length)
      send({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)});
    // Every byte of the headers says something else.
    for (std::size_t at = 12; at < std::min<std::size_t>(whole.size(), 120); ++at) {
      for (const unsigned value : {0x00u, 0x01u, 0x7fu, 0x80u, 0xffu}) {
        bytes wrong = whole;
        wrong[at] = static_cast<std::uint8_t>(value);
        send(wrong);
      }
    }
  }
  for (const std::size_t mtu : {28, 36, 44, 68}) {
    for (const bytes& whole : {udp, tcp})
      for (const bytes& piece : test::fragment_ipv4(whole, 14, mtu)) send(piece);
    for (const bytes& piece : test::fragment_ipv6(v6, 14, mtu + 40, 77)) send(piece);
  }
  // The packet of death: its last fragment ends beyond 65,535 bytes.
  send(fragment({0xc633'0002u, 0x0a02'0001, 1, 2}, 31, more_fragments, 64));
  send(fragment({0xc633'0002u, 0x0a02'0001, 1, 2}, 31, 0x1fff, 1'400));
  expect_harmless(resident_bytes());
}

bytes text(const std::string& said) {
  return {said.begin(), said.end()};
}
std::string again(const std::string& what, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += what;
  return out;
}

bytes stun(std::size_t claimed, const bytes& attributes) {
  bytes out{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42};
  put16(out, 2, claimed);
  out.resize(20, 7);
  out.insert(out.end(), attributes.begin(), attributes.end());
  return out;
}
bytes filled(std::initializer_list<std::uint8_t> head, std::size_t size, std::uint8_t with = 0xff) {
  bytes out(head);
  out.resize(std::max(size, out.size()), with);
  return out;
}
bytes repeated(const bytes& unit, std::size_t size) {
  bytes out;
  while (out.size() + unit.size() <= size) out.insert(out.end(), unit.begin(), unit.end());
  return out;
}

/// Datagrams whose fields are as large as they can be, or say so.
std::vector<bytes> huge_fields() {
  const std::string invite =
      "INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP 10.2.0.1\r\nCall-ID: x\r\n";
  const std::string sdp = "Content-Type: application/sdp\r\n\r\nv=0\r\nc=IN IP4 10.2.0.9\r\n";
  std::vector<bytes> out = {
      stun(0xfffc, filled({0, 6, 0xff, 0xff}, 1'400)),      // a user name of 65,535 bytes
      stun(1'400, filled({0, 6, 0x05, 0x70}, 1'400, 'u')),  // one that fills the datagram
      stun(1'400, repeated({0x80, 0x2a, 0, 0}, 1'400)),     // 350 empty attributes
      stun(1'400, repeated({0, 0x20, 0, 8, 0, 2, 0xff, 0xff, 1, 2, 3, 4}, 1'400)),
      stun(3, filled({0, 6, 0, 1}, 1'400)),
      filled({0x40, 0x00, 0xff, 0xff}, 1'400),  // TURN channel data
      text("INVITE sip:" + again("a", 1'380)),
      text(invite + again("a:\r\n", 320)),
      text(invite + "Content-Length: 99999999999999999999999\r\n\r\nv=0\r\n"),
      text(invite + "Content-Length: -1\r\n\r\n"),
      text("INVITE sip:a@b SIP/2.0\r\nCall-ID: " + again("i", 1'300) + "\r\n\r\n"),
      text(invite + "From: <sip:" + again("<", 600) + again("\"", 600) + "\r\n\r\n"),
      text(invite + again(" folded\r\n", 140)),
      text(invite + sdp + again("m=audio 99999999 RTP/AVP 0 0 0\r\n", 40)),
      text(invite + sdp + "m=audio 5004 RTP/AVP" + again(" 127", 300) + "\r\n"),
      text(invite + sdp + "m=audio 5004 RTP/AVP 96\r\n" +
           again("a=rtpmap:96 opus/4294967295\r\n", 40)),
      text(invite + sdp + again("c=IN IP6 ::1\r\n", 90)),
      filled({0x8f, 0, 0, 1}, 40),              // 15 contributing sources, half there
      filled({0x90, 0, 0, 1}, 1'400),           // an extension of 65,535 words
      filled({0xa0, 0, 0, 1}, 60),              // padding of 255 bytes in 48
      filled({0xbf, 0xff, 0xff, 0xff}, 1'400),  // all of them
      filled({0x9f, 200, 0xff, 0xff}, 1'400),   // RTCP of 262,144 bytes, 31 reports
      repeated({0x80, 201, 0, 0}, 1'400),       // 350 empty RTCP packets
      filled({0x81, 202, 0x01, 0x50, 1, 2, 3, 4, 1, 255}, 1'350, 'n'),  // a name of 255 bytes
      filled({22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 0xff, 0xff, 0xff}, 1'400),
      filled({22, 0xfe, 0xfd, 0, 0, 0, 0,    0,    0,    0,    0,    0x05, 0x60,
              1,  0,    0,    8, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
             1'400),  // a fragment far outside its message
      repeated({22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 1'400),  // 107 empty records
      filled({0xc3, 0, 0, 0, 1, 20}, 1'200),  // QUIC, a token of 2^62 bytes
      filled({0xc3, 0, 0, 0, 1, 255}, 1'200),
      filled({0x80, 1, 0, 1, 0, 0, 0, 1, 0, 0, 6, 1, 1, 255},
             1'400),  // IAX, an element of 255 bytes
      text("!/2 [10.2.0.1] T=" + again("9", 1'350)),
      text("AUEP " + again("1", 1'350) + " MGCP 1.0\r\n"),
      filled({0x12, 0x34, 1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 63}, 512,
             63),  // DNS
  };
  const std::size_t plain = out.size();
  for (std::size_t i = 0; i < plain; ++i) {  // the same in a jumbo frame
    bytes jumbo = out[i];
    jumbo.resize(9'000, 'j');
    out.push_back(std::move(jumbo));
  }
  return out;
}

TEST_F(hostile_packets, fields_as_large_as_they_can_be) {
  const auto all = huge_fields();
  std::uint64_t settled = 0;
  constexpr int rounds = 60;
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto n = static_cast<std::uint16_t>(round * 200 + static_cast<int>(i));
      const ends e{0xc633'0000u + n, 0x0a02'0001, static_cast<std::uint16_t>(20'000 + n % 9'000),
                   static_cast<std::uint16_t>(i % 3 == 0 ? 5'060 : 30'000 + n % 9'000)};
      bytes payload = all[i];
      for (int packet = 0; packet < 8; ++packet) {
        send(udp_frame(e, payload));
        // Once more with less of it: every length that a cut may leave.
        if (payload.size() > 20)
          payload.resize(payload.size() - 1 - random() % (payload.size() / 3));
      }
    }
    if (round == rounds / 2) settled = resident_bytes();
  }
  expect_harmless(settled);
}

TEST_F(hostile_packets, sip_over_tcp_that_never_ends) {
  const std::string begin =
      "INVITE sip:a@b SIP/2.0\r\nCall-ID: endless\r\nContent-Length: 4000000000\r\n";
  std::uint64_t settled = 0;
  for (std::uint32_t turn = 0; turn < 40; ++turn) {
    for (std::uint32_t stream = 0; stream < 300; ++stream) {
      const ends e{0xc633'0000u + stream, 0x0a02'0001, static_cast<std::uint16_t>(10'000 + stream),
                   5'060};
      const bytes said = text(turn == 0 ? begin : "X-More: " + again("m", 1'000) + "\r\n");
      const auto sequence =
          static_cast<std::uint32_t>(turn == 0 ? 1 : 1 + begin.size() + (turn - 1) * 1'010);
      send(tcp_frame(e, 0x18, sequence, said));
    }
    if (turn == 20) settled = resident_bytes();
  }
  expect_harmless(settled);
}

}  // namespace
}  // namespace callweir::engine

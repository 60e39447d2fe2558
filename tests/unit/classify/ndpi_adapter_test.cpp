#include "classify/ndpi_adapter.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/applications.hpp"

namespace callweir::classify {
namespace {

/// An IPv4 UDP packet from its IP header on, checksums left zero.
struct ipv4_udp {
  std::vector<std::uint8_t> bytes;
  packet_view view;

  ipv4_udp(std::uint16_t from, std::uint16_t to, std::string_view payload) {
    bytes.resize(28 + payload.size());
    const auto put16 = [this](std::size_t at, std::size_t value) {
      bytes[at] = static_cast<std::uint8_t>(value >> 8);
      bytes[at + 1] = static_cast<std::uint8_t>(value);
    };
    bytes[0] = 0x45;
    put16(2, bytes.size());
    bytes[8] = 64;
    bytes[9] = 17;
    put16(12, 10 << 8);
    put16(14, 5);
    put16(16, (198 << 8) | 51);
    put16(18, (100 << 8) | 7);
    put16(20, from);
    put16(22, to);
    put16(24, 8 + payload.size());
    std::copy(payload.begin(), payload.end(), bytes.begin() + 28);
    view.frame = bytes.data();
    view.captured = view.wire = static_cast<std::uint32_t>(bytes.size());
    view.time = {1'700'000'000'000'000'000};
    view.status = decode_status::ok;
    view.protocol = proto_udp;
    view.l4_offset = 20;
    view.payload_offset = 28;
    view.payload_captured = view.payload_bytes = static_cast<std::uint16_t>(payload.size());
  }
};

TEST(ndpi_adapter, names_a_protocol_by_its_content) {
  ndpi_adapter adapter({16, true});
  const ipv4_udp invite(5060, 5060,
                        "OPTIONS sip:b@example.org SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.5:5060\r\n"
                        "From: <sip:a@example.org>;tag=1\r\nTo: <sip:b@example.org>\r\n\r\n");
  const auto flow = adapter.acquire();
  ASSERT_NE(flow, ndpi_adapter::none);
  ndpi_opinion opinion;
  for (int i = 0; i < 8 && !opinion.done; ++i) adapter.inspect(flow, invite.view, opinion);
  EXPECT_EQ(opinion.app, app_sip);
  EXPECT_FALSE(opinion.guessed);
  adapter.release(flow);
}

TEST(ndpi_adapter, a_guess_says_that_it_is_one) {
  ndpi_adapter adapter({16, false});
  const ipv4_udp noise(40000, 1812, std::string(7, '\x81'));
  const auto flow = adapter.acquire();
  ndpi_opinion opinion;
  adapter.inspect(flow, noise.view, opinion);
  adapter.give_up(flow, opinion);
  EXPECT_TRUE(opinion.done);
  EXPECT_TRUE(opinion.app == app_unknown || opinion.guessed);
  adapter.release(flow);
}

TEST(ndpi_adapter, the_pool_is_bounded_and_flows_come_back_fresh) {
  ndpi_adapter adapter({4, false});
  std::vector<ndpi_adapter::handle> taken;
  for (int i = 0; i < 4; ++i) taken.push_back(adapter.acquire());
  EXPECT_EQ(adapter.acquire(), ndpi_adapter::none);
  for (const auto flow : taken) adapter.release(flow);
  EXPECT_NE(adapter.acquire(), ndpi_adapter::none);
}

TEST(ndpi_adapter, frames_of_any_length_are_survived) {
  ndpi_adapter adapter({4, false});
  const ipv4_udp whole(1000, 53, std::string(40, '\x01'));
  for (std::uint32_t length = 0; length <= whole.bytes.size(); ++length) {
    std::vector<std::uint8_t> cut(whole.bytes.begin(), whole.bytes.begin() + length);
    auto view = whole.view;
    view.frame = cut.data();
    view.captured = length;
    const auto flow = adapter.acquire();
    ndpi_opinion opinion;
    adapter.inspect(flow, view, opinion);
    adapter.give_up(flow, opinion);
    adapter.release(flow);
  }
}

TEST(ndpi_adapter, names_a_quic_connection_by_its_host) {
  ndpi_adapter adapter({16, true});
  ndpi_opinion opinion;
  packet_view packet;
  packet.source = ip_address::parse("10.0.0.5").value();
  packet.destination = ip_address::parse("198.51.100.7").value();
  adapter.name_quic("www.youtube.com", packet, opinion);
  EXPECT_EQ(opinion.app, find_application("YouTube").value());
  EXPECT_EQ(opinion.master, find_application("QUIC").value());
  EXPECT_TRUE(opinion.done);
  EXPECT_FALSE(opinion.guessed);
  for (const std::string& host :
       {std::string("host.example.net"), std::string(), std::string(2'000, 'a')}) {
    adapter.name_quic(host, packet, opinion);
    EXPECT_EQ(opinion.app, find_application("QUIC").value()) << host;
    EXPECT_EQ(opinion.master, app_unknown) << host;
  }
  packet.destination = ip_address::parse("142.250.100.7").value();  // a network with an owner
  for (const std::string_view host : {"host.example.net", ""}) {
    adapter.name_quic(host, packet, opinion);
    EXPECT_EQ(opinion.app, find_application("Google").value()) << host;
    EXPECT_EQ(opinion.master, find_application("QUIC").value()) << host;
  }
}

}  // namespace
}  // namespace callweir::classify

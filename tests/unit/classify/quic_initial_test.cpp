// The name in QUIC's first packet: RFC 9001's own example, and packets made by another library.
#include "classify/detectors/quic_initial.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/quic_builder.hpp"

namespace callweir::test {
namespace {

using bytes = std::vector<std::uint8_t>;

/// The beginning of RFC 9001 appendix A.2: a packet of 1,200 bytes.
constexpr std::string_view example =
    "c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11d242b123dc9bd8ba"
    "b936b47d92ec356c0bab7df5976d27cd449f63300099f3991c260ec4c60d17b31f8429157bb35a12"
    "82a643a8d2262cad67500cadb8e7378c8eb7539ec4d4905fed1bee1fc8aafba17c750e2c7ace01e6"
    "005f80fcb7df621230c83711b39343fa028cea7f7fb5ff89eac2308249a02252155e2347b63d58c5"
    "457afd84d05dfffdb20392844ae812154682e9cf012f9021a6f0be17ddd0c2084dce25ff9b06cde5"
    "35d0f920a2db1bf362c23e596d11a4f5a6cf3948838a3aec4e15daf8500a6ef69ec4e3feb6b1d98e"
    "610ac8b7ec3faf6ad760b7bad1db4ba3485e8a94dc250ae3fdb41ed15fb6a8e5eba0fc3dd60bc8e3"
    "0c5c4287e53805db059ae0648db2f64264ed5e39";

bytes from_hex(std::string_view text) {
  bytes out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    out.push_back(
        static_cast<std::uint8_t>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
  return out;
}

classify::sample sample_of(const bytes& data, std::size_t on_wire = 0) {
  const std::size_t wire = on_wire == 0 ? data.size() : on_wire;
  return {data.data(),
          static_cast<std::uint16_t>(data.size()),
          static_cast<std::uint16_t>(wire),
          forward,
          {}};
}

std::string name_in(const bytes& datagram, std::size_t on_wire = 0) {
  classify::quic_opener opener;
  return std::string(opener.server_name(sample_of(datagram, on_wire)));
}

bytes whole(const bytes& hello, const quic_initial_options& options = {}) {
  return quic_initial_packet(crypto_frame(hello, 0, hello.size()), options);
}

TEST(quic_initial, opens_the_example_of_the_standard) {
  const bytes packet = from_hex(example);
  EXPECT_TRUE(classify::is_quic_initial(sample_of(packet, 1'200)));
  EXPECT_EQ(name_in(packet, 1'200), "example.com");
}

TEST(quic_initial, opens_packets_of_any_form) {
  const bytes hello = client_hello("Media.Example.NET");
  for (int number_bytes = 1; number_bytes <= 4; ++number_bytes) {
    quic_initial_options o;
    o.number_bytes = number_bytes;
    o.number = 7;
    o.token.resize(static_cast<std::size_t>(number_bytes) * 15, 9);
    o.source = {1, 2, 3, 4, 5};
    o.connection.resize(static_cast<std::size_t>(number_bytes) * 5, 6);
    EXPECT_EQ(name_in(whole(hello, o)), "media.example.net") << number_bytes;
  }
}

TEST(quic_initial, joins_frames_in_any_order) {
  const bytes hello = client_hello("voice.example.org", 300);
  bytes frames = {1};  // PING
  for (std::size_t end = hello.size(); end > 0; end -= std::min<std::size_t>(end, 50)) {
    const std::size_t from = end > 50 ? end - 50 : 0;
    const bytes one = crypto_frame(hello, from, end - from);
    frames.insert(frames.end(), one.begin(), one.end());
    frames.insert(frames.end(), {0, 0, 2, 1, 0, 0, 0});  // PADDING, and an ACK
  }
  EXPECT_EQ(name_in(quic_initial_packet(frames)), "voice.example.org");
}

TEST(quic_initial, says_nothing_of_what_another_packet_carries) {
  const bytes hello = client_hello("voice.example.org", 900);
  const std::size_t cut = 600;
  EXPECT_EQ(name_in(quic_initial_packet(crypto_frame(hello, 0, cut))), "");
  EXPECT_EQ(name_in(quic_initial_packet(crypto_frame(hello, cut, hello.size() - cut))), "");
}

TEST(quic_initial, tells_when_another_packet_carries_the_rest) {
  const bytes hello = client_hello("voice.example.org", 900);
  const auto goes_on = [](const bytes& packet) {
    classify::quic_opener opener;
    EXPECT_EQ(opener.server_name(sample_of(packet)), "");
    return opener.hello_goes_on();
  };
  EXPECT_TRUE(goes_on(quic_initial_packet(crypto_frame(hello, 0, 600))));
  EXPECT_FALSE(goes_on(quic_initial_packet(crypto_frame(hello, 600, hello.size() - 600))));
  EXPECT_FALSE(goes_on(whole(client_hello("", 40))));
  bytes foreign = whole(client_hello("example.com"));
  foreign[7] ^= 1;
  EXPECT_FALSE(goes_on(foreign)) << "of another connection: the keys differ";
}

TEST(quic_initial, passes_over_what_is_too_far_in_the_hello) {
  bytes hello = client_hello("voice.example.org");
  hello.resize(6'000);
  for (const std::size_t from : {2'000u, 2'040u, 3'000u}) {
    bytes frames = crypto_frame(hello, from, 100);
    const bytes first = crypto_frame(hello, 0, 200);
    frames.insert(frames.end(), first.begin(), first.end());
    EXPECT_EQ(name_in(quic_initial_packet(frames)), "voice.example.org") << from;
  }
}

TEST(quic_initial, leaves_other_packets_alone) {
  bytes packet = whole(client_hello("example.com"));
  bytes other = packet;
  other[4] = 2;  // another version
  EXPECT_FALSE(classify::is_quic_initial(sample_of(other)));
  other = packet;
  other[0] ^= 0x20;  // a handshake packet
  EXPECT_FALSE(classify::is_quic_initial(sample_of(other)));
  quic_initial_options small;
  small.datagram_bytes = 1'199;  // no server takes it: RFC 9000 section 14.1
  EXPECT_FALSE(classify::is_quic_initial(sample_of(whole(client_hello("example.com"), small))));
  other = packet;
  other[7] ^= 1;  // of another connection: the keys differ
  EXPECT_TRUE(classify::is_quic_initial(sample_of(other)));
  EXPECT_EQ(name_in(other), "");
}

TEST(quic_initial, reads_what_a_cut_packet_has) {
  const bytes packet = whole(client_hello("example.com"));
  int found = 0;
  for (std::size_t kept = 0; kept <= packet.size(); ++kept) {
    const bytes cut(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(kept));
    const std::string name = name_in(cut, packet.size());
    ASSERT_TRUE(name.empty() || name == "example.com") << kept;
    found += !name.empty();
  }
  EXPECT_GT(found, 1'000);
}

}  // namespace
}  // namespace callweir::test

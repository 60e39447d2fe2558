// QUIC's first packets, protected as RFC 9001 section 5 asks, by another library than what opens
// them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace callweir::test {

/// What differs from one client's first packet to another's.
struct quic_initial_options {
  std::vector<std::uint8_t> connection = {0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08};
  std::vector<std::uint8_t> source;  // its own connection id
  std::vector<std::uint8_t> token;   // less than 64 bytes
  std::uint32_t number = 0;          // of the packet
  int number_bytes = 1;              // 1 to 4
  std::size_t datagram_bytes = 1200;
};

/// An Initial packet of version 1 that carries `frames`, filled up with PADDING. Throws
/// std::runtime_error when the crypto library fails.
std::vector<std::uint8_t> quic_initial_packet(std::span<const std::uint8_t> frames,
                                              const quic_initial_options& options = {});
/// A client's hello (RFC 8446 section 4.1.2): an extension of `before` bytes, then the server's
/// name.
std::vector<std::uint8_t> client_hello(std::string_view server, std::size_t before = 40);
/// A CRYPTO frame (RFC 9000 section 19.6) with this part of a hello.
std::vector<std::uint8_t> crypto_frame(std::span<const std::uint8_t> hello, std::size_t from,
                                       std::size_t bytes);

}  // namespace callweir::test

// Encryption of a call: an X25519 handshake hidden under the network's key, then ChaCha20-Poly1305
// with the packet number masked the way QUIC does it (RFC 9001, 5.4), so that no byte on the wire
// is constant and nothing but sizes and rhythm shows. Pure: randomness is passed in.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "p2p/wire.hpp"

namespace callweir::p2p {

using key_bytes = std::array<std::uint8_t, 32>;
using random_source = std::function<void(std::span<std::uint8_t>)>;

/// libsodium's generator of the operating system. Also initialises libsodium; throws if that fails.
random_source system_random();

/// All members of a network share its name; datagrams of others are noise to them. It hides the
/// handshake and keeps strangers out, it does not tell members apart (identities come with the
/// directory).
key_bytes network_key(std::string_view network);

struct key_pair {
  key_bytes secret;
  key_bytes open;
};
key_pair make_key_pair(const random_source& random);

/// First datagram of each side. 90 to 137 bytes, uniformly random to who lacks the network key.
struct hello {
  enum class kind : std::uint8_t { offer = 1, answer = 2 };

  kind what = kind::offer;
  std::uint64_t call = 0;  // chosen by the caller
  key_bytes open{};        // X25519
};
constexpr std::size_t hello_bytes_min = 24 + 1 + 8 + 32 + 16;
constexpr std::size_t hello_padding_max = 48;
std::vector<std::uint8_t> seal_hello(const hello& from, const key_bytes& network,
                                     const random_source& random);
std::optional<hello> open_hello(bytes_view datagram, const key_bytes& network);

/// The numbers seen lately: each is accepted once, and none older than the window.
class replay_window {
 public:
  static constexpr std::uint32_t width = 1024;
  bool is_new(std::uint32_t number) const;
  /// Precondition: is_new(number).
  void mark(std::uint32_t number);

 private:
  std::bitset<width> seen_;
  std::uint32_t newest_ = 0;
  bool any_ = false;
};

/// One direction pair of an established call.
class secure_channel {
 public:
  static constexpr std::size_t overhead = 4 + 16;
  static constexpr std::size_t datagram_bytes_max = message_bytes_max + overhead;

  /// nullopt when the peer's key is of low order.
  static std::optional<secure_channel> derive(const key_pair& own, const key_bytes& peer,
                                              const key_bytes& network, bool caller);

  /// Takes the next packet number. Precondition: plain.size() <= message_bytes_max.
  std::vector<std::uint8_t> seal(bytes_view plain);

  struct opened {
    std::uint32_t number;
    std::vector<std::uint8_t> plain;
  };
  /// nullopt: forged, damaged, replayed or not of this call.
  std::optional<opened> open(bytes_view datagram);

 private:
  struct direction_keys {
    key_bytes cipher;
    key_bytes mask;
  };
  secure_channel(const direction_keys& send, const direction_keys& receive)
      : send_(send), receive_(receive) {}

  direction_keys send_, receive_;
  std::uint32_t next_ = 0;
  replay_window window_;
};

}  // namespace callweir::p2p

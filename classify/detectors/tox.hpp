// Tox: its directory (DHT pings, node requests) and its sessions between friends, by packet kind,
// exact length and the sender's public key that follows the kind (c-toxcore, "The Tox Reference",
// sections DHT packets and Net crypto).
#pragma once

#include "classify/detectors/sample.hpp"

namespace callweir::classify {

struct tox_detector {
  std::uint8_t asked[2] = {0, 0};  // kinds of question that were sent: bits
  std::uint8_t pairs = 0;          // questions that were answered in kind
  std::uint8_t handshakes[2] = {0, 0};
  std::uint8_t data[2] = {0, 0};    // session packets whose nonce goes up
  std::uint16_t nonce[2] = {0, 0};  // of the newest
  std::uint32_t key[2] = {0, 0};    // start of the sender's public key
  std::uint8_t other_keys = 0;      // packets of a sender whose key was another before
  std::uint8_t strangers = 0;       // packets of no kind of Tox
  bool its_port = false;

  /// `on_port`: one side uses a port that Tox tries first, 33445 to 33545.
  void observe(const sample& s, bool on_port) noexcept;
  /// Percent sure that this flow is Tox's; 0 without evidence.
  int confidence() const noexcept;

 private:
  void take_key(const sample& s) noexcept;
  void answer(direction way, std::uint8_t kind) noexcept;
};

}  // namespace callweir::classify

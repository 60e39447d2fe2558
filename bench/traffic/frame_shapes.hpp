// The frames that synthetic flows are made of: each kind of flow has a script of real messages (a
// TLS ClientHello, a QUIC Initial that opens with the keys of RFC 9001, DNS, STUN, RTP), written
// once at start. A packet is a copy with addresses, ports and numbers of its flow put in.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace callweir::bench {

enum class flow_kind : std::uint8_t { tls, quic, dns, voice };
constexpr std::size_t flow_kinds = 4;

/// One frame of a script. Addresses, ports and running numbers are still zero.
struct frame_shape {
  std::vector<std::uint8_t> bytes;
  bool from_client = true;
  std::uint16_t payload = 0;       // offset of the transport payload
  std::uint32_t stream_bytes = 0;  // TCP: payload bytes and SYN of this side before this frame
};

/// The frames of one kind of flow for one IP version: first the opening, each once, then the body,
/// whose frames follow each other round and round, sides in turn.
struct flow_script {
  std::vector<frame_shape> opening;
  std::array<std::vector<frame_shape>, 2> body;  // by side, client first: a size each
};

/// Opening frames are as long as they are; body frames have 60 to 128 bytes. Throws
/// std::runtime_error when the crypto library fails.
class frame_shapes {
 public:
  frame_shapes();
  const flow_script& of(flow_kind kind, bool v6) const noexcept {
    return scripts_[static_cast<std::size_t>(kind)][v6];
  }
  /// Voice whose opening is an ICE check in each direction.
  const flow_script& ice_voice(bool v6) const noexcept { return ice_[v6]; }

 private:
  std::array<std::array<flow_script, 2>, flow_kinds> scripts_;
  std::array<flow_script, 2> ice_;
};

}  // namespace callweir::bench

#include "bench/traffic/flood_source.hpp"

#include <cstring>

namespace callweir::bench {
namespace {

constexpr std::size_t addresses_at = 26, ports_at = 34, udp_payload_at = 42;
constexpr std::size_t udp_payload = 40;

std::vector<std::uint8_t> ipv4_frame(std::uint8_t protocol, std::size_t transport_bytes) {
  std::vector<std::uint8_t> out(ports_at + transport_bytes);
  out[12] = 0x08;
  out[14] = 0x45;
  out[17] = static_cast<std::uint8_t>(20 + transport_bytes);
  out[22] = 64;
  out[23] = protocol;
  return out;
}

}  // namespace

flood_source::flood_source()
    : syn_(ipv4_frame(proto_tcp, 20)), udp_(ipv4_frame(proto_udp, 8 + udp_payload)) {
  syn_[46] = 0x50;
  syn_[47] = 2;
  syn_.resize(60);  // Ethernet's least
  udp_[39] = 8 + udp_payload;
}

std::uint64_t flood_source::random() noexcept {
  state_ ^= state_ << 13;
  state_ ^= state_ >> 7;
  state_ ^= state_ << 17;
  return state_;
}

void flood_source::write(packet_view& into) noexcept {
  turn_ = !turn_;
  const auto& shape = turn_ ? syn_ : udp_;
  auto* const frame = const_cast<std::uint8_t*>(into.frame);
  std::memcpy(frame, shape.data(), shape.size());
  const std::uint64_t addresses = random();
  const auto ports = static_cast<std::uint32_t>(random() >> 32);
  std::memcpy(frame + addresses_at, &addresses, sizeof addresses);
  std::memcpy(frame + ports_at, &ports, sizeof ports);
  if (!turn_) {
    for (std::size_t at = 0; at < udp_payload; at += sizeof(std::uint64_t)) {
      const std::uint64_t noise = random();
      std::memcpy(frame + udp_payload_at + at, &noise, sizeof noise);
    }
  }
  into.captured = into.wire = static_cast<std::uint32_t>(shape.size());
  into.from = side::outside;
}

}  // namespace callweir::bench

#include "tests/support/packet_builder.hpp"

#include <utility>

namespace callweir::test {
namespace {

void put16(frame_bytes& to, std::size_t at, std::size_t value) {
  to[at] = static_cast<std::uint8_t>(value >> 8);
  to[at + 1] = static_cast<std::uint8_t>(value);
}
void put32(frame_bytes& to, std::size_t at, std::uint32_t value) {
  put16(to, at, value >> 16);
  put16(to, at + 2, value & 0xffff);
}
void put_v6(frame_bytes& to, std::size_t at, const ip_address& address) {
  for (int i = 0; i < 8; ++i) {
    to[at + static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(address.high >> (56 - 8 * i));
    to[at + 8 + static_cast<std::size_t>(i)] =
        static_cast<std::uint8_t>(address.low >> (56 - 8 * i));
  }
}
ip_address address_of(std::string_view text) {
  return ip_address::parse(text).value();
}

}  // namespace

packet_builder& packet_builder::add(layer_kind kind, std::uint8_t number, frame_bytes header) {
  layers_.push_back({kind, number, std::move(header)});
  return *this;
}

packet_builder& packet_builder::ethernet(std::uint16_t type) {
  frame_bytes header = {0x02, 0, 0, 0, 0, 0x02, 0x02, 0, 0, 0, 0, 0x01, 0, 0};
  put16(header, 12, type);
  return add(layer_kind::ethernet, 143, header);
}

packet_builder& packet_builder::vlan(std::uint16_t id, std::uint16_t tag_type) {
  frame_bytes header(4);
  put16(header, 0, id);
  // The tag's own type stands before it: keep it at the end, mend() swaps.
  put16(header, 2, 0x88b5);
  header.push_back(static_cast<std::uint8_t>(tag_type >> 8));
  header.push_back(static_cast<std::uint8_t>(tag_type));
  return add(layer_kind::vlan, 0, header);
}

packet_builder& packet_builder::llc_snap() {
  return add(layer_kind::llc, 0, {0xaa, 0xaa, 0x03, 0, 0, 0, 0x88, 0xb5});
}

packet_builder& packet_builder::mpls(const std::vector<std::uint32_t>& labels) {
  frame_bytes header(labels.size() * 4);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::uint32_t bottom = i + 1 == labels.size() ? 0x100 : 0;
    put32(header, i * 4, labels[i] << 12 | bottom | 64);
  }
  return add(layer_kind::mpls, 137, header);
}

packet_builder& packet_builder::pseudowire_control_word() {
  return raw(frame_bytes(4));
}

packet_builder& packet_builder::pppoe(std::uint16_t session) {
  frame_bytes header = {0x11, 0, 0, 0, 0, 0};
  put16(header, 2, session);
  add(layer_kind::pppoe, 0, header);
  return ppp();
}

packet_builder& packet_builder::ppp(bool address_and_control) {
  return add(layer_kind::ppp, 0,
             address_and_control ? frame_bytes{0xff, 0x03, 0xc0, 0x21} : frame_bytes{0xc0, 0x21});
}

packet_builder& packet_builder::raw(frame_bytes header) {
  return add(layer_kind::opaque, 253, std::move(header));
}

packet_builder& packet_builder::ipv4(std::string_view source, std::string_view destination,
                                     const ipv4_fields& fields) {
  frame_bytes header(20 + (fields.options.size() + 3) / 4 * 4);
  header[0] = static_cast<std::uint8_t>(0x40 | header.size() / 4);
  header[1] = static_cast<std::uint8_t>(fields.dscp << 2);
  put16(header, 4, fields.id);
  put16(header, 6, fields.fragment);
  header[8] = fields.ttl;
  put32(header, 12, address_of(source).v4_bits());
  put32(header, 16, address_of(destination).v4_bits());
  for (std::size_t i = 0; i < fields.options.size(); ++i) header[20 + i] = fields.options[i];
  return add(layer_kind::ipv4, proto_ipip, header);
}

packet_builder& packet_builder::ipv6(std::string_view source, std::string_view destination) {
  frame_bytes header(40);
  header[0] = 0x60;
  header[7] = 64;
  put_v6(header, 8, address_of(source));
  put_v6(header, 24, address_of(destination));
  return add(layer_kind::ipv6, proto_ipv6, header);
}

packet_builder& packet_builder::hop_by_hop(std::size_t words) {
  frame_bytes header(words * 8);
  header[1] = static_cast<std::uint8_t>(words - 1);
  header[2] = 1;  // PadN
  header[3] = static_cast<std::uint8_t>(words * 8 - 4);
  return add(layer_kind::extension, 0, header);
}

packet_builder& packet_builder::routing(std::size_t words) {
  frame_bytes header(words * 8);
  header[1] = static_cast<std::uint8_t>(words - 1);
  header[2] = 4;
  return add(layer_kind::extension, 43, header);
}

packet_builder& packet_builder::destination_options(std::size_t words) {
  hop_by_hop(words);
  layers_.back().number = 60;
  return *this;
}

packet_builder& packet_builder::fragment_header(std::uint32_t id, std::uint16_t offset, bool more) {
  frame_bytes header(8);
  put16(header, 2, (offset & 0xfff8u) | (more ? 1 : 0));
  put32(header, 4, id);
  return add(layer_kind::extension, 44, header);
}

packet_builder& packet_builder::authentication(std::size_t bytes) {
  frame_bytes header(bytes);
  header[1] = static_cast<std::uint8_t>(bytes / 4 - 2);
  put32(header, 4, 0x1234);
  return add(layer_kind::authentication, proto_ah, header);
}

packet_builder& packet_builder::esp(std::size_t bytes) {
  return add(layer_kind::esp, proto_esp, frame_bytes(bytes, 0x5a));
}

packet_builder& packet_builder::gre(const gre_fields& fields) {
  frame_bytes header(4);
  header[0] = static_cast<std::uint8_t>((fields.checksum ? 0x80 : 0) | (fields.key ? 0x20 : 0) |
                                        (fields.sequence ? 0x10 : 0));
  for (const bool present : {fields.checksum, fields.key, fields.sequence}) {
    if (present) header.resize(header.size() + 4);
  }
  return add(layer_kind::gre, proto_gre, header);
}

packet_builder& packet_builder::pptp(bool sequence, bool acknowledgement) {
  frame_bytes header(8u + (sequence ? 4 : 0) + (acknowledgement ? 4 : 0));
  header[0] = sequence ? 0x30 : 0x20;
  header[1] = acknowledgement ? 0x81 : 0x01;
  put16(header, 2, 0x880b);
  add(layer_kind::pptp, proto_gre, header);
  return ppp(true);
}

packet_builder& packet_builder::erspan() {
  frame_bytes header(16);
  header[0] = 0x10;
  put16(header, 2, 0x88be);
  header[8] = 0x10;
  return add(layer_kind::opaque, proto_gre, header);
}

packet_builder& packet_builder::vxlan(std::uint32_t network) {
  udp(51'000, 4789);
  frame_bytes header(8);
  header[0] = 0x08;
  put32(header, 4, network << 8);
  return raw(header);
}

packet_builder& packet_builder::gtp_u(std::uint32_t tunnel, bool extension) {
  udp(2152, 2152);
  frame_bytes header(extension ? 16 : 8);
  header[0] = extension ? 0x34 : 0x30;
  header[1] = 255;
  put32(header, 4, tunnel);
  if (extension) {
    header[11] = 0x85;  // PDU session container, one word
    header[12] = 1;
  }
  return add(layer_kind::gtp, 0, header);
}

packet_builder& packet_builder::capwap() {
  udp(12'380, 5247);
  return raw({0x00, 0x10, 0x02, 0x00, 0, 0, 0, 0});
}

packet_builder& packet_builder::udp(std::uint16_t source, std::uint16_t destination) {
  frame_bytes header(8);
  put16(header, 0, source);
  put16(header, 2, destination);
  return add(layer_kind::udp, proto_udp, header);
}

packet_builder& packet_builder::tcp(std::uint16_t source, std::uint16_t destination,
                                    std::uint8_t flags, std::uint32_t sequence,
                                    std::size_t option_bytes) {
  frame_bytes header(20 + (option_bytes + 3) / 4 * 4, 1);  // options: NOP
  put16(header, 0, source);
  put16(header, 2, destination);
  put32(header, 4, sequence);
  put32(header, 8, 0);
  put16(header, 12, header.size() / 4 << 12 | flags);
  put16(header, 14, 65'535);
  put32(header, 16, 0);
  return add(layer_kind::tcp, proto_tcp, header);
}

packet_builder& packet_builder::sctp(std::uint16_t source, std::uint16_t destination) {
  frame_bytes header(12);
  put16(header, 0, source);
  put16(header, 2, destination);
  return add(layer_kind::sctp, proto_sctp, header);
}

packet_builder& packet_builder::icmp(std::uint8_t type) {
  frame_bytes header(8);
  header[0] = type;
  bool after_ipv6 = false;
  for (const layer& each : layers_) {
    if (each.kind == layer_kind::ipv4) after_ipv6 = false;
    if (each.kind == layer_kind::ipv6) after_ipv6 = true;
  }
  return add(layer_kind::icmp, after_ipv6 ? proto_icmpv6 : proto_icmp, header);
}

packet_builder& packet_builder::rtp(std::uint8_t payload_type, std::uint16_t sequence,
                                    std::uint32_t timestamp, std::uint32_t ssrc, bool marker) {
  frame_bytes header(12);
  header[0] = 0x80;
  header[1] = static_cast<std::uint8_t>((marker ? 0x80 : 0) | (payload_type & 0x7f));
  put16(header, 2, sequence);
  put32(header, 4, timestamp);
  put32(header, 8, ssrc);
  return raw(header);
}

packet_builder& packet_builder::payload(std::size_t bytes, std::uint64_t seed) {
  std::uint64_t state = seed * 0x9e37'79b9'7f4a'7c15ULL + 1;
  for (std::size_t i = 0; i < bytes; ++i) {
    state = state * 6'364'136'223'846'793'005ULL + 1'442'695'040'888'963'407ULL;
    payload_.push_back(static_cast<std::uint8_t>(state >> 56));
  }
  return *this;
}

packet_builder& packet_builder::payload(frame_bytes bytes) {
  payload_.insert(payload_.end(), bytes.begin(), bytes.end());
  return *this;
}

packet_builder& packet_builder::text(std::string_view bytes) {
  payload_.insert(payload_.end(), bytes.begin(), bytes.end());
  return *this;
}

}  // namespace callweir::test

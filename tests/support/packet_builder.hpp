// Builds frames for tests, header by header from the outside in, with lengths, next-header fields
// and checksums right unless a test says otherwise:
//
//   packet_builder().ethernet().vlan(7).ipv4("10.0.0.5", "192.0.2.7").udp(40000,
//   443).payload(160).build()
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/packet_view.hpp"

namespace callweir::test {

using frame_bytes = std::vector<std::uint8_t>;

struct ipv4_fields {
  std::uint16_t id = 0;
  std::uint16_t fragment = 0x4000;  // flags and offset as on the wire; DF by default
  std::uint8_t dscp = 0, ttl = 64;
  frame_bytes options = {};  // padded to words
};

struct gre_fields {
  bool checksum = false, key = false, sequence = false;
};

class packet_builder {
 public:
  // Link. The EtherType is that of the next header; without one it is `type`.
  packet_builder& ethernet(std::uint16_t type = 0x88b5);
  packet_builder& vlan(std::uint16_t id, std::uint16_t tag_type = 0x8100);
  packet_builder& llc_snap();
  packet_builder& mpls(const std::vector<std::uint32_t>& labels);
  packet_builder& pseudowire_control_word();
  packet_builder& pppoe(std::uint16_t session = 1);
  packet_builder& ppp(bool address_and_control = false);
  packet_builder& raw(frame_bytes header);  // anything, no field in it is mended

  // Network. The protocol is that of the next header; without one it is 253 (RFC 3692).
  packet_builder& ipv4(std::string_view source, std::string_view destination,
                       const ipv4_fields& fields = {});
  packet_builder& ipv6(std::string_view source, std::string_view destination);
  packet_builder& hop_by_hop(std::size_t words = 1);  // 8-byte words
  packet_builder& routing(std::size_t words = 3);
  packet_builder& destination_options(std::size_t words = 1);
  packet_builder& fragment_header(std::uint32_t id, std::uint16_t offset,
                                  bool more);  // offset in bytes
  packet_builder& authentication(std::size_t bytes = 24);
  packet_builder& esp(std::size_t bytes = 64);

  // Tunnels.
  packet_builder& gre(const gre_fields& fields = {});
  packet_builder& pptp(bool sequence = true, bool acknowledgement = false);
  packet_builder& erspan();                           // type II: GRE with sequence number, 8 bytes
  packet_builder& vxlan(std::uint32_t network = 42);  // with its UDP header
  packet_builder& gtp_u(std::uint32_t tunnel = 1, bool extension = false);  // with its UDP header
  packet_builder& capwap();  // with its UDP header; 802.3 inside

  // Transport.
  packet_builder& udp(std::uint16_t source, std::uint16_t destination);
  packet_builder& tcp(std::uint16_t source, std::uint16_t destination, std::uint8_t flags = 0x18,
                      std::uint32_t sequence = 1, std::size_t option_bytes = 0);
  packet_builder& sctp(std::uint16_t source, std::uint16_t destination);
  packet_builder& icmp(std::uint8_t type = 8);  // ICMPv6 after IPv6
  packet_builder& rtp(std::uint8_t payload_type, std::uint16_t sequence, std::uint32_t timestamp,
                      std::uint32_t ssrc, bool marker = false);

  // Payload; several add up.
  packet_builder& payload(std::size_t bytes, std::uint64_t seed = 1);  // pseudo-random
  packet_builder& payload(frame_bytes bytes);
  packet_builder& text(std::string_view bytes);

  /// Not padded to Ethernet's 60 bytes.
  frame_bytes build() const;

 private:
  enum class layer_kind : std::uint8_t {
    opaque,
    ethernet,
    vlan,
    llc,
    mpls,
    pppoe,
    ppp,
    ipv4,
    ipv6,
    extension,
    authentication,
    gre,
    pptp,
    udp,
    tcp,
    sctp,
    icmp,
    gtp,
    esp
  };
  struct layer {
    layer_kind kind;
    std::uint8_t number;  // what an IP header before it calls it
    frame_bytes header;
  };

  packet_builder& add(layer_kind kind, std::uint8_t number, frame_bytes header);
  /// Fills in lengths, next-header fields and checksums of layer `index` before `inside`, the
  /// finished rest.
  void mend(std::size_t index, frame_bytes& header, const frame_bytes& inside) const;
  std::uint16_t next_type(std::size_t index, std::uint16_t otherwise) const;
  std::uint8_t next_number(std::size_t index, std::uint8_t otherwise) const;
  std::uint32_t pseudo_header_sum(std::size_t index, std::uint8_t number, std::size_t length) const;

  std::vector<layer> layers_;
  frame_bytes payload_;
};

/// Splits the packet that follows `l3_offset` bytes of link header into fragments whose IP packets
/// have at most `mtu` bytes; each gets the link header. IPv4 uses the id in the header.
std::vector<frame_bytes> fragment_ipv4(const frame_bytes& frame, std::size_t l3_offset,
                                       std::size_t mtu);
std::vector<frame_bytes> fragment_ipv6(const frame_bytes& frame, std::size_t l3_offset,
                                       std::size_t mtu, std::uint32_t id);

/// A view of `frame` as capture hands it to the decoder.
packet_view view_of(const frame_bytes& frame, time_point time = {}, side from = side::inside);

/// The sum of RFC 1071, not complemented, to go on from `sum`.
std::uint32_t internet_sum(const std::uint8_t* bytes, std::size_t count, std::uint32_t sum = 0);
std::uint16_t internet_checksum(std::uint32_t sum);

}  // namespace callweir::test

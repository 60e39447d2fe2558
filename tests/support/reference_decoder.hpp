// A plain decoder to compare the fast one with: one exception-throwing byte reader, no fast path,
// an unbounded map for fragments. Written from the RFCs and the decoder's documented choices,
// sharing no code with capture/.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>

#include "base/packet_view.hpp"

namespace callweir::test {

class reference_decoder {
 public:
  /// As capture::decoder::decode_frame with no inside networks.
  void decode(packet_view& packet, std::uint16_t link_type);

 private:
  struct stop {
    decode_status why;
  };
  using key = std::tuple<ip_address, ip_address, std::uint32_t, std::uint8_t>;

  using place = std::uint64_t;
  std::uint64_t number(place at, int bytes) const;
  void need(place at, place bytes) const;

  void link(std::uint16_t link_type);
  void ethernet(place at);
  void ether_type(std::uint64_t type, place at);
  void llc(place at);
  void mpls(place at);
  void ppp(place at);
  void wireless(place at);
  void ip(place at, int version);
  void ipv4(place at);
  void ipv6(place at);
  void fragment(const key& name, place offset, int protocol, place at, place end);
  void transport(int protocol, place at, place end);
  void payload(place at, place end);
  void gre(place at, place end);
  void gtp(place at, place end);
  void capwap(place at, place end);
  template <class Inside>
  void inside(tunnel_kind kind, place end, Inside decode_inside);

  packet_view* view_ = nullptr;
  place readable_ = 0, wire_ = 0;
  int depth_ = 0, bridges_ = 0;
  bool lenient_ = false;  // inside a first fragment
  std::map<key, packet_view> fragments_;
};

/// "" when both decoders say the same, else the first field that differs. Of packets without a flow
/// only the status counts.
std::string difference(const packet_view& one, const packet_view& other);

}  // namespace callweir::test

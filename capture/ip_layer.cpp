// IPv4 with options, IPv6 with extension headers, fragments.
#include "capture/frame_walk.hpp"

namespace callweir::capture {
namespace {

constexpr std::uint8_t next_hop_by_hop = 0, next_routing = 43, next_fragment = 44, next_none = 59,
                       next_destination = 60;

}  // namespace

decode_status frame_walk::ip(std::uint32_t at, unsigned version) noexcept {
  if (!readable(at, 1)) return decode_status::truncated;
  const unsigned nibble = byte(at) >> 4;
  if (version != 0 && nibble != version) return decode_status::malformed;
  if (nibble == 4) return ipv4(at);
  if (nibble == 6) return ipv6(at);
  return decode_status::malformed;
}

std::uint32_t frame_walk::packet_bytes(std::uint32_t at, std::uint32_t claimed) const noexcept {
  const std::uint32_t there = wire_ - at;
  if (claimed <= there) return claimed;
  // Inside a tunnel a length that goes beyond the outer packet says that this is no tunnel, unless
  // the rest comes in later fragments.
  return depth_ != 0 && !first_fragment_ ? 0 : there;
}

// RFC 791.
decode_status frame_walk::ipv4(std::uint32_t at) noexcept {
  if (!readable(at, 20)) return decode_status::truncated;
  const std::uint32_t header = (byte(at) & 0x0fu) * 4;
  std::uint32_t claimed = be16(at + 2);
  // Segmentation offload leaves 0 in what the capturing host sends: the frame's length counts.
  if (claimed == 0 && depth_ == 0) claimed = wire_ - at < 0xffff ? wire_ - at : 0xffff;
  if (header < 20 || claimed < header) return decode_status::malformed;
  const std::uint32_t length = packet_bytes(at, claimed);
  if (length < header) return depth_ != 0 ? decode_status::malformed : decode_status::truncated;
  if (!readable(at, header)) return decode_status::truncated;

  packet_.source = ip_address::v4(be32(at + 12));
  packet_.destination = ip_address::v4(be32(at + 16));
  packet_.l3_offset = static_cast<std::uint16_t>(at);
  if (depth_ == 0) packet_.l3_bytes = static_cast<std::uint16_t>(length);

  const segment data{byte(at + 9), at + header, at + length};
  const std::uint16_t field = be16(at + 6);
  constexpr std::uint16_t more_fragments = 0x2000, offset_mask = 0x1fff;
  if ((field & (more_fragments | offset_mask)) == 0) return transport(data);
  const fragment_key key{packet_.source, packet_.destination, be16(at + 4), data.protocol};
  return (field & offset_mask) == 0 ? first_fragment(key, data) : later_fragment(key, data);
}

struct frame_walk::ipv6_chain {
  segment data;                // what the chain leads to
  std::uint16_t fragment = 0;  // offset and more flag of the fragment header
  std::uint32_t id = 0;
};

// RFC 8200.
decode_status frame_walk::ipv6(std::uint32_t at) noexcept {
  if (!readable(at, 40)) return decode_status::truncated;
  std::uint32_t claimed = be16(at + 4);
  const std::uint8_t next = byte(at + 6);
  if (claimed == 0) {
    // Jumbograms (RFC 2675) do not fit the view. Without payload at all, or offloaded segmentation
    // otherwise.
    if (next == next_hop_by_hop) return decode_status::malformed;
    const std::uint32_t there = wire_ - at;
    if (next != next_none && depth_ == 0) claimed = (there < 0xffff ? there : 0xffff) - 40;
  }
  if (claimed > 0xffff - 40)
    claimed = 0xffff - 40;  // l3_bytes is 16 bits wide; no link's MTU is beyond
  const std::uint32_t length = packet_bytes(at, 40 + claimed);
  if (length < 40) return decode_status::malformed;

  packet_.source = ip_address::v6(packet_.frame + at + 8);
  packet_.destination = ip_address::v6(packet_.frame + at + 24);
  packet_.l3_offset = static_cast<std::uint16_t>(at);
  if (depth_ == 0) packet_.l3_bytes = static_cast<std::uint16_t>(length);

  ipv6_chain chain{{next, at + 40, at + length}};
  const decode_status status = ipv6_extensions(chain);
  if (status != decode_status::ok) return status;
  constexpr std::uint16_t more_fragments = 0x0001, offset_mask = 0xfff8;
  // A fragment header with neither is an atomic fragment: a whole packet (RFC 6946).
  if ((chain.fragment & (more_fragments | offset_mask)) == 0) return transport(chain.data);
  const fragment_key key{packet_.source, packet_.destination, chain.id, next_fragment};
  return (chain.fragment & offset_mask) == 0 ? first_fragment(key, chain.data)
                                             : later_fragment(key, chain.data);
}

decode_status frame_walk::ipv6_extensions(ipv6_chain& chain) noexcept {
  segment& data = chain.data;
  for (unsigned headers = 0;; ++headers) {
    std::uint32_t bytes;
    switch (data.protocol) {
      case next_hop_by_hop:
      case next_routing:
      case next_destination:
        if (!readable(data.at, 8)) return decode_status::truncated;
        bytes = (byte(data.at + 1) + 1u) * 8;
        break;
      case proto_ah:  // RFC 4302: words less two
        if (!readable(data.at, 8)) return decode_status::truncated;
        bytes = (byte(data.at + 1) + 2u) * 4;
        break;
      case next_fragment:
        if (!readable(data.at, 8)) return decode_status::truncated;
        chain.fragment = be16(data.at + 2);
        chain.id = be32(data.at + 4);
        bytes = 8;
        break;
      default:
        return decode_status::ok;
    }
    if (headers == ipv6_extensions_max) return decode_status::too_deep;
    if (data.end - data.at < bytes) return decode_status::malformed;
    if (!readable(data.at, bytes)) return decode_status::truncated;
    const bool later = data.protocol == next_fragment && (chain.fragment & 0xfff8) != 0;
    data.protocol = byte(data.at);
    data.at += bytes;
    if (later) return decode_status::ok;  // what follows is the middle of a packet
  }
}

decode_status frame_walk::first_fragment(const fragment_key& key, const segment& data) noexcept {
  const bool inside_one = first_fragment_;
  first_fragment_ = true;
  const decode_status status = transport(data);
  first_fragment_ = inside_one;
  packet_.fragment = true;
  if (status == decode_status::ok && !packet_.later_fragment) {
    fragments_.insert(key,
                      {packet_.source, packet_.destination, packet_.source_port,
                       packet_.destination_port, packet_.protocol, packet_.tunnel},
                      packet_.time);
  }
  return status;
}

decode_status frame_walk::later_fragment(const fragment_key& key, const segment& data) noexcept {
  packet_.fragment = true;
  packet_.later_fragment = true;
  packet_.protocol = data.protocol;
  packet_.l4_offset = static_cast<std::uint16_t>(data.at);
  set_payload(data, data.at);
  const fragment_flow* const flow = fragments_.find(key, packet_.time);
  if (flow == nullptr) return decode_status::orphan_fragment;
  packet_.source = flow->source;
  packet_.destination = flow->destination;
  packet_.source_port = flow->source_port;
  packet_.destination_port = flow->destination_port;
  packet_.protocol = flow->protocol;
  packet_.tunnel = flow->tunnel;
  return decode_status::ok;
}

}  // namespace callweir::capture

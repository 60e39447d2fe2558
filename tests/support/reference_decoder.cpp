#include "tests/support/reference_decoder.hpp"

#include <algorithm>

namespace callweir::test {

std::uint64_t reference_decoder::number(place at, int bytes) const {
  need(at, static_cast<place>(bytes));
  std::uint64_t value = 0;
  for (int i = 0; i < bytes; ++i) value = value << 8 | view_->frame[at + static_cast<place>(i)];
  return value;
}

void reference_decoder::need(place at, place bytes) const {
  if (at + bytes > readable_) throw stop{decode_status::truncated};
}

void reference_decoder::decode(packet_view& packet, std::uint16_t link_type) {
  packet_view clean;
  clean.frame = packet.frame;
  clean.captured = packet.captured;
  clean.wire = packet.wire;
  clean.time = packet.time;
  clean.handle = packet.handle;
  clean.from = packet.from;
  clean.link = packet.link;
  packet = clean;
  view_ = &packet;
  readable_ = std::min<place>(packet.captured, 65'535);
  wire_ = std::max(packet.wire, packet.captured);
  depth_ = bridges_ = 0;
  lenient_ = false;
  try {
    link(link_type);
    packet.status = decode_status::ok;
  } catch (const stop& reason) {
    packet.status = reason.why;
  }
}

void reference_decoder::link(std::uint16_t link_type) {
  switch (link_type) {
    case 1:
      return ethernet(0);
    case 9:
      return ppp(0);
    case 12:
    case 14:
    case 101:
      return ip(0, 0);
    case 228:
      return ip(0, 4);
    case 229:
      return ip(0, 6);
    case 104:
      need(0, 4);
      return ether_type(number(2, 2), 4);
    case 105:
      return wireless(0);
    case 113:
      need(0, 16);
      return ether_type(number(14, 2), 16);
    case 276:
      need(0, 20);
      return ether_type(number(0, 2), 20);
    case 0:
    case 108: {
      std::uint64_t family = number(0, 4);
      if (link_type == 0) family = __builtin_bswap32(static_cast<std::uint32_t>(family));
      if (family > 65'535) family = __builtin_bswap32(static_cast<std::uint32_t>(family));
      if (family == 2) return ip(4, 4);
      if (family == 10 || family == 24 || family == 28 || family == 30) return ip(4, 6);
      throw stop{decode_status::not_ip};
    }
    case 127: {
      need(0, 4);
      const place header = number(2, 1) | number(3, 1) << 8;
      if (number(0, 1) != 0 || header < 8) throw stop{decode_status::malformed};
      return wireless(header);
    }
    case 192: {
      need(0, 8);
      const place header = number(2, 1) | number(3, 1) << 8;
      if (number(0, 1) != 0 || header < 8) throw stop{decode_status::malformed};
      const auto inner = __builtin_bswap32(static_cast<std::uint32_t>(number(4, 4)));
      if (inner == 1) return ethernet(header);
      if (inner == 105) return wireless(header);
      throw stop{decode_status::not_ip};
    }
    default:
      throw stop{decode_status::not_ip};
  }
}

void reference_decoder::ethernet(place at) {
  need(at, 14);
  ether_type(number(at + 12, 2), at + 14);
}

void reference_decoder::ether_type(std::uint64_t type, place at) {
  int tags = 0;
  while (type == 0x8100 || type == 0x88a8 || type == 0x9100) {
    if (++tags > 3) throw stop{decode_status::too_deep};
    const std::uint64_t tag = number(at, 4);
    if (view_->vlan_count < 2) view_->vlan[view_->vlan_count++] = (tag >> 16) & 0xfff;
    type = tag & 0xffff;
    at += 4;
  }
  if (type == 0x0800) return ip(at, 4);
  if (type == 0x86dd) return ip(at, 6);
  if (type == 0x8847 || type == 0x8848) return mpls(at);
  if (type == 0x8864) {
    need(at, 6);
    if (number(at, 2) != 0x1100) throw stop{decode_status::not_ip};
    return ppp(at + 6);
  }
  if (type <= 1500) return llc(at);
  throw stop{decode_status::not_ip};
}

void reference_decoder::llc(place at) {
  if (at + 8 > readable_ || number(at, 5) != 0xaaaa'0300'00ULL) throw stop{decode_status::not_ip};
  const std::uint64_t type = number(at + 6, 2);
  if (type == 0x0800) return ip(at + 8, 4);
  if (type == 0x86dd) return ip(at + 8, 6);
  throw stop{decode_status::not_ip};
}

void reference_decoder::mpls(place at) {
  bool bottom = false;
  for (int labels = 1; !bottom; ++labels) {
    if (labels > 8) throw stop{decode_status::too_deep};
    bottom = (number(at, 4) & 0x100) != 0;
    at += 4;
  }
  const std::uint64_t nibble = number(at, 1) >> 4;
  const packet_view before = *view_;
  const bool lenient = lenient_;
  if (nibble == 4 || nibble == 6) {
    try {
      return ip(at, static_cast<int>(nibble));
    } catch (const stop& reason) {
      if (reason.why != decode_status::malformed) throw;
    }
    *view_ = before;
    lenient_ = lenient;
  }
  if (bridges_++ > 0) throw stop{decode_status::not_ip};
  try {
    return ethernet(at);
  } catch (const stop&) {
    if (nibble != 0) throw;
  }
  *view_ = before;
  lenient_ = lenient;
  ethernet(at + 4);
}

void reference_decoder::ppp(place at) {
  if (at + 2 <= readable_ && number(at, 2) == 0xff03) at += 2;
  std::uint64_t protocol = number(at, 1);
  const int bytes = protocol % 2 == 1 ? 1 : 2;
  protocol = number(at, bytes);
  at += static_cast<place>(bytes);
  if (protocol == 0x21) return ip(at, 4);
  if (protocol == 0x57) return ip(at, 6);
  if (protocol == 0x281) return mpls(at);
  throw stop{decode_status::not_ip};
}

void reference_decoder::wireless(place at) {
  need(at, 24);
  std::uint64_t control = number(at, 1), flags = number(at + 1, 1);
  if (depth_ > 0 && control % 16 != 8 && flags % 16 == 8) std::swap(control, flags);
  const bool data = (control >> 2 & 3) == 2, empty = (control & 0x40) != 0,
             qos = (control & 0x80) != 0;
  if (!data || empty || (flags & 0x40) != 0) throw stop{decode_status::not_ip};
  place header = (flags & 3) == 3 ? 30 : 24;
  if (qos) {
    if ((number(at + header, 2) >> 8 & 0x80) != 0) throw stop{decode_status::not_ip};
    header += (flags & 0x80) != 0 ? 6 : 2;
  }
  llc(at + header);
}

std::string difference(const packet_view& one, const packet_view& other) {
  if (one.status != other.status) {
    return std::string("status ") + decode_status_name(one.status) + " and " +
           decode_status_name(other.status);
  }
  if (one.status != decode_status::ok && one.status != decode_status::orphan_fragment) return {};
  std::string found;
  const auto check = [&](const char* name, auto a, auto b) {
    if (found.empty() && a != b) {
      found = std::string(name) + " " + std::to_string(static_cast<std::uint64_t>(a)) + " and " +
              std::to_string(static_cast<std::uint64_t>(b));
    }
  };
  check("source", one.source.low, other.source.low);
  check("source high", one.source.high, other.source.high);
  check("destination", one.destination.low, other.destination.low);
  check("destination high", one.destination.high, other.destination.high);
  check("protocol", one.protocol, other.protocol);
  check("source_port", one.source_port, other.source_port);
  check("destination_port", one.destination_port, other.destination_port);
  check("tunnel", static_cast<int>(one.tunnel), static_cast<int>(other.tunnel));
  check("vlan_count", one.vlan_count, other.vlan_count);
  check("vlan 0", one.vlan[0], other.vlan[0]);
  check("vlan 1", one.vlan[1], other.vlan[1]);
  check("l3_offset", one.l3_offset, other.l3_offset);
  check("l4_offset", one.l4_offset, other.l4_offset);
  check("payload_offset", one.payload_offset, other.payload_offset);
  check("payload_captured", one.payload_captured, other.payload_captured);
  check("payload_bytes", one.payload_bytes, other.payload_bytes);
  check("l3_bytes", one.l3_bytes, other.l3_bytes);
  check("tcp_flags", one.tcp_flags, other.tcp_flags);
  check("tcp_sequence", one.tcp_sequence, other.tcp_sequence);
  check("fragment", one.fragment, other.fragment);
  check("later_fragment", one.later_fragment, other.later_fragment);
  check("from", static_cast<int>(one.from), static_cast<int>(other.from));
  check("link", one.link, other.link);
  return found;
}

}  // namespace callweir::test

// The reference decoder from IP upwards.
#include <algorithm>

#include "tests/support/reference_decoder.hpp"

namespace callweir::test {

void reference_decoder::ip(place at, int version) {
  const auto nibble = static_cast<int>(number(at, 1) >> 4);
  if ((version != 0 && nibble != version) || (nibble != 4 && nibble != 6))
    throw stop{decode_status::malformed};
  nibble == 4 ? ipv4(at) : ipv6(at);
}

void reference_decoder::ipv4(place at) {
  need(at, 20);
  const place header = (number(at, 1) & 15) * 4;
  place total = number(at + 2, 2);
  if (total == 0 && depth_ == 0) total = std::min<place>(wire_ - at, 65'535);
  if (header < 20 || total < header) throw stop{decode_status::malformed};
  if (at + total > wire_) {
    if (depth_ > 0 && !lenient_) throw stop{decode_status::malformed};
    total = wire_ - at;
    if (total < header)
      throw stop{depth_ > 0 ? decode_status::malformed : decode_status::truncated};
  }
  need(at, header);
  view_->source = ip_address::v4(static_cast<std::uint32_t>(number(at + 12, 4)));
  view_->destination = ip_address::v4(static_cast<std::uint32_t>(number(at + 16, 4)));
  view_->l3_offset = static_cast<std::uint16_t>(at);
  if (depth_ == 0) view_->l3_bytes = static_cast<std::uint16_t>(total);
  const auto protocol = static_cast<int>(number(at + 9, 1));
  const std::uint64_t field = number(at + 6, 2) & 0x3fff;
  if (field == 0) return transport(protocol, at + header, at + total);
  const key name{view_->source, view_->destination, number(at + 4, 2), protocol};
  fragment(name, field & 0x1fff, protocol, at + header, at + total);
}

void reference_decoder::ipv6(place at) {
  need(at, 40);
  place total = 40 + number(at + 4, 2);
  auto next = static_cast<int>(number(at + 6, 1));
  if (total == 40 && next == 0) throw stop{decode_status::malformed};
  if (total == 40 && next != 59 && depth_ == 0) total = std::min<place>(wire_ - at, 65'535);
  total = std::min<place>(total, 65'535);
  if (at + total > wire_) {
    if (depth_ > 0 && !lenient_) throw stop{decode_status::malformed};
    total = wire_ - at;
    if (total < 40) throw stop{decode_status::malformed};
  }
  view_->source = ip_address::v6(view_->frame + at + 8);
  view_->destination = ip_address::v6(view_->frame + at + 24);
  view_->l3_offset = static_cast<std::uint16_t>(at);
  if (depth_ == 0) view_->l3_bytes = static_cast<std::uint16_t>(total);
  const place end = at + total;
  std::uint64_t field = 0, id = 0;
  at += 40;
  for (int headers = 1; next == 0 || next == 43 || next == 44 || next == 51 || next == 60;
       ++headers) {
    need(at, 8);
    const place bytes = next == 44   ? 8
                        : next == 51 ? (number(at + 1, 1) + 2) * 4
                                     : (number(at + 1, 1) + 1) * 8;
    if (next == 44) {
      field = number(at + 2, 2);
      id = number(at + 4, 4);
    }
    if (headers > 8) throw stop{decode_status::too_deep};
    if (at + bytes > end) throw stop{decode_status::malformed};
    need(at, bytes);
    const bool middle = next == 44 && field / 8 != 0;
    next = static_cast<int>(number(at, 1));
    at += bytes;
    if (middle) break;
  }
  if ((field & 0xfff9) == 0) return transport(next, at, end);
  fragment({view_->source, view_->destination, id, 44}, field / 8, next, at, end);
}

void reference_decoder::fragment(const key& name, place offset, int protocol, place at, place end) {
  if (offset == 0) {
    const bool before = std::exchange(lenient_, true);
    transport(protocol, at, end);
    lenient_ = before;
    view_->fragment = true;
    if (!view_->later_fragment) fragments_[name] = *view_;
    return;
  }
  view_->fragment = view_->later_fragment = true;
  view_->protocol = static_cast<std::uint8_t>(protocol);
  view_->l4_offset = static_cast<std::uint16_t>(at);
  payload(at, end);
  const auto first = fragments_.find(name);
  if (first == fragments_.end()) throw stop{decode_status::orphan_fragment};
  view_->source = first->second.source;
  view_->destination = first->second.destination;
  view_->source_port = first->second.source_port;
  view_->destination_port = first->second.destination_port;
  view_->protocol = first->second.protocol;
  view_->tunnel = first->second.tunnel;
}

void reference_decoder::payload(place at, place end) {
  const place start = std::min(at, readable_);
  const place bytes = end > at ? end - at : 0;
  view_->payload_offset = static_cast<std::uint16_t>(start);
  view_->payload_bytes = static_cast<std::uint16_t>(bytes);
  view_->payload_captured = static_cast<std::uint16_t>(std::min(bytes, readable_ - start));
}

void reference_decoder::transport(int protocol, place at, place end) {
  view_->protocol = static_cast<std::uint8_t>(protocol);
  view_->l4_offset = static_cast<std::uint16_t>(at);
  const place header = protocol == 6                       ? 20
                       : protocol == 17 || protocol == 136 ? 8
                       : protocol == 33 || protocol == 132 ? 12
                                                           : 0;
  if (protocol == 51) {
    if (at + 12 > end) throw stop{decode_status::malformed};
    need(at, 12);
    const place bytes = (number(at + 1, 1) + 2) * 4;
    if (at + bytes > end) throw stop{decode_status::malformed};
    need(at, bytes);
    if (number(at, 1) == 51) throw stop{decode_status::too_deep};
    return transport(static_cast<int>(number(at, 1)), at + bytes, end);
  }
  if (header == 0) {
    payload(at, end);
    if (protocol == 47) gre(at, end);
    if (protocol == 4) inside(tunnel_kind::ipip, end, [&] { ip(at, 4); });
    if (protocol == 41) {
      const tunnel_kind kind = view_->source.is_v4() ? tunnel_kind::six_in_four : tunnel_kind::ipip;
      inside(kind, end, [&] { ip(at, 6); });
    }
    return;
  }
  if (at + header > end) throw stop{decode_status::malformed};
  need(at, header);
  view_->source_port = static_cast<std::uint16_t>(number(at, 2));
  view_->destination_port = static_cast<std::uint16_t>(number(at + 2, 2));
  if (protocol == 6) {
    const place full = (number(at + 12, 1) >> 4) * 4;
    if (full < 20 || at + full > end) throw stop{decode_status::malformed};
    view_->tcp_sequence = static_cast<std::uint32_t>(number(at + 4, 4));
    view_->tcp_flags = static_cast<std::uint8_t>(number(at + 13, 1));
    return payload(at + full, end);
  }
  if (protocol == 17) {
    const place claimed = number(at + 4, 2);
    if (claimed > 0 && claimed < 8) throw stop{decode_status::malformed};
    if (claimed > 0) end = std::min(end, at + claimed);
    payload(at + 8, end);
    at += 8;
    if (view_->destination_port == 4789) {
      if (at + 8 <= std::min(end, readable_) && (number(at, 1) & 8) != 0) {
        inside(tunnel_kind::vxlan, end, [&] { ethernet(at + 8); });
      }
    } else if (view_->destination_port == 2152) {
      gtp(at, end);
    } else if (view_->destination_port == 5247 || view_->source_port == 5247) {
      capwap(at, end);
    }
    return;
  }
  payload(at + header, end);
}

template <class Inside>
void reference_decoder::inside(tunnel_kind kind, place end, Inside decode_inside) {
  if (depth_ == 3) return;
  const packet_view outer = *view_;
  const place readable = readable_, wire = wire_;
  const bool lenient = lenient_;
  readable_ = std::min(readable_, end);
  wire_ = std::min(wire_, end);
  ++depth_;
  view_->source_port = view_->destination_port = 0;
  try {
    decode_inside();
    view_->tunnel = kind;
  } catch (const stop&) {
    *view_ = outer;
  }
  --depth_;
  lenient_ = lenient;
  readable_ = readable;
  wire_ = wire;
}

void reference_decoder::gre(place at, place end) {
  const place limit = std::min(end, readable_);
  if (at + 4 > limit) return;
  const std::uint64_t flags = number(at, 2), type = number(at + 2, 2);
  if ((flags & 7) == 1) {
    if (at + 8 > limit || (flags & 0x2000) == 0 || type != 0x880b || number(at + 4, 2) == 0) return;
    const place header = at + 8 + ((flags & 0x1000) != 0 ? 4 : 0) + ((flags & 0x80) != 0 ? 4 : 0);
    if (header <= end) inside(tunnel_kind::gre, end, [&] { ppp(header); });
    return;
  }
  if ((flags & 0x4007) != 0) return;
  const place header = at + 4 + ((flags & 0x8000) != 0 ? 4 : 0) + ((flags & 0x2000) != 0 ? 4 : 0) +
                       ((flags & 0x1000) != 0 ? 4 : 0);
  if (header > end) return;
  inside(tunnel_kind::gre, end, [&] {
    if (type == 0x0800) return ip(header, 4);
    if (type == 0x86dd) return ip(header, 6);
    if (type == 0x6558) return ethernet(header);
    if (type == 0x8847 || type == 0x8848) return mpls(header);
    if (type == 0x88be) return ethernet((flags & 0x1000) != 0 ? header + 8 : header);
    if (type == 0x22eb) return ethernet(number(header + 8, 4) % 2 == 1 ? header + 20 : header + 12);
    throw stop{decode_status::not_ip};
  });
}

void reference_decoder::gtp(place at, place end) {
  if (at + 8 > std::min(end, readable_)) return;
  const std::uint64_t flags = number(at, 1), length = number(at + 2, 2);
  if (flags >> 4 != 3 || number(at + 1, 1) != 255) return;
  if (at + 8 + length > end && !lenient_) return;
  end = std::min(end, at + 8 + length);
  const place limit = std::min(end, readable_);
  at += 8;
  if ((flags & 7) != 0) {
    if (at + 4 > limit) return;
    std::uint64_t next = (flags & 4) != 0 ? number(at + 3, 1) : 0;
    at += 4;
    for (int headers = 1; next != 0; ++headers) {
      if (headers > 8 || at + 4 > limit) return;
      const place bytes = number(at, 1) * 4;
      if (bytes == 0 || at + bytes > limit) return;
      next = number(at + bytes - 1, 1);
      at += bytes;
    }
  }
  inside(tunnel_kind::gtp_u, end, [&] { ip(at, 0); });
}

void reference_decoder::capwap(place at, place end) {
  if (at + 8 > std::min(end, readable_) || number(at, 1) != 0) return;
  const std::uint64_t fields = number(at, 4);
  const place header = (fields >> 19 & 31) * 4;
  if (header < 8 || at + header > end || (fields & 0x80) != 0) return;
  const bool wireless_inside = (fields & 0x100) != 0;
  if (wireless_inside && (fields >> 9 & 31) != 1) return;
  inside(tunnel_kind::capwap, end,
         [&] { wireless_inside ? wireless(at + header) : ethernet(at + header); });
}

}  // namespace callweir::test

// The second half of the packet builder: what depends on the neighbouring headers, and fragments.
#include <algorithm>

#include "tests/support/packet_builder.hpp"

namespace callweir::test {
namespace {

void put16(frame_bytes& to, std::size_t at, std::size_t value) {
  to[at] = static_cast<std::uint8_t>(value >> 8);
  to[at + 1] = static_cast<std::uint8_t>(value);
}
std::uint16_t get16(const frame_bytes& from, std::size_t at) {
  return static_cast<std::uint16_t>(from[at] << 8 | from[at + 1]);
}

void mend_ipv4_checksum(frame_bytes& bytes, std::size_t at) {
  const std::size_t header = (bytes[at] & 0x0fu) * 4;
  put16(bytes, at + 10, 0);
  put16(bytes, at + 10, internet_checksum(internet_sum(bytes.data() + at, header)));
}

}  // namespace

std::uint32_t internet_sum(const std::uint8_t* bytes, std::size_t count, std::uint32_t sum) {
  for (std::size_t i = 0; i < count; ++i) {
    sum += i % 2 == 0 ? static_cast<std::uint32_t>(bytes[i]) << 8 : bytes[i];
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return sum;
}

std::uint16_t internet_checksum(std::uint32_t sum) {
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

std::uint16_t packet_builder::next_type(std::size_t index, std::uint16_t otherwise) const {
  if (index + 1 >= layers_.size()) return otherwise;
  const layer& next = layers_[index + 1];
  switch (next.kind) {
    case layer_kind::vlan:
      return get16(next.header, 4);
    case layer_kind::mpls:
      return 0x8847;
    case layer_kind::pppoe:
      return 0x8864;
    case layer_kind::ipv4:
      return 0x0800;
    case layer_kind::ipv6:
      return 0x86dd;
    case layer_kind::ethernet:
      return 0x6558;
    default:
      return otherwise;
  }
}

std::uint8_t packet_builder::next_number(std::size_t index, std::uint8_t otherwise) const {
  return index + 1 < layers_.size() ? layers_[index + 1].number : otherwise;
}

std::uint32_t packet_builder::pseudo_header_sum(std::size_t index, std::uint8_t number,
                                                std::size_t length) const {
  for (std::size_t i = index; i-- > 0;) {
    const frame_bytes& header = layers_[i].header;
    std::uint32_t sum = 0;
    if (layers_[i].kind == layer_kind::ipv4) {
      sum = internet_sum(header.data() + 12, 8);
    } else if (layers_[i].kind == layer_kind::ipv6) {
      sum = internet_sum(header.data() + 8, 32);
    } else {
      continue;
    }
    return sum + number + static_cast<std::uint32_t>(length);
  }
  return 0;
}

void packet_builder::mend(std::size_t index, frame_bytes& header, const frame_bytes& inside) const {
  const std::uint8_t number = layers_[index].number;
  const auto checksum = [&](std::size_t at, bool with_pseudo_header) {
    const std::size_t length = header.size() + inside.size();
    std::uint32_t sum = with_pseudo_header ? pseudo_header_sum(index, number, length) : 0;
    sum = internet_sum(header.data(), header.size(), sum);
    sum = internet_sum(inside.data(), inside.size(), sum);
    const std::uint16_t value = internet_checksum(sum);
    put16(header, at, value == 0 && layers_[index].kind == layer_kind::udp ? 0xffff : value);
  };
  switch (layers_[index].kind) {
    case layer_kind::ethernet: {
      const bool llc_follows =
          index + 1 < layers_.size() && layers_[index + 1].kind == layer_kind::llc;
      put16(header, 12, llc_follows ? inside.size() : next_type(index, get16(header, 12)));
      break;
    }
    case layer_kind::vlan:
      header.resize(4);
      put16(header, 2, next_type(index, get16(header, 2)));
      break;
    case layer_kind::llc:
      put16(header, 6, next_type(index, get16(header, 6)));
      break;
    case layer_kind::pppoe:
      put16(header, 4, inside.size());
      break;
    case layer_kind::ppp: {
      const std::uint16_t type = next_type(index, 0);
      const std::uint16_t code = type == 0x0800   ? 0x0021
                                 : type == 0x86dd ? 0x0057
                                 : type == 0x8847 ? 0x0281
                                                  : 0xc021;
      put16(header, header.size() - 2, code);
      break;
    }
    case layer_kind::ipv4:
      put16(header, 2, header.size() + inside.size());
      header[9] = next_number(index, 253);
      mend_ipv4_checksum(header, 0);
      break;
    case layer_kind::ipv6:
      put16(header, 4, inside.size());
      header[6] = next_number(index, 253);
      break;
    case layer_kind::extension:
    case layer_kind::authentication:
      header[0] = next_number(index, 253);
      break;
    case layer_kind::gre:
      put16(header, 2, next_type(index, 0x88b5));
      if ((header[0] & 0x80) != 0) checksum(4, false);
      break;
    case layer_kind::pptp:
      put16(header, 4, inside.size());
      break;
    case layer_kind::gtp:
      put16(header, 2, header.size() - 8 + inside.size());
      break;
    case layer_kind::udp:
      put16(header, 4, header.size() + inside.size());
      checksum(6, true);
      break;
    case layer_kind::tcp:
      checksum(16, true);
      break;
    case layer_kind::icmp:
      checksum(2, number == proto_icmpv6);
      break;
    case layer_kind::opaque:
    case layer_kind::mpls:
    case layer_kind::sctp:
    case layer_kind::esp:
      break;
  }
}

frame_bytes packet_builder::build() const {
  frame_bytes done = payload_;
  for (std::size_t i = layers_.size(); i-- > 0;) {
    frame_bytes header = layers_[i].header;
    mend(i, header, done);
    header.insert(header.end(), done.begin(), done.end());
    done = std::move(header);
  }
  return done;
}

std::vector<frame_bytes> fragment_ipv4(const frame_bytes& frame, std::size_t l3_offset,
                                       std::size_t mtu) {
  const std::size_t header = (frame[l3_offset] & 0x0fu) * 4;
  const std::size_t start = l3_offset + header;
  const std::size_t end = l3_offset + get16(frame, l3_offset + 2);
  const std::size_t room = (mtu - header) / 8 * 8;
  std::vector<frame_bytes> fragments;
  for (std::size_t at = start; at < end; at += room) {
    const std::size_t bytes = std::min(room, end - at);
    frame_bytes made(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(start));
    const auto from = frame.begin() + static_cast<std::ptrdiff_t>(at);
    made.insert(made.end(), from, from + static_cast<std::ptrdiff_t>(bytes));
    put16(made, l3_offset + 2, header + bytes);
    put16(made, l3_offset + 6, (at - start) / 8 | (at + bytes < end ? 0x2000 : 0));
    mend_ipv4_checksum(made, l3_offset);
    fragments.push_back(std::move(made));
  }
  return fragments;
}

std::vector<frame_bytes> fragment_ipv6(const frame_bytes& frame, std::size_t l3_offset,
                                       std::size_t mtu, std::uint32_t id) {
  const std::size_t start = l3_offset + 40;
  const std::size_t room = (mtu - 48) / 8 * 8;
  std::vector<frame_bytes> fragments;
  for (std::size_t at = start; at < frame.size(); at += room) {
    const std::size_t bytes = std::min(room, frame.size() - at);
    frame_bytes made(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(start));
    frame_bytes extension(8);
    extension[0] = frame[l3_offset + 6];
    put16(extension, 2, (at - start) | (at + bytes < frame.size() ? 1u : 0u));
    put16(extension, 4, id >> 16);
    put16(extension, 6, id & 0xffff);
    made[l3_offset + 6] = 44;
    put16(made, l3_offset + 4, 8 + bytes);
    made.insert(made.end(), extension.begin(), extension.end());
    const auto from = frame.begin() + static_cast<std::ptrdiff_t>(at);
    made.insert(made.end(), from, from + static_cast<std::ptrdiff_t>(bytes));
    fragments.push_back(std::move(made));
  }
  return fragments;
}

packet_view view_of(const frame_bytes& frame, time_point time, side from) {
  packet_view view;
  view.frame = frame.data();
  view.captured = view.wire = static_cast<std::uint32_t>(frame.size());
  view.time = time;
  view.from = from;
  return view;
}

}  // namespace callweir::test

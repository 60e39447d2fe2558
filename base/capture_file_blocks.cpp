// pcapng: sections, interfaces, packet blocks (draft-ietf-opsawg-pcapng, section numbers as of
// version 02).
#include <cstring>

#include "base/capture_file_parser.hpp"

namespace callweir {
namespace {

enum block_type : std::uint32_t {
  block_interface = 1,
  block_old_packet = 2,
  block_simple_packet = 3,
  block_enhanced_packet = 6,
  block_section = 0x0a0d'0d0a
};
constexpr std::uint32_t order_mark = 0x1a2b'3c4d;

/// Into 0 to capture_reader::stamp_max_ns.
std::int64_t bounded(__int128 ns) {
  if (ns < 0) return 0;
  if (ns > capture_reader::stamp_max_ns) return capture_reader::stamp_max_ns;
  return static_cast<std::int64_t>(ns);
}

}  // namespace

capture_step capture_parser::next_block(captured_frame& out, bool may_move) {
  const bytes head = source_.peek(12, may_move);
  if (head.size() < 12) return short_of(head.size(), may_move, "a block header");
  std::uint32_t type;
  std::memcpy(&type, head.data(), 4);
  if (type == block_section) {
    // Reads the same in both orders; the mark after the length tells the section's order.
    std::uint32_t mark;
    std::memcpy(&mark, head.data() + 8, 4);
    if (mark != order_mark && __builtin_bswap32(mark) != order_mark)
      return broken("a section has no byte-order mark");
    swapped_ = mark != order_mark;
  } else {
    type = u32(head.data());
  }
  const std::uint32_t length = u32(head.data() + 4);
  if (length < 12 || length % 4 != 0)
    return broken("a block claims a length of " + std::to_string(length));
  if (length > capture_reader::block_bytes_max) {
    return broken("a block of " + std::to_string(length) + " bytes is longer than is read");
  }
  const bytes block = source_.peek(length, may_move);
  if (block.size() < length) return short_of(block.size(), may_move, "a block");
  if (u32(block.data() + length - 4) != length) return broken("a block's two lengths differ");
  capture_step step;
  switch (type) {
    case block_section:
      step = section(block);
      break;
    case block_interface:
      step = describe_interface(block);
      break;
    case block_enhanced_packet:
      step = enhanced_packet(block, out);
      break;
    case block_simple_packet:
      step = simple_packet(block, out);
      break;
    case block_old_packet:
      step = old_packet(block, out);
      break;
    default:
      step = capture_step::other;
      break;
  }
  if (step != capture_step::damage) source_.advance(length);
  return step;
}

// 4.1. Interfaces are numbered anew in each section.
capture_step capture_parser::section(bytes block) {
  if (block.size() < 28) return broken("a section header is too short");
  const std::uint16_t major = u16(block.data() + 12);
  if (major != 1) return broken("a section of version " + std::to_string(major));
  interfaces_.clear();
  return capture_step::other;
}

// 4.2.
capture_step capture_parser::describe_interface(bytes block) {
  if (block.size() < 20) return broken("an interface description is too short");
  if (interfaces_.size() >= capture_reader::interfaces_max) return broken("too many interfaces");
  interface made;
  made.link_type = u16(block.data() + 8);
  made.snap_bytes = u32(block.data() + 12);
  if (!read_options(block.subspan(16, block.size() - 20), made))
    return broken("an interface's options are damaged");
  interfaces_.push_back(made);
  return capture_step::other;
}

// 3.5: code, length, value padded to 32 bits, until code 0 or the end.
bool capture_parser::read_options(bytes options, interface& made) {
  constexpr std::uint16_t end_of_options = 0, if_tsresol = 9, if_tsoffset = 14;
  while (options.size() >= 4) {
    const std::uint16_t code = u16(options.data());
    const std::size_t length = u16(options.data() + 2);
    if (code == end_of_options) return true;
    const std::size_t padded = (length + 3) / 4 * 4;
    if (padded > options.size() - 4) return false;
    const std::uint8_t* const value = options.data() + 4;
    if (code == if_tsresol) {
      if (length != 1) return false;
      made.resolution = *value;
      // 10^-19 and 2^-63 are the last that 64 bits can count with; finer ones would give no time at
      // all.
      if ((*value & 0x80) == 0 ? *value > 19 : (*value & 0x7f) > 63) return false;
    } else if (code == if_tsoffset) {
      if (length != 8) return false;
      made.offset_s = static_cast<std::int64_t>(u64(value));
    }
    options = options.subspan(4 + padded);
  }
  return options.empty();
}

time_point capture_parser::stamp(const interface& at, std::uint64_t ticks) const {
  __int128 ns;
  if ((at.resolution & 0x80) != 0) {
    ns = (static_cast<__int128>(ticks) * 1'000'000'000) >> (at.resolution & 0x7f);
  } else {
    ns = static_cast<__int128>(ticks);
    for (int i = at.resolution; i < 9; ++i) ns *= 10;
    for (int i = 9; i < at.resolution; ++i) ns /= 10;
  }
  return {bounded(ns + static_cast<__int128>(at.offset_s) * 1'000'000'000)};
}

capture_step capture_parser::finish(bytes block, std::size_t at, std::uint32_t interface_id,
                                    std::uint64_t ticks, captured_frame& out) {
  if (interface_id >= interfaces_.size())
    return broken("a packet of an interface that is not described");
  if (out.captured > block.size() - 4 - at) return broken("a packet is longer than its block");
  if (out.captured > capture_reader::frame_bytes_max) {
    return broken("a packet claims " + std::to_string(out.captured) + " captured bytes");
  }
  if (out.wire < out.captured) out.wire = out.captured;
  const interface& origin = interfaces_[interface_id];
  out.time = last_ = stamp(origin, ticks);
  out.data = block.data() + at;
  out.link_type = origin.link_type;
  return capture_step::frame;
}

// 4.3.
capture_step capture_parser::enhanced_packet(bytes block, captured_frame& out) {
  if (block.size() < 32) return broken("a packet block is too short");
  const std::uint64_t ticks = std::uint64_t{u32(block.data() + 12)} << 32 | u32(block.data() + 16);
  out.captured = u32(block.data() + 20);
  out.wire = u32(block.data() + 24);
  return finish(block, 28, u32(block.data() + 8), ticks, out);
}

// 4.4: the first interface's, without time (the previous packet's stands in).
capture_step capture_parser::simple_packet(bytes block, captured_frame& out) {
  if (block.size() < 16) return broken("a packet block is too short");
  out.wire = u32(block.data() + 8);
  const auto room = static_cast<std::uint32_t>(block.size() - 16);
  out.captured = out.wire < room ? out.wire : room;
  if (!interfaces_.empty()) {
    const std::uint32_t snap = interfaces_[0].snap_bytes;
    if (snap != 0 && snap < out.captured) out.captured = snap;
  }
  const time_point before = last_;
  const capture_step step = finish(block, 12, 0, 0, out);
  out.time = last_ = before;
  return step;
}

// Appendix A, obsolete but written by old tools.
capture_step capture_parser::old_packet(bytes block, captured_frame& out) {
  if (block.size() < 32) return broken("a packet block is too short");
  const std::uint64_t ticks = std::uint64_t{u32(block.data() + 12)} << 32 | u32(block.data() + 16);
  out.captured = u32(block.data() + 20);
  out.wire = u32(block.data() + 24);
  return finish(block, 28, u16(block.data() + 8), ticks, out);
}

}  // namespace callweir

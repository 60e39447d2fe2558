#include "base/capture_file_parser.hpp"

#include <cstring>
#include <utility>

namespace callweir {
namespace {

constexpr std::uint32_t magic_us = 0xa1b2c3d4, magic_ns = 0xa1b23c4d, magic_modified = 0xa1b2cd34;
constexpr std::uint32_t magic_section = 0x0a0d'0d0a;

template <class T>
T load(const std::uint8_t* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

}  // namespace

capture_parser::capture_parser(byte_source source, std::string name)
    : source_(std::move(source)), name_(std::move(name)) {}

std::uint16_t capture_parser::u16(const std::uint8_t* at) const {
  const auto value = load<std::uint16_t>(at);
  return swapped_ ? __builtin_bswap16(value) : value;
}
std::uint32_t capture_parser::u32(const std::uint8_t* at) const {
  const auto value = load<std::uint32_t>(at);
  return swapped_ ? __builtin_bswap32(value) : value;
}
std::uint64_t capture_parser::u64(const std::uint8_t* at) const {
  const auto value = load<std::uint64_t>(at);
  return swapped_ ? __builtin_bswap64(value) : value;
}

capture_step capture_parser::broken(std::string what) {
  damage_ = error{std::move(what), name_ + ": byte " + std::to_string(source_.offset()),
                  "everything before it was read"};
  return capture_step::damage;
}

capture_step capture_parser::short_of(std::size_t had, bool may_move, const char* what) {
  if (!source_.ended() && !may_move) return capture_step::starved;
  if (source_.failure() != 0)
    return broken(std::string("reading failed: ") + std::strerror(source_.failure()));
  if (had == 0) return capture_step::end;
  return broken(std::string(what) + " is cut off");
}

result<void> capture_parser::begin() {
  const bytes head = source_.peek(24, true);
  if (source_.failure() != 0) {
    return fail(std::string("cannot read the capture: ") + std::strerror(source_.failure()), name_);
  }
  const auto refuse = [&](const char* what) {
    return fail(what, name_, "pcap and pcapng are read");
  };
  if (head.size() < 4) return refuse(head.empty() ? "is empty" : "is too short for a capture");
  const auto magic = load<std::uint32_t>(head.data());
  if (magic == magic_section) {
    blocks_ = true;
    return {};
  }
  for (const bool other_order : {false, true}) {
    const std::uint32_t seen = other_order ? __builtin_bswap32(magic) : magic;
    if (seen != magic_us && seen != magic_ns && seen != magic_modified) continue;
    if (head.size() < 24) return refuse("is cut off within the file header");
    swapped_ = other_order;
    nanoseconds_ = seen == magic_ns;
    record_header_ = seen == magic_modified ? 24 : 16;
    // The upper bits of the field say how long the frame check sequence is.
    link_type_ = static_cast<std::uint16_t>(u32(head.data() + 20));
    source_.advance(24);
    return {};
  }
  // gzip, xz, zstd: their first bytes.
  const std::uint32_t first = __builtin_bswap32(magic);
  if (first >> 16 == 0x1f8b || first == 0xfd377a58 || first == 0x28b52ffd) {
    return fail("is compressed", name_, "unpack it first, as: zcat FILE | callweir analyze -");
  }
  return refuse("is no capture file");
}

capture_step capture_parser::next(captured_frame& out, bool may_move) {
  return blocks_ ? next_block(out, may_move) : next_record(out, may_move);
}

capture_step capture_parser::next_record(captured_frame& out, bool may_move) {
  const bytes head = source_.peek(record_header_, may_move);
  if (head.size() < record_header_) return short_of(head.size(), may_move, "a packet header");
  const std::uint32_t captured = u32(head.data() + 8);
  if (captured > capture_reader::frame_bytes_max) {
    return broken("a packet claims " + std::to_string(captured) + " captured bytes");
  }
  const std::size_t whole = std::size_t{record_header_} + captured;
  const bytes record = source_.peek(whole, may_move);
  if (record.size() < whole) return short_of(record.size(), may_move, "a packet");
  const std::int64_t fraction = u32(record.data() + 4);
  const std::uint32_t wire = u32(record.data() + 12);
  out.time = {std::int64_t{u32(record.data())} * 1'000'000'000 +
              (nanoseconds_ ? fraction : fraction * 1000)};
  out.data = record.data() + record_header_;
  out.captured = captured;
  out.wire = wire > captured ? wire : captured;
  out.link_type = link_type_;
  source_.advance(whole);
  return capture_step::frame;
}

}  // namespace callweir

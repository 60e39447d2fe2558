#include "tests/support/plain_capture_reader.hpp"

#include <algorithm>
#include <optional>

namespace callweir::test {
namespace {

using bytes = std::span<const std::uint8_t>;

constexpr std::uint64_t frame_most = 262'144, block_most = 16'777'216, interfaces_most = 4'096;
constexpr std::int64_t year_2116_ns = std::int64_t{1} << 62;

/// `length` bytes at `at`, which must be there.
std::uint64_t number(bytes from, std::size_t at, int length, bool big_endian) {
  std::uint64_t value = 0;
  for (int i = 0; i < length; ++i) {
    const std::size_t next = at + static_cast<std::size_t>(big_endian ? i : length - 1 - i);
    value = value * 256 + from[next];
  }
  return value;
}

struct interface {
  std::uint64_t link_type, snap;
  bool binary = false;
  unsigned digits = 6;  // of a second's fraction, decimal or binary
  std::int64_t offset_s = 0;
};

std::int64_t time_of(const interface& on, std::uint64_t ticks) {
  __int128 per_second = 1;
  for (unsigned i = 0; i < on.digits; ++i) per_second *= on.binary ? 2 : 10;
  const __int128 whole = ticks / per_second, rest = ticks % per_second;
  const __int128 ns = (whole + on.offset_s) * 1'000'000'000 + rest * 1'000'000'000 / per_second;
  return static_cast<std::int64_t>(std::clamp<__int128>(ns, 0, year_2116_ns));
}

/// pcap: draft-ietf-opsawg-pcap.
bool read_records(bytes file, bool big_endian, bool nanoseconds, std::size_t header,
                  plain_capture& into) {
  if (file.size() < 24) return false;
  const std::uint64_t link = number(file, 20, 4, big_endian) % 65'536;
  std::size_t at = 24;
  while (at < file.size()) {
    if (file.size() - at < header) return false;
    const std::uint64_t seconds = number(file, at, 4, big_endian);
    const std::uint64_t fraction = number(file, at + 4, 4, big_endian);
    const std::uint64_t captured = number(file, at + 8, 4, big_endian);
    const std::uint64_t wire = number(file, at + 12, 4, big_endian);
    if (captured > frame_most || captured > file.size() - at - header) return false;
    plain_frame made;
    made.time_ns = static_cast<std::int64_t>(seconds * 1'000'000'000 +
                                             (nanoseconds ? fraction : fraction * 1'000));
    made.wire = std::max(wire, captured);
    made.link_type = link;
    made.bytes = file.subspan(at + header, captured);
    into.frames.push_back(made);
    at += header + captured;
  }
  return true;
}

/// pcapng: draft-ietf-opsawg-pcapng.
class section_reader {
 public:
  explicit section_reader(plain_capture& into) : into_(into) {}

  /// False where the block, which begins `rest`, is damaged.
  bool take(bytes rest, std::size_t& length) {
    if (rest.size() < 12) return false;
    const bool section = number(rest, 0, 4, false) == 0x0a0d'0d0a;
    if (section) {
      const bool little = number(rest, 8, 4, false) == 0x1a2b'3c4d;
      big_endian_ = number(rest, 8, 4, true) == 0x1a2b'3c4d;
      if (!little && !big_endian_) return false;
    }
    length = number(rest, 4, 4, big_endian_);
    if (length < 12 || length % 4 != 0 || length > block_most || length > rest.size()) return false;
    if (number(rest, length - 4, 4, big_endian_) != length) return false;
    const bytes body = rest.subspan(8, length - 12);
    if (section) return begin(body);
    switch (number(rest, 0, 4, big_endian_)) {
      case 1:
        return describe(body);
      case 2:
        return body.size() >= 20 && timed(body, number(body, 0, 2, big_endian_));
      case 3:
        return simple(body);
      case 6:
        return body.size() >= 20 && timed(body, number(body, 0, 4, big_endian_));
      default:
        return true;
    }
  }

 private:
  bool begin(bytes body) {
    interfaces_.clear();
    return body.size() >= 16 && number(body, 4, 2, big_endian_) == 1;
  }

  bool describe(bytes body) {
    if (body.size() < 8 || interfaces_.size() == interfaces_most) return false;
    interface made {
      .link_type = number(body, 0, 2, big_endian_), .snap = number(body, 4, 4, big_endian_)
    };
    std::size_t at = 8;
    while (at < body.size()) {
      if (body.size() - at < 4) return false;
      const std::uint64_t code = number(body, at, 2, big_endian_);
      const std::uint64_t length = number(body, at + 2, 2, big_endian_);
      if (code == 0) break;
      at += 4;
      if ((length + 3) / 4 * 4 > body.size() - at) return false;
      if (code == 9 && !resolution(body, at, length, made)) return false;
      if (code == 14) {
        if (length != 8) return false;
        made.offset_s = static_cast<std::int64_t>(number(body, at, 8, big_endian_));
      }
      at += (length + 3) / 4 * 4;
    }
    interfaces_.push_back(made);
    return true;
  }

  static bool resolution(bytes body, std::size_t at, std::uint64_t length, interface& made) {
    if (length != 1) return false;
    made.binary = body[at] >= 128;
    made.digits = body[at] % 128;
    return made.digits <= (made.binary ? 63U : 19U);
  }

  /// Enhanced and old packets: both have 20 bytes before the frame.
  bool timed(bytes body, std::uint64_t on) {
    if (on >= interfaces_.size()) return false;
    const std::uint64_t ticks =
        number(body, 4, 4, big_endian_) << 32 | number(body, 8, 4, big_endian_);
    const std::uint64_t captured = number(body, 12, 4, big_endian_);
    if (captured > body.size() - 20 || captured > frame_most) return false;
    last_ns_ = time_of(interfaces_[on], ticks);
    add(body.subspan(20, captured), number(body, 16, 4, big_endian_), interfaces_[on]);
    return true;
  }

  /// No time of its own, no length of what was captured.
  bool simple(bytes body) {
    if (body.size() < 4 || interfaces_.empty()) return false;
    const std::uint64_t wire = number(body, 0, 4, big_endian_);
    std::uint64_t captured = std::min<std::uint64_t>(wire, body.size() - 4);
    if (interfaces_[0].snap != 0) captured = std::min(captured, interfaces_[0].snap);
    if (captured > frame_most) return false;
    add(body.subspan(4, captured), wire, interfaces_[0]);
    return true;
  }

  void add(bytes frame, std::uint64_t wire, const interface& on) {
    into_.frames.push_back(
        {last_ns_, std::max<std::uint64_t>(wire, frame.size()), on.link_type, frame});
  }

  plain_capture& into_;
  bool big_endian_ = false;
  std::vector<interface> interfaces_;
  std::int64_t last_ns_ = 0;
};

bool read_blocks(bytes file, plain_capture& into) {
  section_reader reader(into);
  std::size_t length = 0;
  for (std::size_t at = 0; at < file.size(); at += length) {
    if (!reader.take(file.subspan(at), length)) return false;
  }
  return true;
}

}  // namespace

plain_capture read_plainly(bytes file) {
  plain_capture made;
  made.damaged = true;
  if (file.size() < 4) return made;
  if (number(file, 0, 4, false) == 0x0a0d'0d0a) {
    made.damaged = !read_blocks(file, made);
    return made;
  }
  for (const bool big_endian : {false, true}) {
    const std::uint64_t magic = number(file, 0, 4, big_endian);
    if (magic != 0xa1b2'c3d4 && magic != 0xa1b2'3c4d && magic != 0xa1b2'cd34) continue;
    const std::size_t header = magic == 0xa1b2'cd34 ? 24 : 16;
    made.damaged = !read_records(file, big_endian, magic == 0xa1b2'3c4d, header, made);
  }
  return made;
}

}  // namespace callweir::test

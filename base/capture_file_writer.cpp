#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "base/capture_file.hpp"

namespace callweir {
namespace {

constexpr std::size_t buffer_bytes = std::size_t{1} << 18;
constexpr std::uint32_t magic_ns = 0xa1b2'3c4d;

}  // namespace

struct capture_writer::impl {
  std::string path;
  int file = -1;
  capture_format format = capture_format::pcap;
  std::vector<std::uint8_t> buffer;
  std::vector<std::uint16_t> link_types;  // pcapng: one a described interface

  ~impl() {
    if (file >= 0) {
      (void)flush();
      if (file != STDOUT_FILENO) ::close(file);
    }
  }

  template <class T>
  void put(T value) {
    const std::size_t at = buffer.size();
    buffer.resize(at + sizeof value);
    std::memcpy(buffer.data() + at, &value, sizeof value);
  }
  void put_padded(const void* bytes, std::size_t count) {
    const std::size_t at = buffer.size();
    buffer.resize(at + (count + 3) / 4 * 4);
    if (count > 0) std::memcpy(buffer.data() + at, bytes, count);
  }

  void put_pcap_header(std::uint16_t link_type) {
    put<std::uint32_t>(magic_ns);
    put<std::uint16_t>(2);
    put<std::uint16_t>(4);
    put<std::uint64_t>(0);  // zone and accuracy, always 0
    put<std::uint32_t>(capture_reader::frame_bytes_max);
    put<std::uint32_t>(link_type);
    link_types.push_back(link_type);
  }
  void put_section_header() {
    put<std::uint32_t>(0x0a0d'0d0a);
    put<std::uint32_t>(28);
    put<std::uint32_t>(0x1a2b'3c4d);
    put<std::uint16_t>(1);
    put<std::uint16_t>(0);
    put<std::int64_t>(-1);  // section length not given
    put<std::uint32_t>(28);
  }
  /// Number of the interface for `link_type`, described when it is new.
  std::uint32_t interface_of(std::uint16_t link_type) {
    for (std::uint32_t i = 0; i < link_types.size(); ++i) {
      if (link_types[i] == link_type) return i;
    }
    link_types.push_back(link_type);
    put<std::uint32_t>(1);
    put<std::uint32_t>(32);
    put<std::uint16_t>(link_type);
    put<std::uint16_t>(0);
    put<std::uint32_t>(capture_reader::frame_bytes_max);
    put<std::uint16_t>(9);  // if_tsresol: nanoseconds
    put<std::uint16_t>(1);
    put<std::uint32_t>(9);
    put<std::uint32_t>(0);  // end of options
    put<std::uint32_t>(32);
    return static_cast<std::uint32_t>(link_types.size() - 1);
  }
  void put_record(const captured_frame& frame) {
    put<std::uint32_t>(static_cast<std::uint32_t>(frame.time.ns / 1'000'000'000));
    put<std::uint32_t>(static_cast<std::uint32_t>(frame.time.ns % 1'000'000'000));
    put<std::uint32_t>(frame.captured);
    put<std::uint32_t>(frame.wire);
    buffer.insert(buffer.end(), frame.data, frame.data + frame.captured);
  }
  void put_packet_block(const captured_frame& frame, std::string_view comment) {
    const std::uint32_t number = interface_of(frame.link_type);
    const auto padded = [](std::size_t n) { return static_cast<std::uint32_t>((n + 3) / 4 * 4); };
    const std::uint32_t options = comment.empty() ? 0 : 4 + padded(comment.size()) + 4;
    const std::uint32_t length = 32 + padded(frame.captured) + options;
    const auto ticks = static_cast<std::uint64_t>(frame.time.ns);
    put<std::uint32_t>(6);
    put<std::uint32_t>(length);
    put<std::uint32_t>(number);
    put<std::uint32_t>(static_cast<std::uint32_t>(ticks >> 32));
    put<std::uint32_t>(static_cast<std::uint32_t>(ticks));
    put<std::uint32_t>(frame.captured);
    put<std::uint32_t>(frame.wire);
    put_padded(frame.data, frame.captured);
    if (!comment.empty()) {
      put<std::uint16_t>(1);
      put<std::uint16_t>(static_cast<std::uint16_t>(comment.size()));
      put_padded(comment.data(), comment.size());
      put<std::uint32_t>(0);
    }
    put<std::uint32_t>(length);
  }

  result<void> flush() {
    std::size_t done = 0;
    while (done < buffer.size()) {
      const ssize_t wrote = ::write(file, buffer.data() + done, buffer.size() - done);
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote <= 0) {
        const int reason = errno;
        buffer.erase(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(done));
        return fail(std::string("cannot write the capture: ") + std::strerror(reason), path);
      }
      done += static_cast<std::size_t>(wrote);
    }
    buffer.clear();
    return {};
  }
};

capture_writer::capture_writer(std::unique_ptr<impl> made) : impl_(std::move(made)) {}
capture_writer::capture_writer(capture_writer&&) noexcept = default;
capture_writer& capture_writer::operator=(capture_writer&&) noexcept = default;
capture_writer::~capture_writer() = default;

result<capture_writer> capture_writer::create(const std::string& path, capture_format format,
                                              std::uint16_t link_type) {
  auto made = std::make_unique<impl>();
  made->path = path == "-" ? "standard output" : path;
  made->format = format;
  made->file = path == "-" ? STDOUT_FILENO
                           : ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (made->file < 0)
    return fail(std::string("cannot create the capture: ") + std::strerror(errno), path);
  made->buffer.reserve(buffer_bytes + 4096);
  if (format == capture_format::pcap) {
    made->put_pcap_header(link_type);
  } else {
    made->put_section_header();
    made->interface_of(link_type);
  }
  return capture_writer(std::move(made));
}

result<void> capture_writer::write(const captured_frame& frame, std::string_view comment) {
  impl& to = *impl_;
  if (to.file < 0) return fail("the capture is closed", to.path);
  if (frame.captured > capture_reader::frame_bytes_max)
    return fail("a frame is too long for a capture", to.path);
  if (frame.wire < frame.captured)
    return fail("a frame has fewer bytes on the wire than captured", to.path);
  // pcap counts seconds in 32 bits; pcapng's ticks have no sign.
  constexpr std::int64_t pcap_end_ns = std::int64_t{0x1'0000'0000} * 1'000'000'000;
  if (frame.time.ns < 0 || (to.format == capture_format::pcap && frame.time.ns >= pcap_end_ns)) {
    return fail("a time stamp is out of the format's range", to.path);
  }
  if (to.format == capture_format::pcap) {
    if (frame.link_type != to.link_types[0]) {
      return fail("a second link type in one pcap file", to.path, "write pcapng");
    }
    if (!comment.empty()) return fail("pcap has no comments", to.path, "write pcapng");
    to.put_record(frame);
  } else {
    if (comment.size() > 0xffff) return fail("a comment is longer than 65,535 bytes", to.path);
    if (to.link_types.size() >= capture_reader::interfaces_max)
      return fail("too many link types", to.path);
    to.put_packet_block(frame, comment);
  }
  return to.buffer.size() >= buffer_bytes ? to.flush() : result<void>{};
}

result<void> capture_writer::flush() {
  return impl_->flush();
}

result<void> capture_writer::close() {
  impl& to = *impl_;
  if (to.file < 0) return {};
  auto flushed = to.flush();
  const int file = std::exchange(to.file, -1);
  if (file != STDOUT_FILENO && ::close(file) != 0 && flushed) {
    return fail(std::string("cannot write the capture: ") + std::strerror(errno), to.path);
  }
  return flushed;
}

}  // namespace callweir

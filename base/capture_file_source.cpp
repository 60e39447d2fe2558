#include "base/capture_file_source.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/capture_file.hpp"

namespace callweir {
namespace {

constexpr std::size_t buffer_bytes = std::size_t{1} << 20;
// A block of the largest size with its header must fit.
constexpr std::size_t buffer_bytes_max = capture_reader::block_bytes_max + buffer_bytes;

}  // namespace

result<byte_source> byte_source::open(const std::string& path) {
  const int file = path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return fail(std::string("cannot open the capture: ") + std::strerror(errno), path);
  struct stat about {};
  if (::fstat(file, &about) != 0) {
    const int reason = errno;
    if (file != STDIN_FILENO) ::close(file);
    return fail(std::string("cannot read the capture: ") + std::strerror(reason), path);
  }
  if (S_ISDIR(about.st_mode)) {
    if (file != STDIN_FILENO) ::close(file);
    return fail("is a directory", path, "name a pcap or pcapng file");
  }
  byte_source source;
  if (S_ISREG(about.st_mode) && path != "-" && about.st_size > 0) {
    source.size_ = static_cast<std::uint64_t>(about.st_size);
    void* const mapped = ::mmap(nullptr, source.size_, PROT_READ, MAP_PRIVATE, file, 0);
    if (mapped != MAP_FAILED) {
      ::close(file);
      ::madvise(mapped, source.size_, MADV_SEQUENTIAL);
      source.mapping_ = mapped;
      source.data_ = static_cast<const std::uint8_t*>(mapped);
      source.filled_ = source.size_;
      return source;
    }
  }
  source.stream_ = file;
  source.ended_ = false;
  source.buffer_.resize(buffer_bytes);
  source.data_ = source.buffer_.data();
  return source;
}

byte_source byte_source::over(std::span<const std::uint8_t> bytes) {
  byte_source source;
  source.data_ = bytes.data();
  source.filled_ = bytes.size();
  source.size_ = bytes.size();
  return source;
}

byte_source::byte_source(byte_source&& other) noexcept
    : data_(other.data_),
      filled_(other.filled_),
      position_(other.position_),
      offset_(other.offset_),
      size_(other.size_),
      mapping_(std::exchange(other.mapping_, nullptr)),
      stream_(std::exchange(other.stream_, -1)),
      ended_(other.ended_),
      failure_(other.failure_),
      buffer_(std::move(other.buffer_)) {}

byte_source::~byte_source() {
  if (mapping_ != nullptr) ::munmap(mapping_, size_);
  if (stream_ > STDIN_FILENO) ::close(stream_);
}

std::span<const std::uint8_t> byte_source::peek(std::size_t bytes, bool may_move) {
  if (filled_ - position_ < bytes && may_move && !ended_) refill(bytes);
  const std::size_t there = filled_ - position_;
  return {data_ + position_, there < bytes ? there : bytes};
}

void byte_source::refill(std::size_t wanted) {
  const std::size_t left = filled_ - position_;
  std::memmove(buffer_.data(), buffer_.data() + position_, left);
  position_ = 0;
  filled_ = left;
  if (wanted > buffer_.size() && wanted <= buffer_bytes_max) buffer_.resize(wanted);
  data_ = buffer_.data();
  while (filled_ < wanted && filled_ < buffer_.size()) {
    const ssize_t got = ::read(stream_, buffer_.data() + filled_, buffer_.size() - filled_);
    if (got > 0) {
      filled_ += static_cast<std::size_t>(got);
    } else if (got == 0 || errno != EINTR) {
      if (got < 0) failure_ = errno;
      ended_ = true;
      return;
    }
  }
}

}  // namespace callweir

#include "engine/output_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace callweir::engine {

result<output_file> output_file::open(const std::string& path) {
  if (path.empty()) return output_file(STDOUT_FILENO, "standard output");
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return fail(std::string("cannot write: ") + std::strerror(errno), path);
  return output_file(fd, path);
}

output_file::output_file(output_file&& from) noexcept
    : fd_(std::exchange(from.fd_, -1)),
      begun_(from.begun_),
      path_(std::move(from.path_)),
      buffer_(std::move(from.buffer_)) {}

output_file::~output_file() {
  if (fd_ > STDERR_FILENO) ::close(fd_);
}

bool output_file::is(const std::string& path) const {
  struct stat own {
  }, other{};
  return ::fstat(fd_, &own) == 0 && S_ISREG(own.st_mode) && ::stat(path.c_str(), &other) == 0 &&
         own.st_dev == other.st_dev && own.st_ino == other.st_ino;
}

result<void> output_file::flush() {
  // A device or a pipe has no earlier content; what stdout is redirected to is the caller's.
  if (!std::exchange(begun_, true) && fd_ > STDERR_FILENO) (void)::ftruncate(fd_, 0);
  std::size_t at = 0;
  while (at < buffer_.size()) {
    const ssize_t n = ::write(fd_, buffer_.data() + at, buffer_.size() - at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const std::string why = std::strerror(errno);
      buffer_.clear();
      return fail("cannot write: " + why, path_);
    }
    at += static_cast<std::size_t>(n);
  }
  buffer_.clear();
  return {};
}

result<void> output_file::close() {
  if (auto done = flush(); !done) return done;
  const int fd = std::exchange(fd_, -1);
  if (fd > STDERR_FILENO && ::close(fd) != 0) {
    return fail(std::string("cannot write: ") + std::strerror(errno), path_);
  }
  return {};
}

}  // namespace callweir::engine

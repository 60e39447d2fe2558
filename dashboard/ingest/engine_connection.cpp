#include "dashboard/ingest/engine_connection.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "base/record_stream.hpp"
#include "base/unix_listener.hpp"

namespace callweir::dashboard {
namespace {

constexpr std::size_t read_max = 256 << 10;

}  // namespace

engine_connection::engine_connection(int fd) : fd_(fd), reader_(stream::frame_bytes_max) {}

engine_connection::engine_connection(engine_connection&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      broken_(other.broken_),
      reader_(std::move(other.reader_)) {}

engine_connection::~engine_connection() {
  if (fd_ >= 0) ::close(fd_);
}

result<engine_connection> engine_connection::open(const std::string& path) {
  auto fd = connect_unix(path);
  if (!fd) return tl::unexpected(fd.error());
  return engine_connection(*fd);
}

bool engine_connection::send(const std::string& body) {
  std::string frame;
  control::append_frame(frame, body);
  const auto sent = ::send(fd_, frame.data(), frame.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(frame.size())) broken_ = true;
  return !broken_;
}

void engine_connection::wait(int wake, std::chrono::milliseconds patience) {
  pollfd watched[2] = {{fd_, POLLIN, 0}, {wake, POLLIN, 0}};
  if (::poll(watched, 2, static_cast<int>(patience.count())) <= 0) return;
  if (watched[0].revents == 0) return;
  static thread_local std::vector<char> buffer(read_max);
  const auto got = ::recv(fd_, buffer.data(), buffer.size(), 0);
  if (got > 0) {
    reader_.feed({buffer.data(), static_cast<std::size_t>(got)});
  } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
    broken_ = true;
  }
}

}  // namespace callweir::dashboard

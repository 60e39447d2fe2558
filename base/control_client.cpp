#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cerrno>
#include <cstring>
#include <thread>

#include "base/control_socket.hpp"

namespace callweir::control {
namespace {

result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return fail("the socket's path has " + std::to_string(path.size()) + " bytes", path,
                "a Unix socket's path has 1 to 107 bytes");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

std::string field(const boost::json::object& object, const char* key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

outcome read_error(std::string_view body) {
  outcome end{exit_failed, {"the answer cannot be read", {}, {}}};
  boost::system::error_code problem;
  const auto parsed =
      boost::json::parse(boost::json::string_view(body.data(), body.size()), problem);
  if (problem || !parsed.is_object()) return end;
  const auto& object = parsed.get_object();
  end.problem = {field(object, "what"), field(object, "where"), field(object, "mend")};
  const auto* exit = object.if_contains("exit");
  if (exit != nullptr && exit->is_int64() && exit->get_int64() == exit_usage) end.exit = exit_usage;
  return end;
}

bool wait_for(int fd, short events, std::chrono::milliseconds timeout) {
  pollfd one{fd, events, 0};
  int got;
  do {
    got = ::poll(&one, 1, static_cast<int>(timeout.count()));
  } while (got < 0 && errno == EINTR);
  return got > 0;
}

}  // namespace

client::client(int fd, std::chrono::milliseconds timeout, std::string path)
    : fd_(fd), timeout_(timeout), path_(std::move(path)) {}

client::client(client&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), timeout_(other.timeout_), path_(std::move(other.path_)) {}

client& client::operator=(client&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(timeout_, other.timeout_);
  std::swap(path_, other.path_);
  return *this;
}

client::~client() {
  if (fd_ >= 0) ::close(fd_);
}

result<client> client::connect(const std::string& path, std::chrono::milliseconds timeout) {
  auto address = address_of(path);
  if (!address) return tl::unexpected(address.error());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return fail(std::string("no socket: ") + std::strerror(errno), path);
  client made(fd, timeout, path);
  // A Unix socket whose queue of connections is full says so at once, whatever it is asked: try on.
  constexpr auto pause = std::chrono::milliseconds(10);
  for (auto waited = std::chrono::milliseconds(0);; waited += pause) {
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&*address), sizeof *address) == 0)
      return made;
    if ((errno != EAGAIN && errno != EINTR) || waited >= timeout) break;
    std::this_thread::sleep_for(pause);
  }
  switch (errno) {
    case ENOENT:
    case ECONNREFUSED:
      return fail("nobody serves the control socket", path,
                  "start the appliance with 'callweir run', or name its socket with --socket");
    case EACCES:
      return fail("permission denied", path, "run as root or as a member of the socket's group");
    case EAGAIN:
      return fail("the control socket's queue is full", path, "try again");
    default:
      return fail(std::strerror(errno), path);
  }
}

result<outcome> client::request(std::string_view body,
                                const std::function<void(std::string_view)>& on_record) {
  std::string out;
  append_frame(out, body);
  for (std::size_t sent = 0; sent < out.size();) {
    const ssize_t n = ::send(fd_, out.data() + sent, out.size() - sent, MSG_NOSIGNAL);
    if (n > 0) {
      sent += static_cast<std::size_t>(n);
    } else if (n < 0 && errno == EAGAIN) {
      if (!wait_for(fd_, POLLOUT, timeout_)) return fail("no answer in time", path_);
    } else if (errno != EINTR) {
      return fail(std::string("connection lost: ") + std::strerror(errno), path_);
    }
  }
  frame_reader reader(frame_bytes_max);
  std::string frame;
  char buffer[65'536];
  for (std::size_t total = 0; total < reply_bytes_max;) {
    if (!wait_for(fd_, POLLIN, timeout_)) return fail("no answer in time", path_);
    const ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
    if (n == 0) return fail("the connection ended before the answer did", path_);
    if (n < 0) {
      if (errno == EAGAIN || errno == EINTR) continue;
      return fail(std::string("connection lost: ") + std::strerror(errno), path_);
    }
    total += static_cast<std::size_t>(n);
    reader.feed({buffer, static_cast<std::size_t>(n)});
    while (reader.next(frame)) {
      if (frame.starts_with(R"({"type":"done")")) return outcome{};
      if (frame.starts_with(R"({"type":"error")")) return read_error(frame);
      on_record(frame);
    }
    if (reader.failed()) return fail("the answer is not in frames", path_);
  }
  return fail("the answer is longer than the protocol allows", path_);
}

}  // namespace callweir::control

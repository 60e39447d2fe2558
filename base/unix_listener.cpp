#include "base/unix_listener.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/control_socket.hpp"
#include "base/service_user.hpp"

namespace callweir {
namespace {

constexpr int backlog = 64;

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

/// Root's sockets are for the dashboard, too, which is not root.
bool lend_to_service(const std::string& path) {
  if (::geteuid() != 0) return true;
  const auto user = find_service_user();
  return !user || ::chown(path.c_str(), static_cast<uid_t>(-1), user->gid) == 0;
}

}  // namespace

result<unix_listener> unix_listener::open(const std::string& path, mode_t mode) {
  const auto address = address_of(path);
  if (!address) return tl::unexpected(address.error());
  if (auto taken = control::client::connect(path, std::chrono::seconds(1)); taken) {
    return fail("another process serves this socket", path,
                "stop it first, or name another with --socket");
  }
  struct stat old {};
  if (::lstat(path.c_str(), &old) == 0) {
    if (!S_ISSOCK(old.st_mode)) return fail("exists and is not a socket", path, "remove it");
    ::unlink(path.c_str());
  }
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return fail(std::string("no socket: ") + std::strerror(errno), path);
  // The mode of the descriptor, less the umask, is what bind() creates the file with: nobody can
  // connect in between. What the umask took from the group is given back.
  if (::fchmod(fd, mode) != 0 ||
      ::bind(fd, reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0 ||
      !lend_to_service(path) || ::chmod(path.c_str(), mode) != 0 || ::listen(fd, backlog) != 0) {
    const std::string why = std::strerror(errno);
    ::close(fd);
    return fail("cannot listen: " + why, path, "check that the folder exists and is writable");
  }
  return unix_listener(fd, path);
}

unix_listener::unix_listener(int fd, std::string path) : fd_(fd), path_(std::move(path)) {
  struct stat mine {};
  if (::lstat(path_.c_str(), &mine) == 0) {
    device_ = mine.st_dev;
    inode_ = mine.st_ino;
  }
}

unix_listener::unix_listener(unix_listener&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      path_(std::move(other.path_)),
      device_(other.device_),
      inode_(other.inode_) {}

unix_listener& unix_listener::operator=(unix_listener&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = std::exchange(other.fd_, -1);
    path_ = std::move(other.path_);
    device_ = other.device_;
    inode_ = other.inode_;
  }
  return *this;
}

void unix_listener::close() {
  if (fd_ < 0) return;
  ::close(fd_);
  fd_ = -1;
  struct stat now {};
  if (::lstat(path_.c_str(), &now) == 0 && now.st_dev == device_ && now.st_ino == inode_) {
    ::unlink(path_.c_str());
  }
}

unix_listener::~unix_listener() {
  close();
}

int unix_listener::accept() const {
  return ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

result<int> connect_unix(const std::string& path) {
  const auto address = address_of(path);
  if (!address) return tl::unexpected(address.error());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return fail(std::string("no socket: ") + std::strerror(errno), path);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0) {
    const std::string why = std::strerror(errno);
    ::close(fd);
    return fail("cannot connect: " + why, path, "is the appliance running?");
  }
  return fd;
}

}  // namespace callweir

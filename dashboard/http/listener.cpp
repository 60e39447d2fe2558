#include "dashboard/http/listener.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

namespace callweir::dashboard::http {
namespace {

constexpr int backlog = 1'024;
/// The kernel gives up on a client that acknowledges nothing for this long.
constexpr unsigned silent_peer_ms = 30'000;

struct addresses_deleter {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

result<descriptor> try_address(const addrinfo& one, const std::string& where) {
  descriptor out(::socket(one.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int yes = 1;
  if (out.get() >= 0 && ::setsockopt(out.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
      ::bind(out.get(), one.ai_addr, one.ai_addrlen) == 0 && ::listen(out.get(), backlog) == 0) {
    return out;
  }
  const int problem = errno;
  const char* mend = "";
  if (problem == EADDRINUSE)
    mend = "another program listens there; choose another dashboard.listen";
  if (problem == EADDRNOTAVAIL) mend = "dashboard.listen must name an address of this machine";
  if (problem == EACCES) mend = "ports below 1024 need CAP_NET_BIND_SERVICE";
  return fail(std::string("cannot listen: ") + std::strerror(problem), where, mend);
}

}  // namespace

descriptor& descriptor::operator=(descriptor&& other) noexcept {
  if (this != &other) {
    if (number_ >= 0) ::close(number_);
    number_ = other.release();
  }
  return *this;
}

descriptor::~descriptor() {
  if (number_ >= 0) ::close(number_);
}

int descriptor::release() {
  return std::exchange(number_, -1);
}

result<descriptor> listen_on(const std::string& host, std::uint16_t port) {
  const std::string where = host + ':' + std::to_string(port);
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  const std::unique_ptr<addrinfo, addresses_deleter> list(found);
  if (code != 0) {
    return fail(std::string("cannot listen: ") + ::gai_strerror(code), where,
                "dashboard.listen is an address and a port");
  }
  result<descriptor> out = fail("cannot listen: no address", where);
  for (const addrinfo* one = found; one != nullptr && !out; one = one->ai_next) {
    out = try_address(*one, where);
  }
  return out;
}

std::uint16_t bound_port(int socket) {
  sockaddr_storage address{};
  socklen_t bytes = sizeof address;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &bytes) != 0) return 0;
  if (address.ss_family == AF_INET) {
    return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  }
  return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
}

arrival accept_one(int listener) {
  arrival out;
  sockaddr_storage address{};
  socklen_t bytes = sizeof address;
  out.socket = descriptor(::accept4(listener, reinterpret_cast<sockaddr*>(&address), &bytes,
                                    SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (out.socket.get() < 0) return out;
  const int yes = 1;
  ::setsockopt(out.socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  ::setsockopt(out.socket.get(), IPPROTO_TCP, TCP_USER_TIMEOUT, &silent_peer_ms,
               sizeof silent_peer_ms);
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET) {
    const auto& in = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &in.sin_addr, text.data(), text.size());
    out.peer = out.counts_as = text.data();
    return out;
  }
  auto in = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&in)) {
    ::inet_ntop(AF_INET, &in.s6_addr[12], text.data(), text.size());
    out.peer = out.counts_as = text.data();
    return out;
  }
  ::inet_ntop(AF_INET6, &in, text.data(), text.size());
  out.peer = text.data();
  std::memset(&in.s6_addr[8], 0, 8);
  ::inet_ntop(AF_INET6, &in, text.data(), text.size());
  out.counts_as = text.data();
  return out;
}

std::size_t address_counts::of(const std::string& address) const {
  const auto found = counts_.find(address);
  return found == counts_.end() ? 0 : found->second;
}

const std::size_t* address_counts::add(const std::string& address) {
  std::size_t& count = counts_[address];
  ++count;
  return &count;
}

void address_counts::remove(const std::string& address) {
  const auto found = counts_.find(address);
  if (found != counts_.end() && --found->second == 0) counts_.erase(found);
}

}  // namespace callweir::dashboard::http

// The listening socket, and who may come in.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "base/result.hpp"

namespace callweir::dashboard::http {

/// Closes it at the end of its life. Movable.
class descriptor {
 public:
  explicit descriptor(int number = -1) : number_(number) {}
  descriptor(descriptor&& other) noexcept : number_(other.release()) {}
  descriptor& operator=(descriptor&& other) noexcept;
  ~descriptor();
  int get() const { return number_; }
  int release();

 private:
  int number_;
};

/// A non-blocking listening socket. `host` is an address or a name ("localhost").
result<descriptor> listen_on(const std::string& host, std::uint16_t port);
/// Port that a socket is bound to, 0 when it is not.
std::uint16_t bound_port(int socket);

/// One that has come in: its socket (-1: none waits, errno tells why), the text of its address, and
/// what counts as one address (an IPv6 client has a /64 to choose from).
struct arrival {
  descriptor socket;
  std::string peer, counts_as;
};
arrival accept_one(int listener);

/// How many connections an address has.
class address_counts {
 public:
  std::size_t of(const std::string& address) const;
  /// Where its count is; stays there until the last one of the address is removed.
  const std::size_t* add(const std::string& address);
  void remove(const std::string& address);

 private:
  std::unordered_map<std::string, std::size_t> counts_;  // at most one entry a connection
};

}  // namespace callweir::dashboard::http

// Internal to capture: questions to the kernel about interfaces over rtnetlink. Control path, any
// thread.
#pragma once

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>

#include "capture/descriptor.hpp"

namespace callweir::capture {

/// One netlink question and its answer, attributes after `body`. Waits a second at most.
template <class Body>
class question {
 public:
  question(std::uint16_t type, const Body& body) {
    header().nlmsg_type = type;
    header().nlmsg_flags = NLM_F_REQUEST;
    header().nlmsg_len = NLMSG_LENGTH(sizeof(Body));
    std::memcpy(bytes_.data() + NLMSG_HDRLEN, &body, sizeof body);
  }
  void attribute(std::uint16_t type, std::int32_t value) {
    auto* a = reinterpret_cast<rtattr*>(bytes_.data() + NLMSG_ALIGN(header().nlmsg_len));
    a->rta_type = type;
    a->rta_len = RTA_LENGTH(sizeof value);
    std::memcpy(RTA_DATA(a), &value, sizeof value);
    header().nlmsg_len = NLMSG_ALIGN(header().nlmsg_len) + RTA_ALIGN(a->rta_len);
  }
  /// The answer replaces the question.
  bool ask(std::uint16_t answer_type) {
    const descriptor s(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    const timeval patience{1, 0};
    setsockopt(s.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (send(s.get(), bytes_.data(), header().nlmsg_len, 0) < 0) return false;
    const auto got = recv(s.get(), bytes_.data(), bytes_.size(), 0);
    return got >= static_cast<ssize_t>(NLMSG_LENGTH(sizeof(Body))) &&
           header().nlmsg_type == answer_type &&
           header().nlmsg_len <= static_cast<std::size_t>(got);
  }
  std::optional<std::int32_t> find(std::uint16_t type) {
    auto left = static_cast<int>(NLMSG_PAYLOAD(&header(), sizeof(Body)));
    auto* a = reinterpret_cast<rtattr*>(bytes_.data() + NLMSG_LENGTH(NLMSG_ALIGN(sizeof(Body))));
    for (; RTA_OK(a, left); a = RTA_NEXT(a, left)) {
      if (a->rta_type != type || RTA_PAYLOAD(a) < sizeof(std::int32_t)) continue;
      std::int32_t value;
      std::memcpy(&value, RTA_DATA(a), sizeof value);
      return value;
    }
    return {};
  }

 private:
  nlmsghdr& header() { return *reinterpret_cast<nlmsghdr*>(bytes_.data()); }
  alignas(nlmsghdr) std::array<char, 16384> bytes_{};
};

}  // namespace callweir::capture

// The other end of a veth. What it leaves unfinished (VLAN tags in metadata, checksums) would be
// lost on an AF_XDP socket, and no setting of our own end can mend it.
#include <fcntl.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <optional>
#include <thread>

#include "capture/kernel_interface.hpp"

namespace callweir::capture {
namespace {

class descriptor {
 public:
  explicit descriptor(int fd) : fd_(fd) {}
  ~descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

/// One netlink question and its answer, attributes after `body`.
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

/// Our number for the namespace behind `fd`, if it has one.
std::optional<std::int32_t> namespace_id(int fd) {
  question<rtgenmsg> q(RTM_GETNSID, rtgenmsg{AF_UNSPEC});
  q.attribute(NETNSA_FD, fd);
  return q.ask(RTM_NEWNSID) ? q.find(NETNSA_NSID) : std::nullopt;
}

bool finish_here(int peer_index, unsigned our_queues) {
  std::array<char, IF_NAMESIZE> name{};
  if (if_indextoname(static_cast<unsigned>(peer_index), name.data()) == nullptr) return false;
  const auto peer = kernel_interface::open(name.data());
  if (!peer || peer->driver() != "veth") return false;
  // The kernel attaches XDP only where the other end has no more transmit queues than we have
  // receive queues.
  (void)peer->limit_transmit_channels(our_queues);
  return peer->switch_off(unfinished_features()).has_value();
}

bool finish_in(int namespace_fd, int peer_index, unsigned our_queues) {
  // A thread of its own: the caller's namespace stays as it is.
  bool done = false;
  std::thread([&] {
    done = setns(namespace_fd, CLONE_NEWNET) == 0 && finish_here(peer_index, our_queues);
  }).join();
  return done;
}

constexpr int namespaces_max = 1024;

}  // namespace

bool finish_frames_at_peer(const kernel_interface& port) {
  if (port.driver() != "veth") return true;
  ifinfomsg about{};
  about.ifi_index = port.index();
  question<ifinfomsg> q(RTM_GETLINK, about);
  if (!q.ask(RTM_NEWLINK)) return false;
  const auto peer = q.find(IFLA_LINK);
  const auto where = q.find(IFLA_LINK_NETNSID);
  if (!peer) return false;
  const unsigned queues = port.channels().receive;
  if (!where) return finish_here(*peer, queues);
  std::error_code error;
  int seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/run/netns", error)) {
    if (++seen > namespaces_max) break;
    const descriptor ns(open(entry.path().c_str(), O_RDONLY | O_CLOEXEC));
    if (ns.get() >= 0 && namespace_id(ns.get()) == where) return finish_in(ns.get(), *peer, queues);
  }
  return false;
}

}  // namespace callweir::capture

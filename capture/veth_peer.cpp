// The other end of a veth. What it leaves unfinished (VLAN tags in metadata, checksums) would be
// lost on an AF_XDP socket, and no setting of our own end can mend it.
#include <fcntl.h>
#include <linux/net_namespace.h>
#include <net/if.h>
#include <sched.h>

#include <array>
#include <filesystem>
#include <optional>
#include <thread>

#include "capture/kernel_interface.hpp"
#include "capture/netlink_question.hpp"

namespace callweir::capture {
namespace {

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

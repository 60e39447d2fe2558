#include "engine/port_setup.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>

#include "base/log.hpp"
#include "capture/kernel_interface.hpp"
#include "capture/pass_through.hpp"
#include "capture/xdp_program.hpp"

namespace callweir::engine {
namespace {

using capture::kernel_interface;
using capture::link_config;
using capture::port_config;

/// What the driver's frames take beside the 3,520 bytes of data: Ethernet header and two tags.
constexpr unsigned mtu_max = 3498;

std::string place(const link_config& link, const char* which) {
  return "link '" + link.name + "', " + which;
}

template <class Visit>
void each_kernel_port(const std::vector<link_config>& links, Visit visit) {
  for (const auto& link : links)
    for (const auto* port : {&link.inside, &link.outside})
      if (port->type == port_config::kind::kernel)
        visit(link, *port, port == &link.inside ? "inside" : "outside");
}

bool is_used_by(const link_config& link, const std::string& device) {
  return link.inside.device == device || link.outside.device == device;
}

/// What the configuration alone shows to be wrong with a link.
result<void> check_shape(const link_config& link, const std::vector<link_config>& links) {
  if (link.fail_open == link_config::fail_open_mode::kernel && !link.is_kernel())
    return fail("only links of two kernel interfaces fail open", place(link, "fail_open"),
                "write 'fail_open: none' to accept that traffic stops with the engine");
  for (const auto* port : {&link.inside, &link.outside}) {
    const auto users = std::count_if(links.begin(), links.end(), [&](const auto& each) {
      return is_used_by(each, port->device);
    });
    if (users > 1 || link.inside.device == link.outside.device)
      return fail("port '" + port->device + "' is used twice",
                  place(link, port == &link.inside ? "inside" : "outside"));
  }
  return {};
}

/// What must hold before anything of an interface is changed: that it is there and nobody else's.
/// Redirecting the loopback would cut the machine off from itself, redirecting a bridge's port the
/// bridge.
result<void> check_free(const port_config& config) {
  const auto port = kernel_interface::open(config.device);
  if (!port) return tl::unexpected(port.error());
  if (port->is_loopback()) return fail("the loopback cannot be a port of a link");
  if (const auto above = port->master(); !above.empty())
    return fail("is a member of '" + above + "', which sends and receives by it, too", "",
                "ip link set " + config.device + " nomaster");
  return {};
}

result<void> check_free(const link_config& link) {
  for (const auto* port : {&link.inside, &link.outside}) {
    if (port->type != port_config::kind::kernel) continue;
    auto free = check_free(*port);
    if (free) continue;
    free.error().where =
        place(link, port == &link.inside ? "inside" : "outside") + " (" + port->device + ")";
    return free;
  }
  return {};
}

/// The kernel's wire under a link. Nothing else of its interfaces is changed.
result<void> lay_pass_through(const link_config& link) {
  for (const auto* config : {&link.inside, &link.outside}) {
    const auto port = kernel_interface::open(config->device);
    if (!port) return tl::unexpected(port.error());
    (void)port->set_promiscuous();
    (void)port->set_admin_up(true);
  }
  auto joined = capture::join_pass_through(link.inside.device, link.outside.device);
  if (joined) return joined;
  joined.error().where = "link '" + link.name + "'";
  if (geteuid() != 0) joined.error().mend = "run it as root (sudo), or with CAP_NET_ADMIN";
  return joined;
}

result<void> set_queues(const kernel_interface& port, unsigned workers) {
  const auto now = port.channels();
  const bool spreads =
      workers > 1 && now.receive_max >= workers && port.set_symmetric_rss().has_value();
  const unsigned wanted = spreads ? workers : 1;
  // A veth spreads without symmetry, and XDP ties its number of queues to the other end's: all are
  // polled.
  if (now.receive == wanted || (port.driver() == "veth" && now.receive <= capture::workers_max))
    return {};
  if (const auto done = port.set_channels(wanted); done) return {};
  // All of them can be polled by one thread instead.
  if (now.receive <= capture::workers_max) return {};
  return fail(std::to_string(now.receive) + " receive queues, at most " +
                  std::to_string(capture::workers_max) +
                  " are polled and their number cannot be changed",
              port.name(), "ethtool -L " + port.name() + " combined 1");
}

/// Everything about one port that can be mended, mended; the rest an error.
result<void> set_up(const kernel_interface& port, unsigned workers) {
  if (auto done = port.set_promiscuous(); !done) return done;
  if (auto done = port.set_admin_up(true); !done) return done;
  port.silence();
  const auto mtu = port.mtu();
  if (!mtu) return tl::unexpected(mtu.error());
  if (*mtu > mtu_max)
    return fail("MTU " + std::to_string(*mtu) + " is larger than AF_XDP takes", port.name(),
                "ip link set " + port.name() + " mtu " + std::to_string(mtu_max) +
                    " (both ports of the link)");
  if (capture::query_xdp(port.index()) == capture::xdp_state::foreign)
    return fail("another XDP program is attached", port.name(),
                "ip link set " + port.name() + " xdp off");
  const auto left = port.switch_off(capture::altering_features());
  if (!left) return tl::unexpected(left.error());
  if (!left->empty())
    return fail("offload '" + left->front() + "' alters frames and cannot be switched off",
                port.name(), "use another interface");
  if (port.has_ipv4_address())
    log::warning("links", "port {} has an IP address: nothing reaches it there any more",
                 port.name());
  if (!capture::finish_frames_at_peer(port))
    log::warning("links",
                 "port {} is a veth whose other end is out of reach: switch 'tx', 'txvlan' and "
                 "'tx-vlan-stag-hw-insert' "
                 "off there with ethtool -K",
                 port.name());
  return set_queues(port, workers);
}

int lock_socket(const std::string& device) {
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // Abstract: of this network namespace, gone with the process.
  const std::string name = "callweir-port-" + device;
  name.copy(address.sun_path + 1, sizeof address.sun_path - 1);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 +
                                           std::min(name.size(), sizeof address.sun_path - 1));
  if (fd >= 0 && bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0) {
    close(fd);
    return -1;
  }
  return fd;
}

}  // namespace

result<port_lock> port_lock::take(const std::vector<link_config>& links) {
  port_lock held;
  std::vector<std::string> taken;  // a port that is named twice is somebody else's complaint
  for (const auto& link : links)
    for (const auto* port : {&link.inside, &link.outside}) {
      if (std::find(taken.begin(), taken.end(), port->device) != taken.end()) continue;
      taken.push_back(port->device);
      const int fd = lock_socket(port->device);
      if (fd < 0)
        return fail("port '" + port->device + "' is already joined by another callweir",
                    "link '" + link.name + "'", "stop the other one first");
      held.sockets_.push_back(fd);
    }
  return held;
}

port_lock::~port_lock() {
  for (const int fd : sockets_) close(fd);
}

result<void> set_up_ports(const std::vector<link_config>& links, unsigned workers) {
  // First what keeps traffic flowing, on every link that nothing is wrong with so far.
  result<void> first;
  for (const auto& link : links) {
    auto done = check_shape(link, links);
    if (done) done = check_free(link);
    if (done && link.is_kernel()) done = lay_pass_through(link);
    if (!done && first) first = done;
  }
  if (!first) return first;

  result<void> outcome;
  each_kernel_port(links,
                   [&](const link_config& link, const port_config& config, const char* which) {
                     if (!outcome) return;
                     const auto port = kernel_interface::open(config.device);
                     if (!port) {
                       outcome = fail(port.error().what, place(link, which), port.error().mend);
                       return;
                     }
                     outcome = set_up(*port, workers);
                     if (!outcome)
                       outcome.error().where = place(link, which) + " (" + config.device + ")";
                   });
  if (!outcome) return outcome;
  for (const auto& link : links) {
    if (!link.is_kernel()) continue;
    const auto a = kernel_interface::open(link.inside.device)->mtu();
    const auto b = kernel_interface::open(link.outside.device)->mtu();
    if (a && b && *a != *b)
      return fail("the ports have MTU " + std::to_string(*a) + " and " + std::to_string(*b) +
                      ": frames would be larger than " +
                      (*a > *b ? link.outside.device : link.inside.device) + " takes",
                  "link '" + link.name + "'", "give both the same MTU");
  }
  return {};
}

std::vector<int> kernel_indices(const std::vector<link_config>& links) {
  std::vector<int> indices;
  each_kernel_port(links, [&](const link_config&, const port_config& config, const char*) {
    const auto port = kernel_interface::open(config.device);
    indices.push_back(port ? port->index() : 0);
  });
  return indices;
}

}  // namespace callweir::engine

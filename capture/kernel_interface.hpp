// A network interface of the kernel: what it is set to and what must be changed before frames may
// pass through it unaltered. ioctl and ethtool, no DPDK; works with the engine dead. Control path
// only, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace callweir::capture {

class kernel_interface {
 public:
  /// Fails (naming it) when this network namespace has no such interface.
  static result<kernel_interface> open(std::string_view name);

  const std::string& name() const { return name_; }
  int index() const { return index_; }
  result<unsigned> mtu() const;  // bytes of L3
  bool admin_up() const;
  bool carrier() const;  // false also when administratively down
  bool is_loopback() const;
  /// The bridge, bond or other interface that it is a member of, "" for none.
  std::string master() const;
  /// Kernel driver, "veth", "ixgbe", "" where it does not say.
  std::string driver() const;
  /// Has an IPv4 address: somebody may be managing the machine through it.
  bool has_ipv4_address() const;

  result<void> set_admin_up(bool up) const;
  /// Promiscuous and all-multicast, left on: the pass-through needs them too.
  result<void> set_promiscuous() const;
  /// The kernel's own IPv6 keeps quiet on the port (no router solicitations, no MLD). Best effort.
  void silence() const;

  struct feature {
    std::string name;  // the kernel's: "rx-vlan-hw-parse"
    bool active = false;
    bool changeable = false;
  };
  result<std::vector<feature>> features() const;
  /// Switches off those of `names` that are on. Returns the ones that stay on.
  result<std::vector<std::string>> switch_off(const std::vector<std::string_view>& names) const;

  struct channel_count {
    unsigned receive = 1;  // queues that frames arrive by
    unsigned receive_max = 1;
  };
  channel_count channels() const;
  /// Receive queues set to `count`; transmit queues stay where they can.
  result<void> set_channels(unsigned count) const;
  /// Transmit queues at most `count`; receive queues stay.
  result<void> limit_transmit_channels(unsigned count) const;
  /// RSS over addresses and ports with a key that sends both directions of a flow to one queue.
  result<void> set_symmetric_rss() const;

 private:
  std::string name_;
  int index_ = 0;
};

/// Features that would alter a frame on its way in or out of a port, by the kernel's names.
const std::vector<std::string_view>& altering_features();
/// Features of the other end of a veth that leave a frame unfinished: tags in metadata, checksums
/// to be filled in.
const std::vector<std::string_view>& unfinished_features();

/// The other end of a veth is looked for in this namespace and in those named in /run/netns, and
/// what it leaves unfinished is switched off. False when it is a veth whose end cannot be reached;
/// true for anything else.
bool finish_frames_at_peer(const kernel_interface& port);

}  // namespace callweir::capture

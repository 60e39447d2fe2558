#include "capture/kernel_interface.hpp"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "capture/netlink_question.hpp"

namespace callweir::capture {
namespace {

/// A socket for ioctls, of the calling thread's network namespace.
class control_socket {
 public:
  control_socket() : fd_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {}
  ~control_socket() {
    if (fd_ >= 0) close(fd_);
  }
  control_socket(const control_socket&) = delete;
  control_socket& operator=(const control_socket&) = delete;
  int call(unsigned long request, ifreq& argument) const { return ioctl(fd_, request, &argument); }

 private:
  int fd_;
};

ifreq request_for(const std::string& name) {
  ifreq r{};
  name.copy(r.ifr_name, IFNAMSIZ - 1);
  return r;
}

int ethtool_call(const std::string& name, void* command) {
  auto r = request_for(name);
  r.ifr_data = static_cast<char*>(command);
  return control_socket().call(SIOCETHTOOL, r);
}

auto failed(const std::string& name, const std::string& what) {
  return fail(name + ": " + what + ": " + std::strerror(errno));
}

result<void> change_flags(const std::string& name, short set, short clear) {
  auto r = request_for(name);
  const control_socket s;
  if (s.call(SIOCGIFFLAGS, r) != 0) return failed(name, "cannot read flags");
  const auto wanted = static_cast<short>((r.ifr_flags | set) & ~clear);
  if (wanted == r.ifr_flags) return {};
  r.ifr_flags = wanted;
  if (s.call(SIOCSIFFLAGS, r) != 0) return failed(name, "cannot change flags");
  return {};
}

short flags_of(const std::string& name) {
  auto r = request_for(name);
  return control_socket().call(SIOCGIFFLAGS, r) == 0 ? r.ifr_flags : short{0};
}

/// The ethtool structures end in arrays without a bound: space for `extra` bytes behind `T`,
/// aligned.
template <class T>
class with_tail {
 public:
  explicit with_tail(std::size_t extra) : store_((sizeof(T) + extra + 7) / 8) {}
  T* operator->() { return reinterpret_cast<T*>(store_.data()); }
  T* get() { return reinterpret_cast<T*>(store_.data()); }

 private:
  std::vector<std::uint64_t> store_;
};

constexpr std::uint32_t features_max = 1024;

}  // namespace

result<kernel_interface> kernel_interface::open(std::string_view name) {
  if (name.empty() || name.size() >= IFNAMSIZ)
    return fail("'" + std::string(name) + "' is no interface name", "",
                "names have 1 to 15 characters");
  kernel_interface made;
  made.name_ = name;
  made.index_ = static_cast<int>(if_nametoindex(made.name_.c_str()));
  if (made.index_ == 0)
    return fail("there is no interface '" + made.name_ + "'", "",
                "'ip link' lists those that there are");
  return made;
}

result<unsigned> kernel_interface::mtu() const {
  auto r = request_for(name_);
  if (control_socket().call(SIOCGIFMTU, r) != 0) return failed(name_, "cannot read the MTU");
  return static_cast<unsigned>(r.ifr_mtu);
}

bool kernel_interface::admin_up() const {
  return (flags_of(name_) & IFF_UP) != 0;
}
bool kernel_interface::carrier() const {
  const auto f = flags_of(name_);
  return (f & IFF_UP) != 0 && (f & IFF_RUNNING) != 0;
}
bool kernel_interface::is_loopback() const {
  return (flags_of(name_) & IFF_LOOPBACK) != 0;
}

std::string kernel_interface::master() const {
  ifinfomsg about{};
  about.ifi_index = index_;
  question<ifinfomsg> q(RTM_GETLINK, about);
  const auto above = q.ask(RTM_NEWLINK) ? q.find(IFLA_MASTER) : std::nullopt;
  std::array<char, IF_NAMESIZE> name{};
  if (!above || if_indextoname(static_cast<unsigned>(*above), name.data()) == nullptr) return {};
  return name.data();
}

std::string kernel_interface::driver() const {
  ethtool_drvinfo info{};
  info.cmd = ETHTOOL_GDRVINFO;
  if (ethtool_call(name_, &info) != 0) return {};
  return {info.driver, strnlen(info.driver, sizeof info.driver)};
}

bool kernel_interface::has_ipv4_address() const {
  auto r = request_for(name_);
  return control_socket().call(SIOCGIFADDR, r) == 0;
}

result<void> kernel_interface::set_admin_up(bool up) const {
  return up ? change_flags(name_, IFF_UP, 0) : change_flags(name_, 0, IFF_UP);
}

result<void> kernel_interface::set_promiscuous() const {
  return change_flags(name_, IFF_PROMISC | IFF_ALLMULTI, 0);
}

void kernel_interface::silence() const {
  std::ofstream("/proc/sys/net/ipv6/conf/" + name_ + "/disable_ipv6") << "1";
}

result<std::vector<kernel_interface::feature>> kernel_interface::features() const {
  with_tail<ethtool_sset_info> count(sizeof(std::uint32_t));
  count->cmd = ETHTOOL_GSSET_INFO;
  count->sset_mask = std::uint64_t{1} << ETH_SS_FEATURES;
  if (ethtool_call(name_, count.get()) != 0) return failed(name_, "cannot count offloads");
  const std::uint32_t n = std::min(count->data[0], features_max);

  with_tail<ethtool_gstrings> names(std::size_t{n} * ETH_GSTRING_LEN);
  names->cmd = ETHTOOL_GSTRINGS;
  names->string_set = ETH_SS_FEATURES;
  names->len = n;
  if (ethtool_call(name_, names.get()) != 0) return failed(name_, "cannot list offloads");

  const std::uint32_t blocks = (n + 31) / 32;
  with_tail<ethtool_gfeatures> state(blocks * sizeof(ethtool_get_features_block));
  state->cmd = ETHTOOL_GFEATURES;
  state->size = blocks;
  if (ethtool_call(name_, state.get()) != 0) return failed(name_, "cannot read offloads");

  std::vector<feature> out(n);
  for (std::uint32_t i = 0; i < n; ++i) {
    const auto* text =
        reinterpret_cast<const char*>(names->data) + std::size_t{i} * ETH_GSTRING_LEN;
    const auto& block = state->features[i / 32];
    const std::uint32_t bit = 1U << (i % 32);
    out[i].name.assign(text, strnlen(text, ETH_GSTRING_LEN));
    out[i].active = (block.active & bit) != 0;
    out[i].changeable = (block.available & bit) != 0 && (block.never_changed & bit) == 0;
  }
  return out;
}

result<std::vector<std::string>> kernel_interface::switch_off(
    const std::vector<std::string_view>& names) const {
  auto now = features();
  if (!now) return tl::unexpected(now.error());
  const auto wanted = [&](const feature& f) {
    return f.active && std::find(names.begin(), names.end(), f.name) != names.end();
  };
  const auto blocks = static_cast<std::uint32_t>((now->size() + 31) / 32);
  with_tail<ethtool_sfeatures> change(blocks * sizeof(ethtool_set_features_block));
  change->cmd = ETHTOOL_SFEATURES;
  change->size = blocks;
  bool any = false;
  for (std::uint32_t i = 0; i < now->size(); ++i) {
    if (!wanted((*now)[i]) || !(*now)[i].changeable) continue;
    change->features[i / 32].valid |= 1U << (i % 32);
    any = true;
  }
  if (any) {
    if (ethtool_call(name_, change.get()) < 0) return failed(name_, "cannot switch offloads off");
    now = features();
    if (!now) return tl::unexpected(now.error());
  }
  std::vector<std::string> left;
  for (const auto& f : *now)
    if (wanted(f)) left.push_back(f.name);
  return left;
}

kernel_interface::channel_count kernel_interface::channels() const {
  ethtool_channels c{};
  c.cmd = ETHTOOL_GCHANNELS;
  if (ethtool_call(name_, &c) != 0) return {};
  return {std::max(1U, c.rx_count + c.combined_count),
          std::max(1U, std::max(c.max_rx, c.max_combined))};
}

result<void> kernel_interface::set_channels(unsigned count) const {
  ethtool_channels c{};
  c.cmd = ETHTOOL_GCHANNELS;
  if (ethtool_call(name_, &c) != 0) return failed(name_, "cannot read the number of queues");
  if (c.combined_count > 0 || c.max_rx == 0) {
    c.combined_count = count;
    c.rx_count = 0;
  } else {
    c.rx_count = count;
  }
  c.cmd = ETHTOOL_SCHANNELS;
  if (ethtool_call(name_, &c) != 0)
    return failed(name_, "cannot set the number of receive queues to " + std::to_string(count));
  return {};
}

result<void> kernel_interface::limit_transmit_channels(unsigned count) const {
  ethtool_channels c{};
  c.cmd = ETHTOOL_GCHANNELS;
  if (ethtool_call(name_, &c) != 0) return failed(name_, "cannot read the number of queues");
  if (c.tx_count <= count) return {};
  c.cmd = ETHTOOL_SCHANNELS;
  c.tx_count = count;
  if (ethtool_call(name_, &c) != 0)
    return failed(name_, "cannot set the number of transmit queues to " + std::to_string(count));
  return {};
}

result<void> kernel_interface::set_symmetric_rss() const {
  ethtool_rxfh about{};
  about.cmd = ETHTOOL_GRSSH;
  if (ethtool_call(name_, &about) != 0 || about.key_size == 0 || about.key_size > 256)
    return failed(name_, "has no RSS key");
  with_tail<ethtool_rxfh> set(about.key_size);
  set->cmd = ETHTOOL_SRSSH;
  set->indir_size = ETH_RXFH_INDIR_NO_CHANGE;
  set->key_size = about.key_size;
  set->hfunc = 0;
  // 0x6d5a repeated makes Toeplitz symmetric. It spreads load only: no table trusts it.
  auto* key = reinterpret_cast<std::uint8_t*>(set->rss_config);
  for (std::uint32_t i = 0; i < about.key_size; ++i) key[i] = (i % 2 == 0) ? 0x6d : 0x5a;
  if (ethtool_call(name_, set.get()) != 0) return failed(name_, "cannot set the RSS key");
  // Addresses only: the fragments of a datagram, which carry no ports, stay with it.
  for (const std::uint32_t kind : {TCP_V4_FLOW, UDP_V4_FLOW, TCP_V6_FLOW, UDP_V6_FLOW}) {
    ethtool_rxnfc fields{};
    fields.cmd = ETHTOOL_SRXFH;
    fields.flow_type = kind;
    fields.data = RXH_IP_SRC | RXH_IP_DST;
    if (ethtool_call(name_, &fields) != 0) return failed(name_, "cannot set the fields of RSS");
  }
  return {};
}

const std::vector<std::string_view>& altering_features() {
  static const std::vector<std::string_view> names = {"rx-vlan-hw-parse",
                                                      "rx-vlan-stag-hw-parse",
                                                      "tx-vlan-hw-insert",
                                                      "tx-vlan-stag-hw-insert",
                                                      "rx-gro",
                                                      "rx-gro-hw",
                                                      "rx-gro-list",
                                                      "rx-udp-gro-forwarding",
                                                      "rx-lro"};
  return names;
}

const std::vector<std::string_view>& unfinished_features() {
  static const std::vector<std::string_view> names = {
      "tx-vlan-hw-insert",   "tx-vlan-stag-hw-insert",       "tx-checksum-ip-generic",
      "tx-checksum-sctp",    "tx-tcp-segmentation",          "tx-tcp6-segmentation",
      "tx-udp-segmentation", "tx-tcp-mangleid-segmentation", "tx-tcp-ecn-segmentation",
      "tx-sctp-segmentation"};
  return names;
}

}  // namespace callweir::capture

// Opening the ports of all links: what differs between a kernel interface, a card and a virtual
// device.
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "capture/eal.hpp"
#include "capture/frame_pool.hpp"
#include "capture/kernel_interface.hpp"
#include "capture/port.hpp"
#include "capture/stray_frames.hpp"
#include "capture/xdp_program.hpp"

namespace callweir::capture {
namespace {

constexpr std::uint16_t ring_entries = 2048;
/// What the rings of one queue can own at most: fill, receive, transmit and completion.
constexpr std::uint32_t frames_per_queue = 6144;
constexpr std::uint32_t frames_per_worker = 1024;  // its cache and two bursts

std::uint32_t frames_needed(std::size_t queues, const port_options& options) {
  return static_cast<std::uint32_t>(queues) * frames_per_queue +
         options.workers * frames_per_worker + options.held_frames;
}

struct opened_port {
  std::vector<std::uint16_t> devices;  // one a queue, or one with several queues
  std::vector<std::unique_ptr<port>> queues;
};

const port_config& port_of(const link_config& link, side which) {
  return which == side::inside ? link.inside : link.outside;
}

std::string place(const link_config& link, side which) {
  return "link '" + link.name + "', " + (which == side::inside ? "inside" : "outside") + " (" +
         port_of(link, which).device + ")";
}

unsigned queues_of(const port_config& port, unsigned workers) {
  if (port.type == port_config::kind::vdev) return 1;
  if (port.type == port_config::kind::pci) return workers;
  const auto interface = kernel_interface::open(port.device);
  return interface ? interface->channels().receive : 1;
}

result<std::uint16_t> plug_in(const std::string& name, const std::string& arguments,
                              const std::string& where) {
  forget_eal_words();
  if (rte_eal_hotplug_add("vdev", name.c_str(), arguments.c_str()) != 0)
    return fail("cannot open '" + name + "," + arguments + "': " + last_eal_words(), where);
  std::uint16_t id = 0;
  if (rte_eth_dev_get_port_by_name(name.c_str(), &id) != 0)
    return fail("'" + name + "' is no Ethernet device", where);
  return id;
}

/// `device` with `queues` queues, not started. Nothing that alters a frame is asked for.
result<void> configure(std::uint16_t device, std::uint16_t queues, const std::string& where) {
  rte_eth_conf conf{};
  rte_eth_dev_info about{};
  rte_eth_dev_info_get(device, &about);
  if (queues > about.max_rx_queues || queues > about.max_tx_queues)
    return fail("has only " + std::to_string(about.max_rx_queues) + " queues for " +
                    std::to_string(queues) + " workers",
                where, "lower engine.workers");
  std::array<std::uint8_t, 64> key{};
  if (queues > 1) {
    // Both directions of a flow to one queue; fragments follow, because only addresses count.
    for (std::size_t i = 0; i < key.size(); ++i) key[i] = (i % 2 == 0) ? 0x6d : 0x5a;
    conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    conf.rx_adv_conf.rss_conf.rss_hf =
        (RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_IPV6 | RTE_ETH_RSS_FRAG_IPV4) &
        about.flow_type_rss_offloads;
    if (about.hash_key_size > 0 && about.hash_key_size <= key.size()) {
      conf.rx_adv_conf.rss_conf.rss_key = key.data();
      conf.rx_adv_conf.rss_conf.rss_key_len = about.hash_key_size;
    }
  }
  if (const int error = rte_eth_dev_configure(device, queues, queues, &conf); error != 0)
    return fail(std::string("cannot be configured: ") + rte_strerror(-error) + " (" +
                    last_eal_words() + ")",
                where);
  return {};
}

/// `hooked`: called as soon as the kernel may hand frames over, which is before the device is
/// polled.
template <class Hooked>
result<void> start_device(std::uint16_t device, std::uint16_t queues, rte_mempool* pool,
                          const std::string& where, Hooked hooked) {
  forget_eal_words();
  std::uint16_t receive = ring_entries, transmit = ring_entries;
  rte_eth_dev_adjust_nb_rx_tx_desc(device, &receive, &transmit);
  const auto said = [&](const char* what, int error) {
    return fail(std::string(what) + ": " + rte_strerror(-error) + " (" + last_eal_words() + ")",
                where);
  };
  for (std::uint16_t q = 0; q < queues; ++q) {
    if (const int e = rte_eth_tx_queue_setup(device, q, transmit, SOCKET_ID_ANY, nullptr); e != 0)
      return said("cannot set up a transmit queue", e);
    if (const int e = rte_eth_rx_queue_setup(device, q, receive, SOCKET_ID_ANY, nullptr, pool);
        e != 0)
      return said("cannot set up a receive queue", e);
  }
  hooked();
  if (const int e = rte_eth_dev_start(device); e != 0) return said("does not start", e);
  rte_eth_promiscuous_enable(device);  // not every virtual device has it, and those need none
  rte_eth_allmulticast_enable(device);
  return {};
}

eal_options eal_for(const std::vector<link_config>& links, bool hugepages) {
  eal_options eal;
  eal.hugepages = hugepages;
  for (const auto& link : links)
    for (const side which : {side::inside, side::outside})
      if (port_of(link, which).type == port_config::kind::pci)
        eal.pci_devices.push_back(port_of(link, which).device);
  return eal;
}

}  // namespace

struct port_set::impl {
  std::vector<std::array<opened_port, 2>> links;
  std::vector<link_config> names;
  frame_pool pool;
  bool busy_poll = false;
  struct kernel_socket {
    int interface_index;
    std::uint32_t queue;
    int socket;
    std::string where;
  };
  std::vector<kernel_socket> sockets;  // for take_over()

  result<void> start_queue(std::size_t link, side which, std::size_t queue);
  result<void> plug(const link_config& link, std::uint16_t index, side which, unsigned queues);
};

result<void> port_set::impl::plug(const link_config& link, std::uint16_t index, side which,
                                  unsigned queues) {
  const auto& config = port_of(link, which);
  const auto where = place(link, which);
  auto& opened = links[index][static_cast<std::size_t>(which)];
  const auto add_queue = [&](std::uint16_t device, std::uint16_t queue) {
    opened.queues.push_back(std::make_unique<port>(device, queue, index, which));
  };
  if (config.type == port_config::kind::kernel) {
    for (unsigned q = 0; q < queues; ++q) {
      const auto name =
          "net_af_xdp" + std::to_string(index * 64U + static_cast<unsigned>(which) * 32U + q);
      auto id = plug_in(name,
                        "iface=" + config.device + ",start_queue=" + std::to_string(q) +
                            ",queue_count=1" + (busy_poll ? "" : ",busy_budget=0"),
                        where);
      if (!id) return tl::unexpected(id.error());
      if (auto done = configure(*id, 1, where); !done) return done;
      opened.devices.push_back(*id);
      add_queue(*id, 0);
    }
    return {};
  }
  std::uint16_t id = 0;
  if (config.type == port_config::kind::vdev) {
    const auto comma = config.device.find(',');
    auto made = plug_in(config.device.substr(0, comma),
                        comma == std::string::npos ? "" : config.device.substr(comma + 1), where);
    if (!made) return tl::unexpected(made.error());
    id = *made;
  } else if (rte_eth_dev_get_port_by_name(config.device.c_str(), &id) != 0) {
    return fail("there is no usable card at PCI address '" + config.device + "'", where,
                "bind it to vfio-pci ('dpdk-devbind.py -s' lists cards)");
  }
  if (auto done = configure(id, static_cast<std::uint16_t>(queues), where); !done) return done;
  opened.devices.push_back(id);
  for (std::uint16_t q = 0; q < queues; ++q) add_queue(id, q);
  return {};
}

result<std::unique_ptr<port_set>> port_set::open(const std::vector<link_config>& links,
                                                 const port_options& options) {
  if (links.empty() || links.size() > links_max)
    return fail("an engine takes 1 to " + std::to_string(links_max) + " links", "links");
  const auto eal = eal_for(links, options.hugepages);
  if (auto started = start_eal(eal); !started) return tl::unexpected(started.error());

  std::unique_ptr<port_set> set(new port_set);
  auto& in = *set->impl_;
  in.busy_poll = options.busy_poll;
  in.links.resize(links.size());
  std::size_t queues_in_all = 0;
  std::vector<unsigned> queues(links.size());
  for (std::size_t i = 0; i < links.size(); ++i) {
    for (const side which : {side::inside, side::outside}) {
      const unsigned q = queues_of(port_of(links[i], which), options.workers);
      if (q > workers_max)
        return fail("has " + std::to_string(q) + " receive queues, more than are polled (" +
                        std::to_string(workers_max) + ")",
                    place(links[i], which),
                    "ethtool -L " + port_of(links[i], which).device + " combined 1");
      queues_in_all += q;
      if (auto done = in.plug(links[i], static_cast<std::uint16_t>(i), which, q); !done)
        return tl::unexpected(done.error());
    }
  }
  auto pool = frame_pool::make(frames_needed(queues_in_all, options), options.hugepages,
                               !eal.pci_devices.empty());
  if (!pool) return tl::unexpected(pool.error());
  in.pool = std::move(*pool);
  in.names.assign(links.begin(), links.end());
  return set;
}

/// A kernel port's queue: its AF_XDP socket goes into the program's map by itself when it is made,
/// and comes out again until the other port is ready too. Else its frames would wait for as long as
/// that takes.
result<void> port_set::impl::start_queue(std::size_t link, side which, std::size_t queue) {
  const auto& config = port_of(names[link], which);
  auto& opened = links[link][static_cast<std::size_t>(which)];
  const auto where = place(names[link], which);
  const auto interface = kernel_interface::open(config.device);
  if (!interface) return fail(interface.error().what, where);
  const auto before = xdp_sockets();
  bool out = false;
  auto done = start_device(opened.devices[queue], 1, pool.get(), where, [&] {
    const auto taken = unhook_xdp(interface->index());
    out = taken && *taken > 0;
  });
  if (!done || !out) return done;
  std::vector<int> fresh;
  const auto after = xdp_sockets();
  std::set_difference(after.begin(), after.end(), before.begin(), before.end(),
                      std::back_inserter(fresh));
  const auto& beyond = port_of(names[link], other(which));
  if (beyond.type == port_config::kind::kernel)
    if (const auto out_interface = kernel_interface::open(beyond.device))
      forward_strays(opened.devices[queue], out_interface->index());
  if (fresh.size() != 1) return fail("the driver's AF_XDP socket is not found", where);
  sockets.push_back({interface->index(), static_cast<std::uint32_t>(queue), fresh.front(), where});
  return {};
}

result<void> port_set::start() {
  auto& in = *impl_;
  for (std::size_t i = 0; i < in.links.size(); ++i)
    for (const side which : {side::inside, side::outside}) {
      auto& opened = in.links[i][static_cast<std::size_t>(which)];
      const bool kernel = port_of(in.names[i], which).type == port_config::kind::kernel;
      for (std::size_t d = 0; d < opened.devices.size(); ++d) {
        const auto queues =
            static_cast<std::uint16_t>(opened.queues.size() / opened.devices.size());
        auto done = kernel ? in.start_queue(i, which, d)
                           : start_device(opened.devices[d], queues, in.pool.get(),
                                          place(in.names[i], which), [] {});
        if (!done) return done;
      }
    }
  return {};
}

result<void> port_set::take_over() {
  for (const auto& each : impl_->sockets)
    if (auto done = hook_xdp(each.interface_index, each.queue, each.socket); !done) {
      done.error().where = each.where;
      return done;
    }
  return {};
}

port_set::port_set() : impl_(std::make_unique<impl>()) {}
// Kernel ports stay as they are: closing an AF_XDP device would detach its program, and lose with
// it what is in the interface's rings. The process ends soon after.
port_set::~port_set() {
  for (std::size_t i = 0; i < impl_->names.size(); ++i)
    for (const side which : {side::inside, side::outside}) {
      if (port_of(impl_->names[i], which).type == port_config::kind::kernel) continue;
      for (const auto device : impl_->links[i][static_cast<std::size_t>(which)].devices) {
        rte_eth_dev_stop(device);
        rte_eth_dev_close(device);
      }
    }
}

unsigned port_set::queues(std::size_t link) const {
  const auto& l = impl_->links[link];
  return static_cast<unsigned>(std::min(l[0].queues.size(), l[1].queues.size()));
}

unsigned port_set::queues(std::size_t link, side which) const {
  return static_cast<unsigned>(impl_->links[link][static_cast<std::size_t>(which)].queues.size());
}

port& port_set::at(std::size_t link, side which, unsigned queue) {
  return *impl_->links[link][static_cast<std::size_t>(which)].queues[queue];
}

std::size_t port_set::links() const {
  return impl_->links.size();
}

std::uint64_t port_set::missed(std::size_t link, side which) const {
  std::uint64_t sum = 0;
  for (const auto device : impl_->links[link][static_cast<std::size_t>(which)].devices) {
    rte_eth_stats stats{};
    if (rte_eth_stats_get(device, &stats) == 0) sum += stats.imissed + stats.rx_nombuf;
  }
  return sum;
}

const char* port_set::memory_kind() const {
  return impl_->pool.memory_kind();
}

bool port_set::device_link_up(std::size_t link, side which) const {
  rte_eth_link state{};
  const auto& devices = impl_->links[link][static_cast<std::size_t>(which)].devices;
  return rte_eth_link_get_nowait(devices.front(), &state) == 0 &&
         state.link_status == RTE_ETH_LINK_UP;
}

void port_set::set_device_link(std::size_t link, side which, bool up) {
  const auto device = impl_->links[link][static_cast<std::size_t>(which)].devices.front();
  if (up)
    rte_eth_dev_set_link_up(device);
  else
    rte_eth_dev_set_link_down(device);
}

std::uint64_t frame_memory_bytes(const std::vector<link_config>& links,
                                 const port_options& options) {
  std::size_t queues = 0;
  for (const auto& link : links)
    for (const side which : {side::inside, side::outside}) {
      const auto& port = port_of(link, which);
      unsigned most = queues_of(port, options.workers);
      if (port.type == port_config::kind::kernel) {
        const auto interface = kernel_interface::open(port.device);
        if (interface && interface->channels().receive_max >= options.workers)
          most = std::max(most, options.workers);
      }
      queues += most;
    }
  constexpr std::uint64_t huge_page = std::uint64_t{2} << 20;  // arenas are rounded up to it
  return std::uint64_t{frames_needed(queues, options)} * frame_element_bytes + huge_page;
}

}  // namespace callweir::capture

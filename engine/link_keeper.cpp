#include "engine/link_keeper.hpp"

#include "base/log.hpp"
#include "capture/kernel_interface.hpp"

namespace callweir::engine {
namespace {

constexpr auto look_every = std::chrono::milliseconds(50);
constexpr nanoseconds beat_fresh = std::chrono::milliseconds(100);

const capture::port_config& port_of(const capture::link_config& link, side which) {
  return which == side::inside ? link.inside : link.outside;
}

void set_alarm(shared_state& shared, alarm bit, bool on) {
  if (on)
    shared.alarms.fetch_or(bit);
  else
    shared.alarms.fetch_and(~static_cast<std::uint32_t>(bit));
}

}  // namespace

link_keeper::link_keeper(const std::vector<capture::link_config>& links, capture::port_set& ports,
                         shared_state& shared)
    : links_(links), ports_(ports), shared_(shared) {
  for (std::size_t i = 0; i < links.size(); ++i) watches_.emplace_back(clock_.now());
}

bool link_keeper::carrier(std::size_t link, side which) const {
  const auto& port = port_of(links_[link], which);
  if (port.type != capture::port_config::kind::kernel) return ports_.device_link_up(link, which);
  const auto interface = capture::kernel_interface::open(port.device);
  return interface && interface->carrier();
}

void link_keeper::set_port(std::size_t link, side which, bool up) {
  const auto& port = port_of(links_[link], which);
  auto& mark = shared_.link[link].held_down[static_cast<int>(which)];
  // Marked before and unmarked after: whoever finds the mark may let the port up in vain, never
  // forget one.
  if (!up) mark.store(1);
  log::info("links", "link '{}': port {} {}", links_[link].name, port.device,
            up ? "is let up again" : "is taken down, because the other side has lost its carrier");
  if (port.type != capture::port_config::kind::kernel) {
    ports_.set_device_link(link, which, up);
  } else if (const auto interface = capture::kernel_interface::open(port.device)) {
    if (const auto done = interface->set_admin_up(up); !done)
      log::warning("links", "{}", done.error().text());
  }
  if (up) mark.store(0);
}

void link_keeper::look(time_point now) {
  bool any_down = false, any_load = false;
  for (std::size_t i = 0; i < links_.size(); ++i) {
    const bool up[2] = {carrier(i, side::inside), carrier(i, side::outside)};
    for (int s = 0; s < 2; ++s) shared_.link[i].up[s].store(up[s] ? 1 : 0);
    any_down = any_down || !up[0] || !up[1];
    if (const auto order = watches_[i].observe(up[0], up[1], now))
      set_port(i, order->port, order->up);
  }
  for (std::uint32_t w = 0; w < shared_.workers.load() && w < capture::workers_max; ++w)
    any_load = any_load || shared_.worker[w].load.load() != 0;
  set_alarm(shared_, alarm_port_down, any_down);
  set_alarm(shared_, alarm_overload, any_load);
}

void link_keeper::take_frames_again() {
  if (shared_.withheld.load() == 0) return;
  const time_point now{steady_clock::monotonic_ns()};
  for (std::uint32_t w = 0; w < shared_.workers.load() && w < capture::workers_max; ++w)
    if (now - time_point{shared_.worker[w].heartbeat_ns.load()} > beat_fresh) return;
  if (const auto taken = ports_.take_over(); !taken) {
    log::error("links", "cannot take the frames again: {}", taken.error().text());
    return;  // the supervisor starts another engine
  }
  shared_.withheld.store(0);
  log::info("links", "every worker answers again: traffic is inspected");
}

void link_keeper::start() {
  stopping_ = false;
  thread_ = std::thread([this] {
    while (!stopping_) {
      look(clock_.now());
      take_frames_again();
      std::this_thread::sleep_for(look_every);
    }
  });
}

void link_keeper::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
  for (std::size_t i = 0; i < links_.size(); ++i)
    for (const side which : {side::inside, side::outside})
      if (shared_.link[i].held_down[static_cast<int>(which)].load() != 0) set_port(i, which, true);
}

}  // namespace callweir::engine

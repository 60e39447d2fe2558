#include "engine/live_links.hpp"

#include <algorithm>
#include <optional>

#include "capture/kernel_interface.hpp"
#include "capture/xdp_program.hpp"
#include "engine/distributor.hpp"
#include "engine/egress.hpp"
#include "engine/link_keeper.hpp"
#include "engine/worker.hpp"

namespace callweir::engine {
namespace {

const capture::port_config& port_of(const capture::link_config& link, side which) {
  return which == side::inside ? link.inside : link.outside;
}

/// Receive queues that send both directions of a flow to the same number; 1 where the device does
/// not.
unsigned symmetric_queues(const capture::port_config& port, unsigned wanted) {
  switch (port.type) {
    case capture::port_config::kind::pci:
      return wanted;
    case capture::port_config::kind::vdev:
      return 1;
    case capture::port_config::kind::kernel:
      break;
  }
  const auto interface = capture::kernel_interface::open(port.device);
  if (!interface || !interface->set_symmetric_rss()) return 1;
  return interface->channels().receive;
}

std::optional<bit_rate> share_of(std::optional<bit_rate> rate, unsigned shares) {
  if (rate) rate->bps = std::max<std::uint64_t>(1, rate->bps / shares);
  return rate;
}

class port_source final : public frame_source {
 public:
  explicit port_source(capture::port& port) : port_(port) {}
  std::size_t receive(std::span<packet_view> out) noexcept override { return port_.receive(out); }

 private:
  capture::port& port_;
};

}  // namespace

unsigned workers_for(unsigned wanted, const std::vector<capture::link_config>& links) {
  if (wanted > 0) return std::min<unsigned>(wanted, capture::workers_max - 1);
  const unsigned free = std::max(2U, std::thread::hardware_concurrency()) - 1;
  unsigned count = std::min<unsigned>(free, capture::workers_max - 1);
  for (const auto& link : links)
    for (const side which : {side::inside, side::outside}) {
      const auto& port = port_of(link, which);
      if (port.type == capture::port_config::kind::vdev) return 1;
      if (port.type == capture::port_config::kind::pci) continue;
      const auto interface = capture::kernel_interface::open(port.device);
      if (!interface || !interface->set_symmetric_rss()) return 1;
      count = std::min(count, interface->channels().receive_max);
    }
  return std::max(1U, count);
}

std::uint32_t waiting_frames_max(const std::vector<capture::link_config>& links, unsigned workers,
                                 std::uint32_t held_frames) {
  std::uint32_t frames = workers * (held_frames + (workers > 1 ? distributor::waiting_max : 0));
  // A way out for each worker, or a distributor's for all.
  for (const auto& link : links)
    frames += 2 * std::max(workers * egress::waiting_max(share_of(link.rate, workers)),
                           egress::waiting_max(link.rate));
  return frames;
}

struct live_links::impl {
  live_options options;
  shared_state* shared = nullptr;
  std::unique_ptr<capture::port_set> ports;
  std::vector<std::unique_ptr<port_source>> sources;
  std::vector<std::unique_ptr<egress>> ways_out;
  std::unique_ptr<distributor> spreader;
  std::vector<std::unique_ptr<worker>> workers;
  std::vector<std::thread> worker_threads;
  std::thread spreader_thread;
  std::unique_ptr<link_keeper> keeper;
  std::vector<int> kernel_indices;
  std::atomic<bool> gate{false};  // open when every port is polled
  bool running = false;

  egress& way_out(std::size_t link, side which, unsigned queue, unsigned shares);
  std::vector<lane> lanes_of_queue(unsigned queue, unsigned shares);
  std::vector<lane> lanes_of_all_queues();
  bool spread_by_devices() const;
  void add_worker(std::vector<lane> lanes, packet_pipeline& pipeline);
  void build(const std::vector<packet_pipeline*>& pipelines);
};

egress& live_links::impl::way_out(std::size_t link, side which, unsigned queue, unsigned shares) {
  ways_out.push_back(std::make_unique<egress>(ports->at(link, which, queue),
                                              share_of(options.links[link].rate, shares)));
  return *ways_out.back();
}

std::vector<lane> live_links::impl::lanes_of_queue(unsigned queue, unsigned shares) {
  std::vector<lane> lanes;
  for (std::size_t link = 0; link < ports->links(); ++link)
    for (const side which : {side::inside, side::outside}) {
      sources.push_back(std::make_unique<port_source>(ports->at(link, which, queue)));
      lanes.push_back({sources.back().get(), &way_out(link, other(which), queue, shares)});
    }
  return lanes;
}

/// One worker polls whatever queues there are; frames leave by the first queue of the other port.
std::vector<lane> live_links::impl::lanes_of_all_queues() {
  std::vector<lane> lanes;
  for (std::size_t link = 0; link < ports->links(); ++link)
    for (const side which : {side::inside, side::outside}) {
      auto& out = way_out(link, other(which), 0, 1);
      for (unsigned q = 0; q < ports->queues(link, which); ++q) {
        sources.push_back(std::make_unique<port_source>(ports->at(link, which, q)));
        lanes.push_back({sources.back().get(), &out});
      }
    }
  return lanes;
}

bool live_links::impl::spread_by_devices() const {
  const unsigned n = options.workers;
  for (std::size_t i = 0; i < options.links.size(); ++i)
    for (const side which : {side::inside, side::outside})
      if (ports->queues(i, which) != n ||
          symmetric_queues(port_of(options.links[i], which), n) != n)
        return false;
  return true;
}

void live_links::impl::add_worker(std::vector<lane> lanes, packet_pipeline& pipeline) {
  worker_options wanted;
  wanted.held_frames = options.held_frames;
  wanted.busy_poll = options.busy_poll;
  if (spreader) wanted.load_floor = &shared->worker[options.workers].load;
  workers.push_back(std::make_unique<worker>(
      std::move(lanes), pipeline, shared->worker[workers.size()], shared->bypass, gate, wanted));
}

void live_links::impl::build(const std::vector<packet_pipeline*>& pipelines) {
  const unsigned n = options.workers;
  if (n == 1) {
    add_worker(lanes_of_all_queues(), *pipelines[0]);
  } else if (spread_by_devices()) {
    for (unsigned w = 0; w < n; ++w) add_worker(lanes_of_queue(w, n), *pipelines[w]);
  } else {
    std::vector<distributor_input> in;
    std::vector<frame_sink*> out;
    for (std::size_t link = 0; link < ports->links(); ++link)
      for (const side which : {side::inside, side::outside}) {
        for (unsigned q = 0; q < ports->queues(link, which); ++q) {
          sources.push_back(std::make_unique<port_source>(ports->at(link, which, q)));
          in.push_back({sources.back().get(), static_cast<std::uint16_t>(link), which});
        }
        out.push_back(&way_out(link, which, 0, 1));
      }
    spreader = std::make_unique<distributor>(
        std::move(in), std::move(out), shared->worker[n], shared->bypass, gate,
        distributor_options{n, options.held_frames, options.busy_poll});
    for (unsigned w = 0; w < n; ++w) {
      auto& end = spreader->worker_end(w);
      add_worker({{&end, &end}}, *pipelines[w]);
    }
  }
  shared->workers.store(n + (spreader ? 1U : 0U));
}

result<std::unique_ptr<live_links>> live_links::open(const live_options& options,
                                                     shared_state& shared,
                                                     std::vector<packet_pipeline*> pipelines) {
  std::unique_ptr<live_links> made(new live_links);
  auto& in = *made->impl_;
  in.options = options;
  in.options.workers = std::clamp<unsigned>(options.workers, 1, capture::workers_max - 1);
  in.shared = &shared;
  if (pipelines.size() < in.options.workers) return fail("every worker needs a pipeline");
  hold_sign_of_life(shared);
  capture::port_options wanted;
  wanted.workers = in.options.workers;
  wanted.held_frames = waiting_frames_max(options.links, in.options.workers, options.held_frames);
  wanted.hugepages = options.hugepages;
  wanted.busy_poll = options.busy_poll;
  auto ports = capture::port_set::open(options.links, wanted);
  if (!ports) return tl::unexpected(ports.error());
  in.ports = std::move(*ports);
  in.build(pipelines);
  for (const auto& link : options.links)
    for (const side which : {side::inside, side::outside}) {
      if (port_of(link, which).type != capture::port_config::kind::kernel) continue;
      if (const auto interface = capture::kernel_interface::open(port_of(link, which).device))
        in.kernel_indices.push_back(interface->index());
    }
  in.keeper = std::make_unique<link_keeper>(in.options.links, *in.ports, shared);
  return made;
}

live_links::live_links() : impl_(std::make_unique<impl>()) {}
live_links::~live_links() {
  stop();
}

result<void> live_links::start() {
  auto& in = *impl_;
  // Threads first: between a port's start and its first poll frames wait.
  if (in.spreader) in.spreader_thread = std::thread([&in] { in.spreader->run(); });
  for (auto& each : in.workers) in.worker_threads.emplace_back([&each] { each->run(); });
  in.running = true;
  const auto give_up = [&](error why) {
    for (auto& each : in.workers) each->stop();
    if (in.spreader) in.spreader->stop();
    in.gate.store(true, std::memory_order_release);
    stop();
    return tl::unexpected(std::move(why));
  };
  {
    const urgent_section urgent;
    if (auto started = in.ports->start(); !started) return give_up(started.error());
    in.gate.store(true, std::memory_order_release);
    if (auto taken = in.ports->take_over(); !taken) return give_up(taken.error());
  }
  in.keeper->start();
  in.shared->ready.store(1);
  return {};
}

void live_links::stop() {
  auto& in = *impl_;
  if (!in.running) return;
  in.running = false;
  in.keeper->stop();
  for (const int index : in.kernel_indices) (void)capture::unhook_xdp(index);
  for (auto& each : in.workers) each->stop();
  for (auto& thread : in.worker_threads) thread.join();
  if (in.spreader) {
    in.spreader->stop();
    in.spreader_thread.join();
  }
  in.shared->ready.store(0);
}

std::vector<named_count> live_links::drops() const {
  const auto& in = *impl_;
  std::uint64_t refused = 0, missed = 0, queue_full = 0, ring_full = 0;
  for (std::size_t link = 0; link < in.ports->links(); ++link)
    for (const side which : {side::inside, side::outside}) {
      missed += in.ports->missed(link, which);
      for (unsigned q = 0; q < in.ports->queues(link, which); ++q)
        refused += in.ports->at(link, which, q).counters().refused.load(std::memory_order_relaxed);
    }
  for (const auto& out : in.ways_out) queue_full += out->dropped();
  if (in.spreader)
    for (unsigned w = 0; w < in.options.workers; ++w)
      ring_full += in.spreader->worker_end(w).dropped();
  return {{capture::drop_reason_name(capture::drop_reason::port_refused), refused},
          {capture::drop_reason_name(capture::drop_reason::receive_missed), missed},
          {capture::drop_reason_name(capture::drop_reason::link_queue_full), queue_full},
          {capture::drop_reason_name(capture::drop_reason::distributor_full), ring_full}};
}

std::vector<named_count> live_links::exceptions() const {
  const auto& in = *impl_;
  std::uint64_t bypassed = 0, refused = 0;
  for (const auto& each : in.workers) {
    bypassed += each->counters().bypassed.get();
    refused += each->counters().hold_refused.get();
  }
  return {{"bypassed", bypassed},
          {"distributor_uninspected", in.spreader ? in.spreader->uninspected() : 0},
          {"hold_refused", refused}};
}

live_links::port_figures live_links::figures(std::size_t link, side which) const {
  const auto& in = *impl_;
  port_figures sum{};
  for (unsigned q = 0; q < in.ports->queues(link, which); ++q) {
    const auto& c = in.ports->at(link, which, q).counters();
    sum.received += c.received.load(std::memory_order_relaxed);
    sum.received_bytes += c.received_bytes.load(std::memory_order_relaxed);
    sum.sent += c.sent.load(std::memory_order_relaxed);
    sum.sent_bytes += c.sent_bytes.load(std::memory_order_relaxed);
  }
  const auto& state = in.shared->link[link];
  sum.up = state.up[static_cast<int>(which)].load() != 0;
  sum.held_down = state.held_down[static_cast<int>(which)].load() != 0;
  return sum;
}

const std::vector<capture::link_config>& live_links::links() const {
  return impl_->options.links;
}

std::uint32_t live_links::held_now() const {
  std::uint32_t sum = 0;
  for (const auto& each : impl_->workers) sum += each->held_now();
  return sum;
}

const char* live_links::memory_kind() const {
  return impl_->ports->memory_kind();
}

}  // namespace callweir::engine

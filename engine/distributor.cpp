#include "engine/distributor.hpp"

#include <array>
#include <cstring>
#include <random>

#include "capture/eal.hpp"
#include "engine/back_off.hpp"
#include "engine/packet_pipeline.hpp"

namespace callweir::engine {
namespace {

std::uint16_t read16(const std::uint8_t* at) noexcept {
  return static_cast<std::uint16_t>(at[0] << 8 | at[1]);
}

ip_address read_v4(const std::uint8_t* at) noexcept {
  std::uint32_t bits;
  std::memcpy(&bits, at, sizeof bits);
  return ip_address::v4(__builtin_bswap32(bits));
}

std::array<std::uint64_t, 2> random_seed() {
  std::random_device device;
  const auto word = [&] { return static_cast<std::uint64_t>(device()) << 32 | device(); };
  return {word(), word()};
}

}  // namespace

unsigned worker_of(const std::uint8_t* frame, std::uint32_t captured, const keyed_hash& hash,
                   unsigned workers) noexcept {
  constexpr std::uint32_t tags_max = 3;
  std::uint32_t at = 12;
  for (std::uint32_t tag = 0; tag < tags_max && captured >= at + 4; ++tag, at += 4) {
    const auto type = read16(frame + at);
    if (type != 0x8100 && type != 0x88a8) break;
  }
  if (captured < at + 2) return 0;
  const auto type = read16(frame + at);
  at += 2;
  ip_address a, b;
  if (type == 0x0800 && captured >= at + 20) {
    a = read_v4(frame + at + 12);
    b = read_v4(frame + at + 16);
  } else if (type == 0x86dd && captured >= at + 40) {
    a = ip_address::v6(frame + at + 8);
    b = ip_address::v6(frame + at + 24);
  } else {
    return 0;
  }
  if (b < a) std::swap(a, b);
  const auto h = hash.bucket(a.high, a.low, b.high, b.low);
  return static_cast<unsigned>((static_cast<unsigned __int128>(h) * workers) >> 64);
}

distributed_lane::distributed_lane(std::uint32_t frames, std::uint32_t held)
    : in_(frames), out_(2 * frames + held), out_first_(2 * frames) {}

std::size_t distributed_lane::receive(std::span<packet_view> out) noexcept {
  std::size_t n = 0;
  for (void* frame = nullptr; n < out.size() && (frame = in_.front()) != nullptr; ++n) {
    capture::describe(frame, out[n]);
    in_.drop();
  }
  return n;
}

void distributed_lane::send(std::span<void* const> frames, bool first, time_point) noexcept {
  auto& ring = first ? out_first_ : out_;
  for (void* frame : frames) {
    if (ring.push(frame)) continue;
    capture::release(frame);
    dropped_.add();
  }
}

distributor::distributor(std::vector<distributor_input> in, std::vector<frame_sink*> out,
                         worker_state& state, const std::atomic<std::uint32_t>& bypass,
                         const std::atomic<bool>& gate, const distributor_options& options)
    : in_(std::move(in)),
      out_(std::move(out)),
      state_(state),
      bypass_(bypass),
      gate_(gate),
      busy_poll_(options.busy_poll),
      hash_(random_seed()) {
  state_.load.store(0, std::memory_order_relaxed);  // an engine that died may have left its level
  for (unsigned i = 0; i < options.workers; ++i)
    ends_.push_back(std::make_unique<distributed_lane>(ring_frames, options.held_frames));
}

void distributor::pass_straight(const distributor_input& from, std::span<packet_view> views,
                                time_point now) noexcept {
  void* frames[burst_max];
  for (std::size_t i = 0; i < views.size(); ++i) frames[i] = views[i].handle;
  out_[2U * from.link + static_cast<unsigned>(other(from.which))]->send({frames, views.size()},
                                                                        false, now);
  uninspected_.add(views.size());
}

void distributor::spread(const distributor_input& from, std::span<packet_view> views,
                         time_point now) noexcept {
  for (auto& view : views) {
    capture::set_origin(view.handle, {from.link, from.which});
    const auto worker =
        worker_of(view.frame, view.captured, hash_, static_cast<unsigned>(ends_.size()));
    if (ends_[worker]->in_.push(view.handle)) continue;
    // Overload sheds inspection, never forwarding.
    pass_straight(from, {&view, 1}, now);
  }
}

std::size_t distributor::collect(spsc_ring<void*>& ring, bool first, time_point now) noexcept {
  // Runs of frames for the same port leave in one burst; order is kept.
  void* run[burst_max];
  std::size_t n = 0, moved = 0;
  unsigned to = 0;
  const auto let_go = [&] {
    if (n > 0) out_[to]->send({run, n}, first, now);
    moved += n;
    n = 0;
  };
  // As much as may come in meanwhile, and more: rings in front of a busy distributor do not fill.
  for (std::size_t budget = (in_.size() + 4) * burst_max; budget > 0 && ring.front() != nullptr;
       --budget) {
    void* frame = *ring.front();
    ring.drop();
    const auto origin = capture::origin_of(frame);
    const unsigned out = 2U * origin.link + static_cast<unsigned>(other(origin.from));
    if (n == burst_max || (n > 0 && out != to)) let_go();
    to = out;
    run[n++] = frame;
  }
  let_go();
  return moved;
}

std::size_t distributor::turn(time_point now) noexcept {
  std::array<packet_view, burst_max> views;
  std::size_t moved = 0;
  const bool straight = ladder_.level() == load_level::shed_accounting;
  for (std::size_t i = 0; i < in_.size(); ++i) {
    const auto n = in_[i].from->receive(views);
    ladder_.polled(i, n == burst_max);
    if (n == 0) continue;
    straight ? pass_straight(in_[i], {views.data(), n}, now)
             : spread(in_[i], {views.data(), n}, now);
    moved += n;
  }
  if (ladder_.judge(now)) {
    overload_changes_.add();
    state_.load.store(static_cast<std::uint32_t>(ladder_.level()), std::memory_order_relaxed);
  }
  for (auto& end : ends_) {
    moved += collect(end->out_first_, true, now);
    moved += collect(end->out_, false, now);
  }
  const bool bypass = bypass_.load(std::memory_order_relaxed) != 0;
  for (auto* out : out_) bypass ? out->flush(now) : out->pump(now);
  return moved;
}

void distributor::run() noexcept {
  capture::register_eal_thread();
  back_off::prepare_thread();
  back_off::await(gate_);
  if (stopping_.load(std::memory_order_relaxed)) return;  // the ports did not start
  back_off rest(busy_poll_);
  while (!stopping_.load(std::memory_order_relaxed)) {
    state_.heartbeat_ns.store(steady_clock::monotonic_ns(), std::memory_order_relaxed);
    if (turn(clock_.now()) > 0)
      rest.worked();
    else
      rest.rest();
  }
  const auto now = clock_.now();
  for (int round = 0; round < 64 && turn(now) > 0; ++round) {
  }
  for (auto* out : out_) out->flush(now);
  state_.heartbeat_ns.store(0);
  capture::unregister_eal_thread();
}

}  // namespace callweir::engine

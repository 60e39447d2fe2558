#include "bench/scaling/talk_rig.hpp"

#include <x86intrin.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "bench/traffic/payloads.hpp"

namespace callweir::bench {
namespace {

constexpr time_point begin{1'790'000'000'000'000'000};
constexpr nanoseconds packet_interval = std::chrono::milliseconds(20);
constexpr nanoseconds idle_every = std::chrono::milliseconds(5);
constexpr std::uint32_t calls_max = 20'000;
constexpr int recognise_rounds = 200;  // packets of each flow and direction: 4 s
constexpr int delay_rounds = 150;      // until the added delay is what is wanted
constexpr std::uint32_t flows_at_once = 512;
constexpr std::size_t payload_at = 42;
constexpr std::uint32_t first_host = 0x0a00'0000;

void put_be16(std::uint8_t* at, std::uint32_t value) {
  at[0] = static_cast<std::uint8_t>(value >> 8);
  at[1] = static_cast<std::uint8_t>(value);
}
void put_be32(std::uint8_t* at, std::uint32_t value) {
  put_be16(at, value >> 16);
  put_be16(at + 2, value);
}

std::uint64_t mix(std::uint64_t x) {
  x = (x ^ x >> 32) * 0xd6e8'feb8'6659'fd93ULL;
  return (x ^ x >> 32) * 0xd6e8'feb8'6659'fd93ULL;
}

verdict call_verdict() {
  verdict out;
  out.role = flow_role::voice;
  out.p2p = tristate::yes;
  out.voip = true;
  out.confidence_pct = 97;
  return out;
}

}  // namespace

talk_rig::talk_rig(const shaper::policy_document& policies, std::uint32_t flows, bool calls)
    : flows_(flows),
      calls_(calls),
      events_(1U << 17),
      channel_(1U << 16, 1U << 17),
      held_(1U << 18),
      frames_(std::size_t{flows} * 2 * frame_stride),
      numbers_(std::size_t{flows} * 2),
      is_call_(flows),
      now_(begin),
      idle_at_(begin) {
  auto set = shaper::policy_set::compile(policies, {"bench"}, calls_max, nullptr);
  if (!set) throw std::runtime_error(set.error().text());
  set_ = std::move(*set);
  set_->update_schedules(now_);
  in_force_ = {set_.get(), 1};
  channel_.wanted.store(&in_force_);
  engine::pipeline::options wanted;
  wanted.classify.flows_max = std::max(65'536U, flows * 4);
  wanted.classify.seed = {0x5eed'0001, 0x5eed'0002};
  wanted.classify.inspection_share_pct = 0;  // every flow is to be recognised
  line_ = std::make_unique<engine::pipeline>(wanted, events_, channel_);
  write_frames();
  recognise();
  step_ = packet_interval * static_cast<std::int64_t>(engine::burst_max) /
          static_cast<std::int64_t>(std::max(engine::burst_max, numbers_.size()));
}

void talk_rig::write_frames() {
  const payload voice = rtp_opus(72);
  frame_bytes_ = static_cast<std::uint32_t>(payload_at + voice.size());
  if (frame_bytes_ > frame_stride) throw std::runtime_error("a voice frame is too long");
  for (std::uint32_t flow = 0; flow < flows_; ++flow) {
    const std::uint32_t host = first_host + flow + 1, peer = 0xc612'0000 + flow + 1;
    for (std::uint32_t way = 0; way < 2; ++way) {
      std::uint8_t* const f = &frames_[(std::size_t{flow} * 2 + way) * frame_stride];
      f[12] = 0x08;
      std::uint8_t* const ip = f + 14;
      ip[0] = 0x45;
      put_be16(ip + 2, static_cast<std::uint32_t>(28 + voice.size()));
      ip[8] = 64;
      ip[9] = proto_udp;
      put_be32(ip + 12, way == 0 ? host : peer);
      put_be32(ip + 16, way == 0 ? peer : host);
      put_be16(f + 34, way == 0 ? 40'000 : 50'000);
      put_be16(f + 36, way == 0 ? 50'000 : 40'000);
      put_be16(f + 38, static_cast<std::uint32_t>(8 + voice.size()));
      std::memcpy(f + payload_at, voice.data(), voice.size());
      put_be32(f + payload_at + 8, static_cast<std::uint32_t>(mix(host + way)));
    }
  }
}

void talk_rig::prepare(std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    std::uint8_t* const f = &frames_[next_ * frame_stride];
    const std::uint32_t number = ++numbers_[next_];
    put_be16(f + payload_at + 2, number);
    put_be32(f + payload_at + 4, number * 960);
    const std::uint64_t scramble = mix(next_ << 16 | number);
    std::memcpy(f + payload_at + 13, &scramble, sizeof scramble);
    packet_view& view = views_[i];
    view = {};
    view.frame = f;
    view.captured = view.wire = frame_bytes_;
    view.time = now_;
    view.handle = f;
    view.from = next_ % 2 == 0 ? side::inside : side::outside;
    decisions_[i] = {};
    if (++next_ == end_) next_ = from_;
  }
}

void talk_rig::carry(std::size_t n) {
  line_->process({views_.data(), n}, now_, {decisions_.data(), n});
  for (std::size_t i = 0; i < n; ++i) {
    if (decisions_[i].what == engine::outcome::hold)
      held_.hold({views_[i].handle, 0}, decisions_[i].release, now_);
  }
  shaper::delay_line::held due[engine::burst_max];
  while (held_.size() > 0 && held_.due(now_, due) == engine::burst_max) {
  }
  if (now_ - idle_at_ < idle_every) return;
  idle_at_ = now_;
  line_->idle(now_);
}

void talk_rig::listen() {
  for (const auto* event = events_.front(); event != nullptr; event = events_.front()) {
    const auto flow = event->flow;
    const bool media = event->what.voip && is_media(event->what.role);
    events_.drop();
    const auto& host = flow.initiator == side::inside ? flow.source : flow.destination;
    const auto number = host.v4_bits() - first_host - 1;
    if (!calls_ || !media || number >= flows_ || is_call_[number]) continue;
    engine::command order;
    order.flow = flow.index;
    order.flow_id = flow.id;
    order.call = number;
    order.call_key = std::uint64_t{number} + 1;
    order.call_what = call_verdict();
    if (!channel_.commands.push(order)) continue;
    is_call_[number] = true;
    ++attached_;
  }
  while (channel_.bindings.front() != nullptr) channel_.bindings.drop();
}

/// A few flows at a time open and send every 20 ms until they are recognised, as people take up
/// the telephone one after the other: nothing is a flood, and inspection has a place for each.
void talk_rig::recognise() {
  for (std::uint32_t first = 0; first < flows_; first += flows_at_once)
    talk(first, std::min(first + flows_at_once, flows_), recognise_rounds);
  for (std::uint32_t call = 0; calls_ && call < flows_; ++call) {
    for (const auto way : {forward, backward}) {
      set_->set_impairment(call, way,
                           {.loss = 0.08,
                            .burst = std::chrono::milliseconds(200),
                            .delay = std::chrono::milliseconds(100),
                            .cap = {}});
    }
  }
  if (calls_) talk(0, flows_, delay_rounds);
  next_ = from_ = 0;
  end_ = numbers_.size();
}

/// These flows send one packet each way every 20 ms.
void talk_rig::talk(std::uint32_t first, std::uint32_t end, int rounds) {
  next_ = from_ = std::size_t{first} * 2;
  end_ = std::size_t{end} * 2;
  const std::size_t all = end_ - from_, burst = std::min<std::size_t>(engine::burst_max, all);
  const nanoseconds step =
      packet_interval * static_cast<std::int64_t>(burst) / static_cast<std::int64_t>(all);
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t sent = 0; sent < all; sent += burst) {
      prepare(burst);
      carry(burst);
      listen();
      now_ = now_ + step;
    }
  }
}

double talk_rig::measure(std::uint32_t packets) {
  std::uint64_t cycles = 0;
  const std::uint32_t bursts = packets / engine::burst_max;
  for (std::uint32_t i = 0; i < bursts; ++i) {
    prepare(engine::burst_max);
    const std::uint64_t first = __rdtsc();
    carry(engine::burst_max);
    cycles += __rdtsc() - first;
    acted_ += static_cast<std::uint64_t>(std::count_if(
        decisions_.begin(), decisions_.end(),
        [](const engine::decision& d) { return d.what != engine::outcome::forward; }));
    listen();
    now_ = now_ + step_;
  }
  const std::uint64_t done = std::uint64_t{bursts} * engine::burst_max;
  measured_ += done;
  return static_cast<double>(cycles) / static_cast<double>(done);
}

double talk_rig::acted_share() const {
  return measured_ == 0 ? 0 : static_cast<double>(acted_) / static_cast<double>(measured_);
}

}  // namespace callweir::bench

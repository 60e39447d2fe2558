#include "bench/traffic/traffic_source.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>
#include <utility>

namespace callweir::bench {
namespace {

constexpr std::uint32_t golden = 0x9e37'79b9U;
constexpr double talk_interval_ns = 1e7;
constexpr std::int64_t answer_after_ns = 20'000'000;

std::uint32_t part(double share) {
  return static_cast<std::uint32_t>(std::clamp(share, 0.0, 1.0) * 4294967295.0);
}

std::uint64_t mix(std::uint64_t x) noexcept {
  x = (x ^ x >> 32) * 0xd6e8'feb8'6659'fd93ULL;
  return (x ^ x >> 32) * 0xd6e8'feb8'6659'fd93ULL;
}

template <class T>
void put(std::uint8_t* at, T value) noexcept {
  std::memcpy(at, &value, sizeof value);
}
void put_be16(std::uint8_t* at, std::uint32_t value) noexcept {
  put(at, __builtin_bswap16(static_cast<std::uint16_t>(value)));
}
void put_be32(std::uint8_t* at, std::uint32_t value) noexcept {
  put(at, __builtin_bswap32(value));
}

}  // namespace

traffic_source::traffic_source(const traffic_plan& plan, const frame_shapes& shapes,
                               time_point begin)
    : plan_(plan),
      shapes_(shapes),
      begin_ns_(begin.ns),
      tick_ns_(1e9 / plan.packets_per_s()),
      sent_mask_(std::bit_ceil(plan.flows + kind_round) - 1) {
  auto made = arena::make((std::size_t{sent_mask_} + 1) * sizeof *sent_);
  if (!made) throw std::bad_alloc();
  sent_memory_ = std::move(*made);
  sent_ = sent_memory_.take<std::uint32_t>(std::size_t{sent_mask_} + 1);
  const double fresh = 1 / plan.packets_a_flow;
  const double voice = fresh * plan.share(flow_kind::voice) * (plan.voice_packets - 1);
  const double dns = plan.dns_answers ? fresh * plan.share(flow_kind::dns) : 0;
  threshold_new_ = part(fresh);
  threshold_voice_ = part(fresh + voice);
  threshold_dns_ = part(fresh + voice + dns);
  set_bulk_window(static_cast<std::uint32_t>(static_cast<double>(plan.bulk_life.count()) / 1e9 *
                                             plan.new_per_s));
  for (std::uint32_t i = 0; i < kind_round; ++i) {
    if (plan.kinds[i] == flow_kind::tls || plan.kinds[i] == flow_kind::quic)
      bulk_slots_.push_back(i);
  }
  answers_.resize(std::bit_ceil(static_cast<std::uint32_t>(plan.new_per_s) / 4 + 64));
  next_bulk_.fill(nobody);
}

void traffic_source::set_bulk_window(std::uint32_t flows) noexcept {
  bulk_window_ = std::min(flows, plan_.flows);
}

void traffic_source::stop_opening() noexcept {
  threshold_new_ = 0;
  threshold_voice_ = 0xffff'ffff;
}

std::uint32_t traffic_source::random() noexcept {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  return static_cast<std::uint32_t>(random_ >> 32);
}

time_point traffic_source::fill(std::span<packet_view> burst) noexcept {
  const time_point at = now();
  for (packet_view& view : burst) {
    view.time = at;
    draw_ += golden;
    if (draw_ < threshold_new_) {
      open_flow(view);
    } else if (draw_ < threshold_voice_ && !talkers_.empty()) {
      talk(view);
    } else if (!(draw_ < threshold_dns_ && answer(view)) && !carry_on(view)) {
      // Nothing is open yet, or nothing but questions: only at the very beginning.
      if (talkers_.empty())
        open_flow(view);
      else
        talk(view);
    }
    // The last talkers keep their rhythm.
    passed_ns_ +=
        threshold_new_ == 0 ? talk_interval_ns / std::max<double>(1, talkers_.size()) : tick_ns_;
  }
  return at;
}

void traffic_source::open_flow(packet_view& into) noexcept {
  const std::uint32_t flow = next_flow_++;
  const flow_kind kind = kind_of(flow);
  ++opened_;
  sent_[flow & sent_mask_] = 1;
  write(shapes_, into, flow, kind, 0);
  if (kind == flow_kind::voice) talkers_.push_back({flow, 1});
  if (kind == flow_kind::dns && plan_.dns_answers && answers_waiting_ < answers_.size()) {
    answers_[(answer_at_ + answers_waiting_++) & (answers_.size() - 1)] = {
        flow, into.time.ns + answer_after_ns};
  }
}

/// One after the other: each talker gets its turn every 10 ms of the plan's clock.
void traffic_source::talk(packet_view& into) noexcept {
  if (talk_at_ >= talkers_.size()) talk_at_ = 0;
  talker& who = talkers_[talk_at_];
  write(shapes_, into, who.flow, flow_kind::voice, who.sent);
  if (++who.sent >= plan_.voice_packets) {
    ++voice_ended_;
    who = talkers_.back();
    talkers_.pop_back();
  } else {
    ++talk_at_;
  }
}

bool traffic_source::answer(packet_view& into) noexcept {
  if (answers_waiting_ == 0 || answers_[answer_at_].due_ns > into.time.ns) return false;
  write(shapes_, into, answers_[answer_at_].flow, flow_kind::dns, 1);
  answer_at_ = (answer_at_ + 1) & static_cast<std::uint32_t>(answers_.size() - 1);
  --answers_waiting_;
  return true;
}

bool traffic_source::carry_on(packet_view& into) noexcept {
  if (bulk_window_ == 0 || bulk_slots_.empty()) return false;
  std::uint32_t& next = next_bulk_[next_bulk_at_];
  const std::uint32_t flow = next;
  next = draw_bulk();
  next_bulk_at_ = (next_bulk_at_ + 1) % ahead;
  if (flow == nobody) return false;
  write(shapes_, into, flow, kind_of(flow), sent_[flow & sent_mask_]++);
  return true;
}

/// A TLS or QUIC flow of those opened lately, each as likely as the other; `nobody` at the very
/// beginning.
std::uint32_t traffic_source::draw_bulk() noexcept {
  const std::uint64_t r = (std::uint64_t{random()} << 32) | random();
  const auto back = static_cast<std::uint32_t>((r >> 32) * bulk_window_ >> 32);
  if (back + kind_round >= opened_) return nobody;
  std::uint32_t flow = next_flow_ - 1 - back;
  flow -= flow % kind_round;
  flow += bulk_slots_[(r & 0xffff'ffff) * bulk_slots_.size() >> 32];
  if (flow >= next_flow_) flow -= kind_round;
  __builtin_prefetch(&sent_[flow & sent_mask_], 1);
  return flow;
}

void traffic_source::write(const frame_shapes& shapes, packet_view& into, std::uint32_t flow,
                           flow_kind kind, std::uint32_t index) noexcept {
  const std::uint64_t h = mix(flow + 0x1234'5678'9abcULL);
  const bool v6 = (h & 3) == 0;
  const bool ice = kind == flow_kind::voice && (h & 4) != 0;
  const flow_script& script = ice ? shapes.ice_voice(v6) : shapes.of(kind, v6);
  const std::size_t opening = script.opening.size();
  const std::uint32_t turn = index < opening ? 0 : static_cast<std::uint32_t>(index - opening);
  const frame_shape& shape =
      index < opening ? script.opening[index] : script.body[turn & 1][(h >> 3) & 3];
  const auto bytes = static_cast<std::uint32_t>(shape.bytes.size());
  auto* const frame = const_cast<std::uint8_t*>(into.frame);
  std::memcpy(frame, shape.bytes.data(), bytes);
  into.captured = into.wire = bytes;
  into.from = shape.from_client ? side::inside : side::outside;

  // 24 bits of the flow's number in the client's address: no two live flows are the same.
  const std::uint32_t client = 0x0a00'0000U | ((flow * 0x0064'd0c5U) & 0x00ff'ffffU);
  const std::uint32_t server = 0xc612'0000U | static_cast<std::uint32_t>(h >> 40 & 0x1'ffff);
  if (v6) {
    const std::size_t from = shape.from_client ? 22 : 38, to = shape.from_client ? 38 : 22;
    put_be32(frame + from, 0x2001'0db8U);
    put_be32(frame + from + 12, client);
    put_be32(frame + to, 0x2001'0db9U);
    put_be32(frame + to + 12, server);
  } else {
    put_be32(frame + 26, shape.from_client ? client : server);
    put_be32(frame + 30, shape.from_client ? server : client);
  }
  const auto noise = static_cast<std::uint32_t>(h >> 8);
  std::uint32_t near = 32'768 + (noise & 0x7fff), far = kind == flow_kind::dns ? 53 : 443;
  if (kind == flow_kind::voice) {
    near &= ~1U;
    far = 16'384 + ((noise >> 15 & 0x3fff) & ~1U);
  }
  std::uint8_t* const l4 = frame + (v6 ? 54 : 34);
  put_be16(l4, shape.from_client ? near : far);
  put_be16(l4 + 2, shape.from_client ? far : near);
  std::uint8_t* const payload = frame + shape.payload;
  if (kind == flow_kind::tls) {
    const std::uint32_t each = bytes - shape.payload;
    put_be32(l4 + 4, noise + shape.stream_bytes + (index < opening ? 0 : turn / 2 * each));
    return;
  }
  if (index < opening) {
    // Another ICE session each: user-name fragments of the check's first attribute.
    constexpr std::uint32_t name_at = 24;
    if (ice && index % 2 == 0) {
      for (std::uint32_t i = 0; i < 8; ++i) {
        if (i != 4) payload[name_at + i] = static_cast<std::uint8_t>('a' + (h >> (i * 4) & 15));
      }
    }
    return;
  }
  const std::uint64_t scramble = mix(h + index);
  if (kind == flow_kind::voice) {
    put_be16(payload + 2, noise + turn / 2);
    put_be32(payload + 4, noise + turn / 2 * 960);
    put_be32(payload + 8, static_cast<std::uint32_t>(h >> 20) + (turn & 1));
    put(payload + 12, scramble);
  } else {
    payload[0] = static_cast<std::uint8_t>(0x40 | (scramble & 0x3f));  // header protection
    put(payload + 1, scramble);
  }
}

}  // namespace callweir::bench

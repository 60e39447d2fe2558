#include "p2p/reception.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/e_model.hpp"

namespace callweir::p2p {
namespace {

constexpr double tick_ms = 1000.0 / ticks_per_second;
constexpr double base_delay_ms =
    80;  // what the E-model counts for everything but the network's extra

double share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

void reception::on_packet(std::uint32_t number, nanoseconds delay, std::uint32_t tick,
                          int frame_ticks, std::size_t frame_bytes, time_point now) {
  const double delay_ms = 1e3 * to_seconds(delay);
  if (!any_) {
    any_ = true;
    first_number_ = highest_number_ = number;
    last_delay_ms_ = delay_ms;
  } else if (number < first_number_) {
    first_number_ = number;  // the first packets overtook each other
  }
  highest_number_ = std::max(highest_number_, number);
  ++received_;
  jitter_ms_ += (std::abs(delay_ms - last_delay_ms_) - jitter_ms_) / 16;
  last_delay_ms_ = delay_ms;
  gap_max_ = std::max(gap_max_, now - last_arrival_);
  last_arrival_ = now;
  delay_min_ms_ = present_.packets == 0 ? delay_ms : std::min(delay_min_ms_, delay_ms);
  delay_max_ms_ = present_.packets == 0 ? delay_ms : std::max(delay_max_ms_, delay_ms);
  frame_ticks_ = frame_ticks;
  last_tick_ = tick;
  ++present_.packets;
  present_.delay_sum_ms += delay_ms;
  present_.media_bytes += frame_bytes;
  present_.media_ticks += static_cast<std::uint64_t>(frame_ticks);
}

reception_report reception::totals() const {
  if (!any_) return {};
  return {highest_number_ + 1, static_cast<std::uint32_t>(received_)};
}

double reception::window_mos() const {
  windowed sum;
  for (const windowed& w : past_) {
    sum.samples += w.samples;
    sum.concealed += w.concealed;
    sum.media_ticks += w.media_ticks;
    sum.media_bytes += w.media_bytes;
    sum.packets += w.packets;
    sum.delay_sum_ms += w.delay_sum_ms;
  }
  if (sum.packets == 0) return 1;
  quality_input input;
  input.model = codec_model::opus_fb;
  input.bitrate_kbps =
      static_cast<double>(sum.media_bytes) * 8 / (static_cast<double>(sum.media_ticks) * tick_ms);
  input.loss = share(sum.concealed, sum.samples);
  input.one_way_delay_ms =
      base_delay_ms + std::max(0.0, sum.delay_sum_ms / static_cast<double>(sum.packets));
  return callweir::mos(input);
}

second_report reception::close(const playout_totals& playout, time_point now) {
  second_report r;
  const std::uint64_t expected = any_ ? highest_number_ - first_number_ + 1ULL : 0;
  r.time = now.seconds();
  r.packets_expected_total = expected;
  r.packets_received_total = received_;
  r.packets_expected = expected - reported_expected_;
  r.packets_received = received_ - reported_received_;
  r.packets_lost = r.packets_expected - std::min(r.packets_expected, r.packets_received);
  r.late_frames = playout.late_frames - before_.late_frames;
  r.samples = playout.samples - before_.samples;
  r.concealed_samples = playout.concealed_samples - before_.concealed_samples;
  const std::uint64_t ticks = playout.ticks - before_.ticks;
  r.residual_loss = share(playout.lost_ticks - before_.lost_ticks, ticks);
  r.fec_share = share(playout.fec_ticks - before_.fec_ticks, ticks);
  r.redundant_share = share(playout.redundant_ticks - before_.redundant_ticks, ticks);
  r.jitter_ms = jitter_ms_;
  if (present_.packets > 0) {
    r.delay_mean_ms = present_.delay_sum_ms / static_cast<double>(present_.packets);
    r.delay_min_ms = delay_min_ms_;
    r.delay_max_ms = delay_max_ms_;
    r.payload_kbps = static_cast<double>(present_.media_bytes) * 8 /
                     (static_cast<double>(present_.media_ticks) * tick_ms);
  }
  r.gap_max_ms = 1e3 * to_seconds(std::max(gap_max_, now - last_arrival_));
  r.frame_ms = frame_ticks_ * tick_ms;

  present_.samples = r.samples;
  present_.concealed = r.concealed_samples;
  past_[past_at_++ % window_seconds] = present_;
  r.mos = window_mos();

  present_ = {};
  gap_max_ = nanoseconds{0};
  before_ = playout;
  reported_expected_ = expected;
  reported_received_ = received_;
  second_began_ = now;
  return r;
}

std::string to_json(const second_report& r, std::string_view call, std::string_view peer) {
  return fmt::format(
      R"({{"type":"second","time":{:.3f},"call":"{}","peer":"{}",)"
      R"("packets_expected":{},"packets_received":{},"packets_lost":{},)"
      R"("packets_expected_total":{},"packets_received_total":{},"late_frames":{},)"
      R"("samples":{},"concealed_samples":{},"concealed":{:.4f},)"
      R"("residual_loss":{:.4f},"fec":{:.4f},"redundant":{:.4f},"jitter_ms":{:.2f},)"
      R"("delay_mean_ms":{:.2f},"delay_min_ms":{:.2f},"delay_max_ms":{:.2f},"gap_max_ms":{:.1f},)"
      R"("payload_kbps":{:.2f},"frame_ms":{:.0f},"buffer_ms":{},"mos":{:.3f},)"
      R"("sending":{{"packets":{},"rate_kbps":{:.1f},"frame_ms":{:.0f},"redundancy":{},)"
      R"("peer_loss":{:.4f}}}}})",
      r.time, call, peer, r.packets_expected, r.packets_received, r.packets_lost,
      r.packets_expected_total, r.packets_received_total, r.late_frames, r.samples,
      r.concealed_samples, share(r.concealed_samples, r.samples), r.residual_loss, r.fec_share,
      r.redundant_share, r.jitter_ms, r.delay_mean_ms, r.delay_min_ms, r.delay_max_ms, r.gap_max_ms,
      r.payload_kbps, r.frame_ms, r.buffer_ms, r.mos, r.packets_sent, r.sending.rate_bps / 1e3,
      r.sending.frame_ticks * tick_ms, r.sending.redundancy, r.peer_loss);
}

}  // namespace callweir::p2p

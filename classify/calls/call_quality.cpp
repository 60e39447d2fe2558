#include "classify/calls/call_quality.hpp"

#include <algorithm>
#include <cmath>

namespace callweir::classify {
namespace {

constexpr std::int64_t recent_seconds = 4;

double share(double part, double whole) {
  return whole > 0 ? std::clamp(part / whole, 0.0, 1.0) : 0;
}

}  // namespace

codec_model quality_model(codec c) {
  switch (c) {
    case codec::pcmu:
    case codec::pcma:
      return codec_model::g711_plc;
    case codec::g722:
      return codec_model::g722;
    case codec::g729:
      return codec_model::g729;
    case codec::g723:
      return codec_model::g723;
    case codec::gsm:
      return codec_model::gsm_efr;
    case codec::ilbc:
      return codec_model::ilbc;
    case codec::amr:
      return codec_model::amr_nb;
    case codec::amr_wb:
      return codec_model::amr_wb;
    case codec::evs:
    case codec::opus:
    case codec::speex:
    case codec::unknown:
      break;
  }
  return codec_model::opus_fb;
}

std::string codec_text(codec c, double bitrate_kbps) {
  switch (c) {
    case codec::unknown:
      return {};
    case codec::pcmu:
      return "pcmu";
    case codec::pcma:
      return "pcma";
    case codec::g722:
      return "g722";
    case codec::g729:
      return "g729";
    case codec::g723:
      return "g723";
    case codec::gsm:
      return "gsm";
    case codec::ilbc:
      return "ilbc";
    case codec::amr:
      return "amr";
    case codec::amr_wb:
      return "amr-wb";
    case codec::evs:
      return "evs";
    case codec::speex:
      return "speex";
    case codec::opus:
      break;
  }
  const long rounded = std::lround(std::clamp(bitrate_kbps, 0.0, 1000.0));
  return rounded > 0 ? "opus~" + std::to_string(rounded) + "k" : "opus";
}

direction_quality::second_sum* direction_quality::place_of(std::int64_t second) {
  if (second < 0 || (newest_ != none && second <= newest_ - window_seconds)) return nullptr;
  second_sum& slot = second_[static_cast<std::size_t>(second % window_seconds)];
  if (slot.second != second) {
    slot = {};
    slot.second = second;
  }
  return &slot;
}

void direction_quality::add(std::int64_t second, const media_direction& seen, codec voice,
                            double length_s) {
  // A silent second does not move the window: the last figures stand until media comes again.
  if (seen.packets == 0 && seen.expected == 0 && seen.dropped == 0) return;
  if (newest_ != none && second > newest_) close_window(voice);
  second_sum* slot = place_of(second);
  if (slot == nullptr) return;
  const auto forwarded = [](double packets, double dropped) {
    return std::max(0.0, packets - dropped);
  };
  const double before = forwarded(slot->packets, slot->dropped);
  const double now = forwarded(seen.packets, seen.dropped);
  if (std::isfinite(seen.added_delay_ms) && before + now > 0) {
    slot->delay_ms = static_cast<float>(
        (before * slot->delay_ms + now * std::max(0.0F, seen.added_delay_ms)) / (before + now));
  }
  if (std::isfinite(seen.jitter_ms) && seen.packets >= slot->packets)
    slot->jitter_ms = std::max(0.0F, seen.jitter_ms);
  slot->length_s = std::max(slot->length_s, static_cast<float>(std::clamp(length_s, 0.02, 1.0)));
  slot->packets += seen.packets;
  slot->expected += seen.expected;
  slot->bytes += seen.codec_bytes;
  slot->late += seen.late;
  slot->dropped += seen.dropped;
  slot->loss_known |= seen.loss_known;
  newest_ = std::max(newest_, second);
  if (first_ == none) first_ = second;
}

void direction_quality::absorb(const direction_quality& other, codec voice) {
  if (other.empty()) return;
  for (std::int64_t second = other.newest_ - window_seconds + 1; second <= other.newest_;
       ++second) {
    if (second < 0) continue;
    const second_sum& s = other.second_[static_cast<std::size_t>(second % window_seconds)];
    if (s.second != second) continue;
    media_direction seen;
    seen.packets = s.packets;
    seen.codec_bytes = s.bytes;
    seen.expected = s.expected;
    seen.late = s.late;
    seen.dropped = s.dropped;
    seen.jitter_ms = s.jitter_ms;
    seen.added_delay_ms = s.delay_ms;
    seen.loss_known = s.loss_known;
    add(second, seen, voice, s.length_s);
  }
  track_.absorb(other.track_);
}

call_quality direction_quality::window(codec voice) const {
  call_quality q;
  double packets = 0, expected = 0, late = 0, dropped = 0, delay = 0, jitter = 0, forwarded = 0;
  double bytes = 0, recent_bytes = 0;
  std::int64_t oldest = none;
  double newest_length = 1;
  // The first second of a call is a part of one: it counts for loss, not for the rate.
  const bool skip_first = newest_ - first_ >= 2;
  for (std::int64_t second = std::max<std::int64_t>(0, newest_ - window_seconds + 1);
       second <= newest_; ++second) {
    const second_sum& s = second_[static_cast<std::size_t>(second % window_seconds)];
    if (s.second != second) continue;
    q.window_s += 1;
    packets += s.packets;
    expected += s.expected;
    late += s.late;
    dropped += s.dropped;
    jitter += static_cast<double>(s.jitter_ms) * s.packets;
    const double passed = s.packets > s.dropped ? s.packets - s.dropped : 0;
    delay += passed * s.delay_ms;
    forwarded += passed;
    q.loss_known |= s.loss_known;
    if (skip_first && second == first_) continue;
    bytes += s.bytes;
    if (second > newest_ - recent_seconds) recent_bytes += s.bytes;
    if (oldest == none) oldest = second;
    if (second == newest_) newest_length = s.length_s;
  }
  if (oldest != none)
    q.bitrate_kbps = bytes * 8 / 1000 / (static_cast<double>(newest_ - oldest) + newest_length);
  if (oldest != none) {
    const auto since = std::max(oldest, newest_ - recent_seconds + 1);
    q.recent_kbps =
        recent_bytes * 8 / 1000 / (static_cast<double>(newest_ - since) + newest_length);
  }
  q.missing = share(expected - packets, std::max(expected, packets));
  q.loss = share(expected - packets + late, std::max(expected, packets));
  q.inflicted_loss = share(dropped, packets);
  if (forwarded > 0) q.added_delay_ms = delay / forwarded;
  if (packets > 0) q.jitter_ms = jitter / packets;
  const codec_model model = quality_model(voice);
  q.mos_arriving = mos({model, q.bitrate_kbps, q.loss, one_way_delay_ms});
  const double all = 1 - (1 - q.loss) * (1 - q.inflicted_loss);
  q.mos = mos({model, q.bitrate_kbps, all, one_way_delay_ms + q.added_delay_ms});
  return q;
}

void direction_quality::close_window(codec voice) {
  if (newest_ == none) return;
  const call_quality q = window(voice);
  if (q.window_s < window_s_least) return;
  last_ = q;
  track_.add(newest_, q.mos);
  if (frozen_at_ != none && newest_ >= frozen_at_) return;
  const long step = std::lround((q.mos_arriving - 1) / 0.02);
  auto& count = before_[static_cast<std::size_t>(std::clamp<long>(step, 0, mos_steps - 1))];
  if (count < 0xffff) ++count;
}

std::optional<call_quality> direction_quality::newest(codec voice) const {
  if (newest_ == none) return std::nullopt;
  const call_quality q = window(voice);
  if (q.window_s < window_s_least && last_) return last_;
  return q;
}

void direction_quality::enforcement_began(time_point at) {
  if (frozen_at_ == none) frozen_at_ = std::max<std::int64_t>(0, at.ns / 1'000'000'000);
}

std::optional<double> direction_quality::mos_before(codec voice) const {
  auto counts = before_;
  if (newest_ != none && (frozen_at_ == none || newest_ < frozen_at_)) {  // the window still open
    direction_quality open = *this;
    open.close_window(voice);
    counts = open.before_;
  }
  std::uint32_t total = 0;
  for (const auto count : counts) total += count;
  if (total == 0) return std::nullopt;
  std::uint32_t passed = 0;
  for (int i = 0; i < mos_steps; ++i) {
    passed += counts[static_cast<std::size_t>(i)];
    if (passed * 2 >= total) return 1 + 0.02 * i;
  }
  return std::nullopt;
}

mos_track direction_quality::track(codec voice) const {
  mos_track out = track_;
  if (newest_ == none) return out;
  const call_quality open = window(voice);
  if (open.window_s >= window_s_least) out.add(newest_, open.mos);
  return out;
}

double direction_quality::busy_packets_per_s() const {
  if (newest_ == none) return 0;
  std::array<std::uint32_t, window_seconds> counts{};
  std::size_t n = 0;
  for (const second_sum& s : second_) {
    // The first and the newest second may be partial.
    if (s.second == none || s.second <= newest_ - window_seconds || s.second == first_) continue;
    counts[n++] = std::max(s.packets, s.expected);
  }
  if (n == 0) return 0;
  const auto end = counts.begin() + static_cast<std::ptrdiff_t>(n);
  const auto quartile = counts.begin() + static_cast<std::ptrdiff_t>(n * 3 / 4);
  std::nth_element(counts.begin(), quartile, end);
  return *quartile;
}

}  // namespace callweir::classify

#include "p2p/jitter_buffer.hpp"

#include <algorithm>

namespace callweir::p2p {
namespace {

constexpr std::uint32_t ahead_max = 60 * ticks_per_second;
constexpr int start_wait_ticks = 10;     // play what is there after 200 ms, full or not
constexpr int hurry_interval_ticks = 4;  // at most a quarter faster than the speaker spoke
constexpr double level_weight = 0.05;    // smooths the level over 400 ms

}  // namespace

void jitter_buffer::insert(std::uint32_t tick, bytes_view frame, bool redundant) {
  const int ticks = frame_ticks_of(frame);
  if (ticks == 0) return;
  if (begun_ && static_cast<std::int32_t>(tick - next_) < 0) {
    if (!redundant) ++totals_.late_frames;
    return;
  }
  const std::uint32_t base = begun_ || frames_.empty() ? next_ : frames_.begin()->first;
  if ((begun_ || !frames_.empty()) && tick - base > ahead_max &&
      static_cast<std::int32_t>(tick - base) > 0) {
    return;
  }
  if (frames_.contains(tick) || frames_.size() >= frames_max) return;
  frames_.emplace(tick, held{{frame.begin(), frame.end()}, ticks, redundant});
}

void jitter_buffer::set_target(int ticks) {
  target_ticks_ = std::clamp(ticks, 2, 10);
}

int jitter_buffer::level_ticks() const {
  const int decoded = static_cast<int>(ready_.size()) / tick_samples;
  if (frames_.empty()) return decoded;
  const auto& [tick, last] = *frames_.rbegin();
  const auto first = begun_ ? next_ : frames_.begin()->first;
  return decoded + std::max(0, static_cast<int>(tick - first) + last.ticks);
}

void jitter_buffer::play() {
  if (!begun_) {
    if (frames_.empty()) return;
    if (level_ticks() < target_ticks_ && ++waited_ticks_ < start_wait_ticks) return;
    begun_ = true;
    next_ = frames_.begin()->first;
    smooth_level_ = level_ticks();
  }
  smooth_level_ += level_weight * (level_ticks() - smooth_level_);
  ++since_hurry_;
  while (ready_.size() < tick_samples) {
    if (!refill()) repair_or_conceal();
  }
  if (should_hurry()) {
    if (ready_.size() < 2 * tick_samples) refill();
    if (ready_.size() >= 2 * tick_samples) blend_two_ticks();
  }
  played_.assign(ready_.begin(), ready_.begin() + tick_samples);
  ready_.erase(ready_.begin(), ready_.begin() + tick_samples);
  totals_.samples += tick_samples;
}

/// Decodes the frame whose turn it is, if it is there. A hole that has been concealed for its whole
/// length is left behind first.
bool jitter_buffer::refill() {
  if (frames_.empty()) return false;
  const std::uint32_t hole = frames_.begin()->first - next_;
  if (hole != 0 && concealed_ < hole) return false;
  if (hole != 0) skip_to(frames_.begin()->first, hole);
  decode_front();
  return true;
}

void jitter_buffer::decode_front() {
  const auto front = frames_.begin();
  const held& frame = front->second;
  const int got = decoder_.decode(frame.bytes, ready_);
  for (int missing = frame.ticks - got; missing > 0; --missing) {
    decoder_.conceal(ready_);
    totals_.concealed_samples += tick_samples;
    ++totals_.lost_ticks;
  }
  const auto ticks = static_cast<std::uint32_t>(frame.ticks);
  totals_.ticks += ticks;
  if (frame.redundant) totals_.redundant_ticks += ticks;
  next_ = front->first + ticks;
  concealed_ = 0;
  frames_.erase(front);
  // A copy whose frame was split differently may overlap what has just been played.
  while (!frames_.empty() && static_cast<std::int32_t>(frames_.begin()->first - next_) < 0) {
    frames_.erase(frames_.begin());
  }
}

void jitter_buffer::repair_or_conceal() {
  if (!frames_.empty()) {
    const auto& [tick, frame] = *frames_.begin();
    const std::uint32_t left = tick - next_ - concealed_;
    const auto carried = static_cast<std::uint32_t>(frame.ticks);
    if (left <= carried && carries_fec(frame.bytes)) {
      std::vector<std::int16_t> repaired;
      if (decoder_.recover(frame.bytes, repaired) == frame.ticks) {
        repaired.erase(repaired.begin(), repaired.end() - left * tick_samples);
        ready_.insert(ready_.end(), repaired.begin(), repaired.end());
        totals_.fec_ticks += left;
        skip_to(tick, tick - next_ - left);
        return;
      }
    }
  }
  decoder_.conceal(ready_);
  totals_.concealed_samples += tick_samples;
  ++concealed_;
}

/// Media time moves on to `tick`; `lost` of what lies between was not played.
void jitter_buffer::skip_to(std::uint32_t tick, std::uint32_t lost) {
  totals_.ticks += tick - next_;
  totals_.lost_ticks += lost;
  next_ = tick;
  concealed_ = 0;
}

bool jitter_buffer::should_hurry() {
  return since_hurry_ >= hurry_interval_ticks && smooth_level_ > target_ticks_ + 1.5 &&
         level_ticks() > target_ticks_ + 1;
}

/// Two ticks become one by cross-fading: the delay shrinks by 20 ms and nothing is concealed.
void jitter_buffer::blend_two_ticks() {
  for (int i = 0; i < tick_samples; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const int blended =
        (ready_[at] * (tick_samples - i) + ready_[at + tick_samples] * i) / tick_samples;
    ready_[at + tick_samples] = static_cast<std::int16_t>(blended);
  }
  ready_.erase(ready_.begin(), ready_.begin() + tick_samples);
  since_hurry_ = 0;
}

}  // namespace callweir::p2p

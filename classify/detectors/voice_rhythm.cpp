#include "classify/detectors/voice_rhythm.hpp"

#include <algorithm>
#include <cmath>

namespace callweir::classify {
namespace {

constexpr int packets_min = 16;  // a direction: 1 s of 60 ms frames
constexpr std::int64_t duration_min_ns = 900'000'000;
constexpr std::uint16_t large_bytes = 240;           // 20 ms of 88 kbit/s with its header and tag
constexpr std::uint16_t picture_bytes = 420;         // no steady voice has a larger mean, see below
constexpr std::int64_t picture_tail_ns = 3'000'000;  // a picture's last packet follows at once
constexpr double silent_bytes_max = 48;  // header and tag of up to 40, and a codec's silence
constexpr std::int64_t listening_min_ns = 1'800'000'000;
constexpr double frames_ms[] = {10, 20, 30, 40, 60};
constexpr double frame_tolerance = 0.035;  // of a measured mean: clocks and jitter
constexpr double grid_share_min = 0.70;
constexpr std::uint32_t body_offset = 16, body_bytes = 16;

/// 15 degrees of freedom: 99.99 % of noise stays below 44.
constexpr double chi_square_noise = 45;

double chi_square(const std::uint16_t* counts, int total) noexcept {
  const double expected = total / 16.0;
  double sum = 0;
  for (int i = 0; i < 16; ++i) sum += (counts[i] - expected) * (counts[i] - expected) / expected;
  return sum;
}

/// Mean of the gaps that are one frame long: a sum over neighbours cancels jitter out.
double frame_of(const std::uint16_t* sorted, int n) noexcept {
  const int middle = n / 2;
  const double median = sorted[middle];
  double sum = 0;
  int used = 0;
  for (int i = 0; i < n; ++i) {
    if (sorted[i] >= 0.5 * median && sorted[i] <= 1.5 * median) {
      sum += sorted[i];
      ++used;
    }
  }
  return used * 2 >= n ? sum / used / 8.0 : 0;
}

/// Both ends of a talk run one codec in one mode. Lengths that never change on one side and vary on
/// the other are a game's input and its server's answers; a muted microphone is constant, too, but
/// leaves little more than header and tag.
bool answers_fixed(const rhythm_report& fixed, const rhythm_report& varied) noexcept {
  return fixed.bytes_deviation < 0.5 && fixed.bytes_mean > silent_bytes_max &&
         varied.bytes_deviation > 2 + 0.05 * varied.bytes_mean;
}

double nearest_frame(double measured_ms) noexcept {
  for (const double f : frames_ms) {
    if (std::abs(measured_ms - f) <= f * frame_tolerance) return f;
  }
  return 0;
}

}  // namespace

void voice_rhythm::observe(const sample& s) noexcept {
  rhythm_direction& d = way[s.way];
  if (s.bytes < 20) {
    count_up(tiny);  // keep-alives and acknowledgements between the media
    return;
  }
  if (s.bytes > large_bytes) count_up(large);
  if (s.bytes > picture_bytes) {
    if (d.pictures > 0 && s.time.ns - d.picture_ns < picture_tail_ns) count_up(d.bursts);
    count_up(d.pictures);
    d.picture_ns = s.time.ns;
    observe_bytes(s);
    return;
  }
  if (d.pictures > 0 && s.time.ns - d.picture_ns < picture_tail_ns) return;
  const std::int64_t gap_ns = d.packets > 0 ? s.time.ns - d.last_ns : 0;
  const int at = d.packets % rhythm_direction::window;
  const std::int64_t gap = gap_ns < 0 ? 0 : gap_ns / 125'000;
  d.gaps[static_cast<std::size_t>(at)] =
      static_cast<std::uint16_t>(std::min<std::int64_t>(gap, 65535));
  d.sizes[static_cast<std::size_t>(at)] = s.bytes;
  if (d.packets == 0) d.first_ns = s.time.ns;
  d.last_ns = s.time.ns;
  d.packets = static_cast<std::uint16_t>(
      d.packets < 60'000 ? d.packets + 1 : d.packets - rhythm_direction::window * 500);
  observe_bytes(s);
}

void voice_rhythm::observe_bytes(const sample& s) noexcept {
  if (s.captured >= 8 && head_packets < 200) {
    for (std::size_t i = 0; i < 8; ++i) count_up(head[i][s.data[i] & 0xf]);
    ++head_packets;
  }
  const std::uint32_t end = std::min<std::uint32_t>(body_offset + body_bytes, s.captured);
  for (std::uint32_t i = body_offset; i < end && body_nibbles[0] < 4'000; ++i) {
    ++body_nibbles[s.data[i] & 0xf];
    ++body_nibbles[s.data[i] >> 4];
  }
}

rhythm_report voice_rhythm::report(direction w) const noexcept {
  const rhythm_direction& d = way[w];
  rhythm_report out;
  const int n = d.kept();
  if (n < packets_min) return out;
  std::array<std::uint16_t, rhythm_direction::window> gaps{};
  int used = 0;
  double bytes = 0, squares = 0, span_ms = 0;
  int small = 0;
  for (int i = 0; i < n; ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (d.packets > n || i > 0) {  // the flow's first packet has no gap
      gaps[static_cast<std::size_t>(used++)] = d.gaps[at];
      span_ms += d.gaps[at] / 8.0;
    }
    bytes += d.sizes[at];
    squares += double{1.0} * d.sizes[at] * d.sizes[at];
    small += d.sizes[at] <= 400;
  }
  out.bytes_mean = bytes / n;
  out.bytes_deviation = std::sqrt(std::max(0.0, squares / n - out.bytes_mean * out.bytes_mean));
  out.small_share = static_cast<double>(small) / n;
  out.packets_per_s = span_ms > 0 ? used * 1000.0 / span_ms : 0;
  std::sort(gaps.begin(), gaps.begin() + used);
  const double measured = frame_of(gaps.data(), used);
  out.frame_ms = nearest_frame(measured);
  if (out.frame_ms > 0) {
    int fits = 0, beats = 0;
    for (int i = 0; i < used; ++i) {
      const double frames = gaps[static_cast<std::size_t>(i)] / 8.0 / out.frame_ms;
      const double whole = std::round(frames);
      const bool counts = whole >= 1 && whole <= 12;
      fits += counts && std::abs(frames - whole) <= 0.35;
      beats += counts && std::abs(frames - whole) <= 0.2;
    }
    out.on_beat = static_cast<double>(beats) / used;
    out.on_grid = static_cast<double>(fits) / used;
  }
  out.steady = out.frame_ms > 0 && out.on_grid >= grid_share_min && out.bytes_mean >= 28 &&
               out.bytes_mean <= 420 && out.small_share >= 0.85;
  return out;
}

bool voice_rhythm::random_body() const noexcept {
  int total = 0;
  for (const std::uint16_t c : body_nibbles) total += c;
  return total >= 400 && chi_square(body_nibbles.data(), total) < chi_square_noise;
}

bool voice_rhythm::header_in_front() const noexcept {
  if (head_packets < 16) return false;
  for (const auto& group : head) {
    const int most = *std::max_element(group.begin(), group.end());
    if (most * 3 >= head_packets) return true;
  }
  return false;
}

bool voice_rhythm::pictured() const noexcept {
  const int pictures = way[0].pictures + way[1].pictures;
  return pictures * 10 >= way[0].packets + way[1].packets;
}

bool voice_rhythm::due() const noexcept {
  return way[0].packets >= packets_min && way[1].packets >= packets_min &&
         (way[0].packets + way[1].packets) % 8 == 0;
}

int voice_rhythm::confidence() const noexcept {
  const auto lasted = [&](int w) {
    const rhythm_direction& d = way[static_cast<std::size_t>(w)];
    return d.last_ns - d.first_ns;
  };
  if (way[0].packets < packets_min || way[1].packets < packets_min) return 0;
  if (lasted(0) < duration_min_ns || lasted(1) < duration_min_ns || !random_body()) return 0;
  const rhythm_report a = report(forward), b = report(backward);
  if (!a.steady || !b.steady) return 0;
  const double rates = a.packets_per_s / b.packets_per_s, sizes = a.bytes_mean / b.bytes_mean;
  const double volumes = rates * sizes;
  // The same frame on both sides gives like sizes; another frame gives another size, and the same
  // bits a second. What is less alike, a game's ticks can be as well.
  const bool same_frame = a.frame_ms == b.frame_ms;
  const bool alike =
      rates > 0.3 && rates < 3.4 && volumes > 0.33 && volumes < 3 && sizes > 0.25 && sizes < 4;
  if (!alike) return 40;
  if (answers_fixed(a, b) || answers_fixed(b, a)) return 80;
  if (pictured()) {
    // What is left of a tunnel's traffic without its large packets keeps no beat: by chance two
    // fifths of the gaps do.
    const bool beat = std::min(a.on_beat, b.on_beat) >= 0.75 && same_frame;
    // A picture takes several packets at once, beside the voice. A game that sends one a tick, now
    // and then a large one, has large ones in the place of small ones.
    const auto in_bursts = [](const rhythm_direction& d) { return d.bursts * 4 >= d.pictures; };
    if (!in_bursts(way[0]) || !in_bursts(way[1])) return 75;
    return beat && std::min(lasted(0), lasted(1)) >= listening_min_ns ? 91 : 75;
  }
  if (same_frame && (sizes < 0.5 || sizes > 2)) {
    // One speaks and the other listens: a variable bit rate makes silence small. A game that ticks
    // 50 times a second on both sides can look like that, but its updates are not bounded as a
    // codec's frames are.
    const bool speech =
        large * 50 <= way[0].packets + way[1].packets && std::min(a.on_grid, b.on_grid) >= 0.85;
    const bool lasting = std::min(lasted(0), lasted(1)) >= listening_min_ns;
    return speech && lasting && a.frame_ms == 20 ? 91 : 75;
  }
  const bool both_sure = a.on_grid >= 0.8 && b.on_grid >= 0.8;
  return both_sure || same_frame ? 94 : 85;
}

}  // namespace callweir::classify

// Quality of one direction of a call over sliding windows of 20 one-second samples. Control thread
// only.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/e_model.hpp"
#include "classify/calls/mos_track.hpp"
#include "classify/flow_event.hpp"

namespace callweir::classify {

/// Quality of one direction of a call over the newest 20 s window, by the SPEC's definition of
/// `mos`.
struct call_quality {
  double bitrate_kbps = 0;    // codec payload
  double loss = 0;            // already missing on arrival, with the late ones
  double missing = 0;         // already missing on arrival, without the late ones
  double inflicted_loss = 0;  // of the packets that arrived: dropped by the appliance
  double recent_kbps =
      0;  // as bitrate_kbps, over the newest four seconds: what a control loop follows
  double added_delay_ms = 0;
  double jitter_ms = 0;
  double mos_arriving = 0;  // without what was inflicted
  double mos = 0;           // with it
  double window_s = 0;      // seconds of media in the window, < 3: not to be used
  bool loss_known = false;  // `loss` rests on sequence numbers; else it is 0 for want of knowledge
};

constexpr int window_seconds = 20;
constexpr double window_s_least = 3;     // of media: less is no measurement
constexpr double one_way_delay_ms = 80;  // without what is added (SPEC, `mos`)

/// The row of the E-model that a codec counts as; unknown ones by the full-band scale.
codec_model quality_model(codec c);
/// "pcma", "opus~24k" (with the rate in kbit/s where it is known), "" for unknown.
std::string codec_text(codec c, double bitrate_kbps);

class direction_quality {
 public:
  direction_quality() { second_.fill({}); }

  /// Adds what one flow showed in the second that begins at `second` (seconds since the epoch);
  /// flows of one call add up. Seconds may come a little out of order; those older than the window
  /// are ignored.
  /// `length_s`: how much of the second the flow lived, (0, 1].
  void add(std::int64_t second, const media_direction& seen, codec voice, double length_s = 1);
  /// Takes over the seconds of another direction (a call that turned out to be this one).
  void absorb(const direction_quality& other, codec voice);

  bool empty() const { return newest_ == none; }
  /// The newest window; the last one with 3 s of media where the newest has less; nullopt before
  /// any media.
  std::optional<call_quality> newest(codec voice) const;
  /// Windows that end after `at` are no longer "before".
  void enforcement_began(time_point at);
  /// Median MOS over the windows before enforcement, all so far where there was none. To 0.02.
  std::optional<double> mos_before(codec voice) const;
  /// The MOS of the newest windows over the whole call, with what was inflicted, up to now.
  mos_track track(codec voice) const;
  /// Packets in a busy second of the newest window (upper quartile), 0 without media.
  double busy_packets_per_s() const;

 private:
  static constexpr std::int64_t none = -1;
  static constexpr int mos_steps = 176;  // 1.00 to 4.50 by 0.02

  struct second_sum {
    std::int64_t second = none;
    std::uint32_t packets = 0, expected = 0, bytes = 0, late = 0, dropped = 0;
    float delay_ms = 0;  // mean over the forwarded
    float jitter_ms = 0;
    float length_s = 0;  // the longest of the flows that add up
    bool loss_known = false;
  };
  second_sum* place_of(std::int64_t second);
  void close_window(codec voice);
  call_quality window(codec voice) const;

  std::array<second_sum, window_seconds> second_;  // by second modulo 20
  std::array<std::uint16_t, mos_steps> before_{};  // windows by their MOS
  mos_track track_;                                // closed windows
  std::optional<call_quality> last_;               // newest window with enough media
  std::int64_t newest_ = none;
  std::int64_t first_ = none;      // second in which media began: it is partial
  std::int64_t frozen_at_ = none;  // second from which windows are under enforcement
};

}  // namespace callweir::classify

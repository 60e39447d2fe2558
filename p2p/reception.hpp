// What one side of a call received, second by second: loss, jitter, delay, concealment and MOS.
// Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "p2p/jitter_buffer.hpp"
#include "p2p/rate_adapter.hpp"
#include "p2p/secure_channel.hpp"

namespace callweir::p2p {

/// One second of reception. Counts are of this second unless a name says otherwise.
struct second_report {
  double time = 0;  // end of the second, seconds since the epoch
  std::uint64_t packets_expected = 0, packets_received = 0, packets_lost = 0;
  std::uint64_t packets_expected_total = 0, packets_received_total = 0;
  std::uint64_t late_frames = 0;
  std::uint64_t samples = 0, concealed_samples = 0;
  double residual_loss = 0;  // media time not played from a frame, its copy or FEC
  double fec_share = 0, redundant_share = 0;
  double jitter_ms = 0;  // RFC 3550, 6.4.1
  double delay_mean_ms = 0, delay_min_ms = 0,
         delay_max_ms = 0;  // one way, by the sender's time stamps
  double gap_max_ms = 0;    // longest time without a media packet
  double payload_kbps = 0;  // codec payload over the media time it covers
  double frame_ms = 0;
  int buffer_ms = 0;
  double mos = 0;           // over the last 20 s
  sender_settings sending;  // the other direction: what this side sends
  double peer_loss = 0;     // smoothed, as the peer reports it
  std::uint64_t packets_sent = 0;
};

/// One line of JSON without its end.
std::string to_json(const second_report& report, std::string_view call, std::string_view peer);

class reception {
 public:
  explicit reception(time_point start) : second_began_(start), last_arrival_(start) {}

  /// A media packet with packet number `number` arrived; `frame` is its primary frame.
  void on_packet(std::uint32_t number, nanoseconds delay, std::uint32_t tick, int frame_ticks,
                 std::size_t frame_bytes, time_point now);
  reception_report totals() const;
  double jitter_ms() const { return jitter_ms_; }
  /// Closes the second and begins the next.
  second_report close(const playout_totals& playout, time_point now);

 private:
  static constexpr std::size_t window_seconds = 20;
  struct windowed {
    std::uint64_t samples = 0, concealed = 0, media_ticks = 0, media_bytes = 0, packets = 0;
    double delay_sum_ms = 0;
  };

  double window_mos() const;

  time_point second_began_, last_arrival_;
  bool any_ = false;
  std::uint32_t first_number_ = 0, highest_number_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t reported_expected_ = 0, reported_received_ = 0;
  double last_delay_ms_ = 0, jitter_ms_ = 0;
  std::uint32_t last_tick_ = 0;
  double delay_min_ms_ = 0, delay_max_ms_ = 0;
  nanoseconds gap_max_{0};
  int frame_ticks_ = 1;
  windowed present_;
  std::array<windowed, window_seconds> past_{};
  std::size_t past_at_ = 0;
  playout_totals before_;
};

}  // namespace callweir::p2p

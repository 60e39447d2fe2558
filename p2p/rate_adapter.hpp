// How the sender answers loss, after the manner of WebRTC and Skype: rate by the loss-based rule of
// Google Congestion Control (draft-ietf-rmcat-gcc-02, 6), longer frames when the rate is low,
// redundancy when the loss is high. Time constants are seconds; all of it recovers when the loss
// ends. Pure.
#pragma once

#include <optional>

#include "p2p/wire.hpp"

namespace callweir::p2p {

struct sender_settings {
  int rate_bps = 24'000;  // of the codec, without redundancy
  int frame_ticks = 1;    // 1, 2, 3: 20, 40, 60 ms
  int redundancy = 1;     // copies of each frame sent: 1 or 2
  int loss_pct = 0;       // what the codec's FEC is told, 0 to 25

  friend bool operator==(const sender_settings&, const sender_settings&) = default;
};

class rate_adapter {
 public:
  static constexpr int rate_bps_min = 12'000;
  static constexpr int rate_bps_max = 24'000;

  explicit rate_adapter(time_point start) : last_(start) {}

  /// Takes the receiver's totals. Reports that go backwards or claim more than was sent are
  /// ignored.
  void on_report(const reception_report& report, std::uint32_t sent, time_point now);

  const sender_settings& settings() const { return settings_; }
  /// Smoothed, as the peer reports it: 0 to 1.
  double loss() const { return loss_; }

 private:
  void choose(double elapsed_s);

  sender_settings settings_;
  std::optional<reception_report> previous_;
  time_point last_;
  double loss_ = 0;
  double rate_bps_ = rate_bps_max;
};

}  // namespace callweir::p2p

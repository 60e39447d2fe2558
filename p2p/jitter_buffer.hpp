// Holds received frames until they are played, and decides each 20 ms between playing, repairing
// and concealing. A hole is concealed for as long as it lasts and not longer, so the delay stays; a
// frame that comes after its time moves the delay up; a buffer fuller than the jitter asks for is
// played faster. Pure but for the decoder that it drives.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "p2p/voice_codec.hpp"

namespace callweir::p2p {

/// Totals since the call began. Samples count what the listener was given, ticks the sender's media
/// time.
struct playout_totals {
  std::uint64_t samples = 0;
  std::uint64_t concealed_samples = 0;
  std::uint64_t ticks = 0;            // media time passed
  std::uint64_t lost_ticks = 0;       // of these, never played from a frame, its copy or FEC
  std::uint64_t fec_ticks = 0;        // repaired by in-band FEC
  std::uint64_t redundant_ticks = 0;  // repaired by the redundant copy
  std::uint64_t late_frames = 0;      // came after their time had been concealed
};

class jitter_buffer {
 public:
  static constexpr std::size_t frames_max = 128;

  /// `tick` is the extended media time of the frame's first sample. Damaged frames, duplicates, and
  /// frames further ahead than a minute are refused.
  void insert(std::uint32_t tick, bytes_view frame, bool redundant);
  /// What the buffer should hold before playing begins and when nothing is wrong, in ticks (2 to
  /// 10).
  void set_target(int ticks);
  /// Plays one tick. Silent and uncounted until enough has come to begin.
  void play();

  const playout_totals& totals() const { return totals_; }
  int level_ticks() const;
  /// The samples played last, tick_samples of them; empty before playing began.
  std::span<const std::int16_t> played() const { return played_; }

 private:
  struct held {
    std::vector<std::uint8_t> bytes;
    int ticks;
    bool redundant;
  };

  bool refill();
  void decode_front();
  void repair_or_conceal();
  void skip_to(std::uint32_t tick, std::uint32_t lost);
  bool should_hurry();
  void blend_two_ticks();

  voice_decoder decoder_;
  std::map<std::uint32_t, held> frames_;
  std::vector<std::int16_t> ready_;
  std::vector<std::int16_t> played_;
  playout_totals totals_;
  std::uint32_t next_ = 0;       // media time that is decoded next
  std::uint32_t concealed_ = 0;  // ticks concealed in the present hole
  int target_ticks_ = 3;
  int waited_ticks_ = 0;
  int since_hurry_ = 0;
  double smooth_level_ = 0;
  bool begun_ = false;
};

}  // namespace callweir::p2p

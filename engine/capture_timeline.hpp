// Several captures as one timeline: frames in bursts, merged by time. One thread.
#pragma once

#include <array>
#include <span>
#include <string>
#include <vector>

#include "base/capture_file.hpp"
#include "base/packet_view.hpp"
#include "base/result.hpp"

namespace callweir::engine {

class capture_timeline {
 public:
  static constexpr std::size_t burst_max = 64;
  /// Time stamps in a burst are this near to each other, so that one clock reading serves it.
  static constexpr nanoseconds burst_span = std::chrono::seconds(1);

  struct burst {
    std::array<packet_view, burst_max> packets;  // frame, captured, wire and time are set
    std::array<std::uint16_t, burst_max> link_types;
    std::array<std::uint16_t, burst_max> files;  // position in the list of files
    std::size_t count = 0;
    bool ethernet = true;  // all of them
  };

  /// What cannot be opened or is no capture is left out and stands among the damages.
  static capture_timeline open(std::span<const std::string> files);

  /// The next burst; false at the end. Frames stay valid until the next call.
  bool next(burst& out);
  double progress() const;
  /// How many of the files are captures.
  std::size_t captures() const { return sources_.size(); }
  /// What was damaged, after the end.
  const std::vector<error>& damages() const { return damages_; }

 private:
  struct source {
    capture_reader reader;
    std::uint16_t file;  // position in the list of files
    std::array<captured_frame, burst_max> frames;
    std::size_t at = 0, count = 0;
    bool ended = false;
  };
  void refill(source& from);
  source* earliest();

  std::vector<source> sources_;
  std::vector<error> damages_;
};

}  // namespace callweir::engine

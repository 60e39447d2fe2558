// Records as a busy appliance streams them: 60 % flows (three of ten told again), 10 % calls (half
// told again), 30 % sums of traffic. The same seed gives the same.
#pragma once

#include <cstdint>
#include <vector>

#include "base/record_stream.hpp"

namespace callweir::bench {

class record_mix {
 public:
  /// Replaces `batch` by `count` records that belong to `at`.
  void fill(std::vector<stream::durable>& batch, std::size_t count, time_point at);
  std::uint64_t number() const { return number_; }
  /// The id of a flow that was told lately.
  std::string recent_flow() const { return "f" + std::to_string(flows_ > 100 ? flows_ - 100 : 1); }

 private:
  std::uint64_t draw();
  flow_record flow(std::uint64_t id, time_point at) const;
  call_record call(std::uint64_t id, time_point at) const;
  traffic_record traffic(time_point at);

  std::uint64_t state_ = 2026, number_ = 0, flows_ = 0, calls_ = 0;
};

}  // namespace callweir::bench

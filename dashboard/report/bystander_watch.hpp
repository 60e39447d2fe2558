// Was anyone harmed: the quality of calls that were left alone, apart from and during the stretches
// of time in which others were throttled on the same link. Between calls and within each. Memory:
// 24 bytes a window, 24 MB at most.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "dashboard/report/mos_samples.hpp"
#include "dashboard/report/report_model.hpp"

namespace callweir::dashboard {

class bystander_watch {
 public:
  /// Something was done to a call on `link` from `from` to `to`.
  void throttled(const std::string& link, time_point from, time_point to);
  /// A call was left alone; what is known of its quality.
  void left_alone(const std::string& link, treatment what, const call_record& call);
  /// Fills in the groups, and how long throttling went on.
  void finish(bystanders& into);

 private:
  struct span {
    std::uint32_t link;
    time_point from, to;
  };
  /// A window of a call, or all of it where its course is not known.
  struct glimpse {
    time_point from, to;
    both_ways<float> mos;  // 0 where not known
  };
  struct neighbour {
    std::uint32_t link;
    bool authorised;
    std::size_t first, count;  // of glimpses_
  };
  struct group;

  std::uint32_t number_of(const std::string& link);
  std::vector<span> stretches() const;
  void place(const neighbour& call, const std::vector<span>& stretches, group& into) const;

  std::map<std::string, std::uint32_t> links_;
  std::vector<span> throttled_;
  std::vector<neighbour> calls_;
  std::vector<glimpse> glimpses_;
};

}  // namespace callweir::dashboard

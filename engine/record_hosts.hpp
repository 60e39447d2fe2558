// Inside hosts that changed, each ten seconds. Control thread only.
#pragma once

#include <cstdint>
#include <map>

#include "classify/call_tracker.hpp"
#include "engine/record_outlet.hpp"

namespace callweir::engine {

class host_teller {
 public:
  static constexpr nanoseconds every = std::chrono::seconds(10);
  static constexpr std::size_t hosts_many = 20'000;  // beyond it, once a minute
  static constexpr nanoseconds every_many = std::chrono::seconds(60);
  static constexpr std::size_t records_most = 2'000;  // each time; the others have their turn next

  /// Once a second.
  void tick(const classify::call_tracker& tracker, time_point now, const record_outlet& out);
  /// All that changed, at the end.
  void finish(const classify::call_tracker& tracker, const record_outlet& out);

 private:
  void tell(const std::vector<host_record>& hosts, std::size_t most, const record_outlet& out);

  struct told {
    std::uint64_t looks = 0;  // what it looked like
    time_point first, shown;  // the earliest known of this stay, and as what it was told
    std::uint64_t bytes = 0;
    std::uint32_t flows = 0;
    bool same_stay(const host_record& host) const {
      return host.first <= first && host.flows >= flows && host.bytes >= bytes;
    }
  };
  std::map<ip_address, told> told_;  // only hosts that exist
  std::size_t at_ = 0;
  time_point next_{};
};

}  // namespace callweir::engine

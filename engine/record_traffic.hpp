// What applications and hosts carry, in windows of ten seconds: sums of flows that ended and of
// heavy ones that go on. Bounded; what finds no place is summed up by link. Control thread only.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "base/record.hpp"
#include "classify/flow_event.hpp"
#include "engine/record_outlet.hpp"

namespace callweir::engine {

class traffic_book {
 public:
  static constexpr std::size_t keys_max = 16'384;   // application, host and link, in one window
  static constexpr std::size_t heavy_max = 65'536;  // flows that were booked before their end
  static constexpr nanoseconds window = std::chrono::seconds(10);
  /// A heavy flow of which nothing was heard for so long has ended without our hearing of it.
  static constexpr nanoseconds heavy_patience = std::chrono::hours(25);

  /// `links`: names by index.
  explicit traffic_book(std::vector<std::string> links);

  /// Takes `progress` and `closed`. `app`: the flow's or its call's. `now` says which window.
  void on_event(const classify::flow_event& event, app_id app, time_point now);
  /// Tells the windows that are over. Call each second.
  void tick(time_point now, const record_outlet& out);
  /// Tells the window that runs, too: at the end.
  void finish(const record_outlet& out);

  std::size_t keys() const { return sums_.size(); }
  std::size_t heavy() const { return heavy_.size(); }

 private:
  struct key {
    ip_address host;
    app_id app = 0;
    std::uint16_t link = 0;
    bool voip = false;
    friend bool operator==(const key&, const key&) = default;
  };
  struct key_hash {
    std::size_t operator()(const key& of) const noexcept;
  };
  struct sums {
    std::uint64_t flows = 0;
    both_ways<std::uint64_t> packets{}, bytes{};  // sent by the inside host, received by it
  };
  struct booked {
    both_ways<std::uint64_t> packets{}, bytes{};  // by direction of the flow
    time_point at;
  };
  void add(const key& where, const sums& what);
  void tell(const record_outlet& out);
  void forget_silent(time_point now);

  std::vector<std::string> links_;
  time_point window_{};  // start of the one that runs
  std::unordered_map<key, sums, key_hash> sums_;
  std::vector<sums> rest_;  // by link
  std::unordered_map<std::uint64_t, booked> heavy_;
  time_point swept_{};
};

}  // namespace callweir::engine

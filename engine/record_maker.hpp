// Makes the records of a running appliance out of what the control thread sees, and puts them into
// the journal and before the readers. Control thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/control_observer.hpp"
#include "engine/control_thread.hpp"
#include "engine/record_calls.hpp"
#include "engine/record_flows.hpp"
#include "engine/record_gaps.hpp"
#include "engine/record_hosts.hpp"
#include "engine/record_load.hpp"
#include "engine/record_outlet.hpp"
#include "engine/record_traffic.hpp"

namespace callweir::engine {

/// What a stream of records begins with.
stream::hello hello_of(const std::string& engine, const configuration& from);

class record_maker final : public control_observer {
 public:
  struct options {
    std::string engine;              // 16 hex digits, this life's
    std::vector<std::string> links;  // by index
    shared_state* shared = nullptr;
    link_loads loads;
    std::function<std::uint64_t()> events_lost;
    std::function<std::int64_t()> clock_lead;  // see record_clock; none: not followed
  };
  /// The journal and the server behind `out` outlive it.
  record_maker(options wanted, const record_outlet& out);

  /// Nothing is told before.
  void begin(time_point now);
  void on_event(control_state& state, const classify::flow_event& event) override;
  void on_binding(control_state& state, const binding& told) override;
  void each_second(control_state& state, time_point now) override;
  /// The last records: what runs is told as it stands.
  void finish(control_state& state, time_point now);
  /// Any thread: records that were to be made and were not, for want of room or time.
  std::uint64_t untold() const { return flows_.lost(); }

 private:
  void follow_clock(time_point now);

  options options_;
  record_outlet out_;
  record_clock clock_;
  bool begun_ = false;
  std::uint32_t generation_ = 0;  // of the policies that the readers were greeted with
  traffic_book traffic_;
  flow_teller flows_;
  call_teller calls_;
  second_teller seconds_;
  policy_teller policies_;
  host_teller hosts_;
  gap_teller gaps_;
};

}  // namespace callweir::engine

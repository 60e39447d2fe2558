// Calls as they begin, change, go on and end; and each running one for the live page. Every
// enforcement of a call goes into the audit log when it begins and when it is over. Control thread
// only.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/control_thread.hpp"
#include "engine/record_outlet.hpp"

namespace callweir::engine {

class call_teller {
 public:
  /// What was taken for a call often turns out to be none within its first packets.
  static constexpr nanoseconds first_after = std::chrono::seconds(2);
  static constexpr nanoseconds again_after = std::chrono::seconds(60);
  static constexpr nanoseconds acted_on_after =
      std::chrono::seconds(10);  // while a line acts on it
  /// While others are degraded: whether it suffers is what is asked of it.
  static constexpr nanoseconds beside_after = std::chrono::seconds(20);
  static constexpr nanoseconds changed_after = std::chrono::seconds(2);
  static constexpr std::size_t records_a_second = 1'000;
  static constexpr std::size_t live_a_second = 500;

  /// A flow of the call came to a policy line.
  void changed(const std::string& call_id);
  /// Once a second.
  void tick(control_state& state, time_point now, const record_outlet& out);
  /// At the engine's end: every running call as it stands, ended as far as this life goes.
  void finish(control_state& state, time_point now, const record_outlet& out);

 private:
  struct known_call {
    time_point since;  // first seen here
    time_point told{};
    bool changed = false;
    std::uint64_t round = 0;            // when it was active last
    call_record last;                   // as told
    std::vector<std::string> enforced;  // policies that act on it, as the audit log knows
  };
  void tell(known_call& call, call_record record, time_point now, const record_outlet& out);
  void audit_enforcement(known_call& call, const call_record& record, time_point now,
                         const record_outlet& out);
  void tell_ended(control_state& state, time_point now, const record_outlet& out);
  void tell_vanished(time_point now, const record_outlet& out);
  void tell_live(const control_state& state, time_point now, const record_outlet& out);

  std::unordered_map<std::string, known_call> calls_;  // by id; as many as the tracker has
  std::vector<classify::call_slot> active_;
  std::uint64_t round_ = 0;
  std::size_t live_at_ = 0;
};

}  // namespace callweir::engine

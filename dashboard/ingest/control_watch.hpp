// Asks the engine's control socket every two seconds for `status` and the policies with their
// counters, and keeps the answers on the live board (topics "status" and "policies", key ""). A
// thread of its own: an engine that answers late holds up no record.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "dashboard/live/live_board.hpp"

namespace callweir::dashboard {

class control_watch {
 public:
  /// `board` outlives it.
  control_watch(std::string control_socket, live_board& board);
  ~control_watch();
  control_watch(const control_watch&) = delete;
  control_watch& operator=(const control_watch&) = delete;

 private:
  void loop();
  void ask();

  std::string socket_;
  live_board& board_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::thread thread_;
};

/// The answer to `policy-list` as one object: its head with the lines under "policies". Empty where
/// it is none.
std::string policies_json(const std::vector<std::string>& records);

}  // namespace callweir::dashboard

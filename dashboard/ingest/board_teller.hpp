// What of the stream goes to the live board: newest second of each link, calls that run, gaps,
// audit entries and hosts as they come. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/record_stream.hpp"
#include "dashboard/live/live_board.hpp"

namespace callweir::dashboard {

class board_teller {
 public:
  /// Calls shown at one time, at most.
  static constexpr std::size_t calls_max = 16'384;
  /// A call of which nothing was heard for so long is taken off the board.
  static constexpr nanoseconds call_patience = std::chrono::minutes(2);

  explicit board_teller(live_board& board) : board_(board) {}

  void live(const stream::any_record& record, time_point now);
  /// A durable record that happened lately; what is caught up after an outage is no news.
  void durable(const stream::any_record& record, time_point now);
  /// Takes silent calls off. Call about once a second.
  void tick(time_point now);
  /// Another life of the engine: its calls are others.
  void forget_calls();

 private:
  void call(const call_record& record, time_point now);

  live_board& board_;
  std::map<std::string, time_point> calls_;  // by id, when it was heard of last
};

}  // namespace callweir::dashboard

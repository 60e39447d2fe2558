// Writes the log of a database back into it on a thread and through a connection of its own: who
// writes records goes on meanwhile, and waits for the disk only when the log has reached its bound.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "dashboard/sqlite/sqlite.hpp"

namespace callweir::dashboard {

class log_keeper {
 public:
  /// The database must be there, in WAL mode.
  static result<std::unique_ptr<log_keeper>> start(const std::string& path);
  ~log_keeper();  // when the round that runs is over
  log_keeper(const log_keeper&) = delete;
  log_keeper& operator=(const log_keeper&) = delete;

  /// Any thread: a round soon. Readers in the middle of a question hold back what came after their
  /// beginning; it is for a later round.
  void ask();
  /// Any thread: waits for a round that begins after this call. True: all that was committed before
  /// is in the database, and the log may begin anew.
  bool wait();

 private:
  explicit log_keeper(sqlite::connection db) : db_(std::move(db)) {}
  void loop();
  bool round();

  sqlite::connection db_;  // the thread's
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t asked_ = 0, begun_ = 0, done_ = 0;  // rounds by number
  bool whole_ = false;                              // the last round left nothing
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace callweir::dashboard

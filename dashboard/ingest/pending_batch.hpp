// What was read of the stream and is not committed yet: durable records in the order of their
// numbers, each once, with the holes named. Pure; one thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/record_stream.hpp"
#include "dashboard/store/store.hpp"

namespace callweir::dashboard {

class pending_batch {
 public:
  /// `committed`: where the store stands.
  explicit pending_batch(stream_position committed) : committed_(std::move(committed)) {}

  /// The engine introduced itself. A life that the store knows nothing of begins at its oldest
  /// record; the records of another life that wait here stay with theirs: write them first.
  void begin(const stream::hello& engine);
  /// False for one that is here or committed already. A hole in the numbers becomes a gap.
  bool take(stream::durable record, time_point now);
  /// The engine says what it no longer holds.
  void take(const stream::lost& gone, time_point now);

  const std::vector<stream::durable>& records() const { return records_; }
  bool empty() const { return records_.empty(); }
  /// What the store has once records() are written.
  stream_position upto() const { return {engine_, newest_}; }
  const stream_position& committed() const { return committed_; }
  /// records() are in the store.
  void written();
  std::uint64_t lost() const { return lost_; }

 private:
  void note_lost(std::uint64_t count, time_point now, const char* reason);

  stream_position committed_;
  std::string engine_;        // of the connection
  std::uint64_t newest_ = 0;  // taken or known to be lost
  std::uint64_t lost_ = 0;
  time_point last_at_{};  // when the newest record came
  std::vector<stream::durable> records_;
};

}  // namespace callweir::dashboard

// Takes the engine's stream of records: connects, resumes where the store stands, writes durable
// records in batches, and shows what is of the moment on the live board. A thread of its own, which
// comes again by itself whatever happens to the engine, the socket or the store.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "dashboard/live/live_board.hpp"
#include "dashboard/store/store.hpp"

namespace callweir::dashboard {

struct ingest_options {
  std::string control_socket;  // asked for `status` and `policy-list` every two seconds
  std::string records_socket;
  std::size_t batch_max = 8'000;  // records a transaction
  std::chrono::milliseconds batch_wait =
      std::chrono::milliseconds(200);  // a smaller one is written
};

struct ingest_counters {
  std::uint64_t records = 0, live_records = 0, lost = 0, malformed = 0, connects = 0;
  bool connected = false;
  std::uint64_t waiting = 0;  // read and not committed yet
};

class ingest {
 public:
  /// `to` and `board` outlive it; `to` is written by this thread only from now on.
  static std::unique_ptr<ingest> start(const ingest_options& options, store& to, live_board& board);
  virtual ~ingest() = default;  // commits what it has, then ends

  virtual ingest_counters counters() const = 0;             // any thread
  virtual std::optional<stream::hello> engine() const = 0;  // of the connection, any thread
};

}  // namespace callweir::dashboard

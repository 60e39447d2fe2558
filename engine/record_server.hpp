// Serves the journal, and what is of the moment, to the dashboard over a Unix socket. A thread of
// its own; a reader that does not read loses frames and never holds up anyone.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/record_stream.hpp"
#include "base/result.hpp"
#include "engine/record_journal.hpp"

namespace callweir::engine {

class record_server {
 public:
  struct options {
    std::string path;
    mode_t mode = 0660;
    nanoseconds resume_patience = std::chrono::seconds(5);  // from connecting to `resume`
    nanoseconds read_patience = std::chrono::seconds(60);   // without reading what waits for it
    nanoseconds drain_patience = std::chrono::milliseconds(500);  // at the end, for what is left
  };
  struct counters {
    std::uint64_t readers = 0;    // now
    std::uint64_t connected = 0;  // since the start
    std::uint64_t refused = 0;    // too many, or they broke the protocol
    std::uint64_t live_lost = 0;  // frames of the moment that found no room, of all readers
  };
  /// What one reader may leave unread, in bytes; beyond it frames of the moment are not for it, and
  /// durable ones wait in the journal.
  static constexpr std::size_t unread_max = 1 << 20;

  /// `journal` outlives the server.
  static result<std::unique_ptr<record_server>> start(options options,
                                                      const record_journal& journal,
                                                      stream::hello hello);
  ~record_server();
  record_server(const record_server&) = delete;
  record_server& operator=(const record_server&) = delete;

  /// Any thread. What the stream begins with; readers hear of a change. `oldest` and `next` are the
  /// journal's.
  void set_hello(stream::hello hello);
  /// Any thread. Whether there is anybody to make records of the moment for.
  bool has_readers() const noexcept;
  template <class Record>
  void live(const Record& record) {
    if (!has_readers()) return;
    std::string text;
    append_json(text, record);
    live_text(text);
  }
  void live_text(std::string_view record);
  counters count() const noexcept;

 private:
  struct impl;
  explicit record_server(std::unique_ptr<impl> made);
  std::unique_ptr<impl> impl_;
};

}  // namespace callweir::engine

// Talking to a running program over a Unix stream socket: length-prefixed JSON, everything bounded.
//
// A frame is its length (4 bytes, network order) and one JSON object. The client sends a request as
// one frame; the server answers with any number of frames (records, one each) and a last one whose
// `type` is `done` or `error`. A connection carries one request after the other.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace callweir::control {

constexpr std::size_t request_bytes_max = 1 << 20;
constexpr std::size_t frame_bytes_max = 16 << 20;  // of a reply
constexpr std::size_t reply_bytes_max = 64 << 20;  // all frames of one reply
/// Answers that clients have not read yet, of all together; beyond it the next is refused.
constexpr std::size_t unread_bytes_max = 64 << 20;
constexpr std::size_t clients_max = 32;

/// Appends length and body. `body` is at most frame_bytes_max.
void append_frame(std::string& out, std::string_view body);
/// The frames that end a reply. `exit` is what the client's process ends with.
std::string done_frame();
std::string error_frame(const error& problem, int exit = exit_failed);

/// Cuts a stream of bytes into frames. Hostile input is normal: a length beyond `most` ends the
/// stream.
class frame_reader {
 public:
  explicit frame_reader(std::size_t most) : most_(most) {}
  void feed(std::string_view bytes);
  /// True and the next body when one is complete.
  bool next(std::string& body);
  bool failed() const { return failed_; }
  std::size_t buffered() const { return buffer_.size() - read_; }

 private:
  std::string buffer_;
  std::size_t read_ = 0;
  std::size_t most_;
  bool failed_ = false;
};

/// How a reply ended.
struct outcome {
  int exit = exit_done;
  error problem;  // set when exit is not exit_done
};

/// One connection. Blocking, with a time-out for each step.
class client {
 public:
  static result<client> connect(const std::string& path, std::chrono::milliseconds timeout);
  client(client&& other) noexcept;
  client& operator=(client&& other) noexcept;
  ~client();

  /// Sends `body` and hands each record frame of the reply to `on_record` as it comes. An error is
  /// one of the connection; what the server refused is in the outcome.
  result<outcome> request(std::string_view body,
                          const std::function<void(std::string_view)>& on_record);

 private:
  client(int fd, std::chrono::milliseconds timeout, std::string path);
  int fd_ = -1;
  std::chrono::milliseconds timeout_;
  std::string path_;
};

/// Who asks, by SO_PEERCRED.
struct peer {
  uid_t uid = 0;
  pid_t pid = 0;
};

/// What the server sends back: frames without the last one, and how it ends.
struct reply {
  std::vector<std::string> records;
  outcome end;
  static reply refused(error problem, int exit = exit_failed) {
    return {{}, {exit, std::move(problem)}};
  }
};

/// Serves on a thread of its own. At most clients_max connections: the one that has been silent
/// longest makes room. A client that neither asks nor reads for `patience` is dropped.
class server {
 public:
  /// Called on the server's thread, one request at a time. Must not throw.
  using handler = std::function<reply(std::string_view request, const peer& who)>;
  struct options {
    std::string path;
    mode_t mode = 0660;
    std::chrono::milliseconds patience = std::chrono::seconds(30);
  };

  /// Fails when another process answers at `path`; a socket file that nobody serves is replaced.
  static result<std::unique_ptr<server>> start(options options, handler handle);
  /// Stops the thread and removes the socket file if it still is this server's.
  ~server();
  server(const server&) = delete;
  server& operator=(const server&) = delete;

 private:
  struct impl;
  explicit server(std::unique_ptr<impl> made);
  std::unique_ptr<impl> impl_;
};

}  // namespace callweir::control

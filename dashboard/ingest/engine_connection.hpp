// One connection to the engine's stream of records: non-blocking, cut into frames, bounded. One
// thread.
#pragma once

#include <chrono>
#include <string>

#include "base/control_socket.hpp"
#include "base/result.hpp"

namespace callweir::dashboard {

class engine_connection {
 public:
  static result<engine_connection> open(const std::string& path);
  engine_connection(engine_connection&& other) noexcept;
  engine_connection& operator=(engine_connection&&) = delete;
  ~engine_connection();

  /// One frame to the engine. False when the connection does not take it at once: it is broken.
  bool send(const std::string& body);
  /// Waits for bytes, or for `wake` to become readable. At most one read of 256 KiB.
  void wait(int wake, std::chrono::milliseconds patience);
  /// The next frame that is complete.
  bool next(std::string& body) { return reader_.next(body); }
  /// The other end is gone, or it broke the framing.
  bool broken() const { return broken_ || reader_.failed(); }

 private:
  explicit engine_connection(int fd);

  int fd_ = -1;
  bool broken_ = false;
  control::frame_reader reader_;
};

}  // namespace callweir::dashboard

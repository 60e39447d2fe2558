// Where a report goes: stdout or a file, through one large buffer.
#pragma once

#include <string>

#include "base/result.hpp"

namespace callweir::engine {

class output_file {
 public:
  /// "" is stdout. A file is created; an existing one keeps its content until the first flush.
  static result<output_file> open(const std::string& path);
  output_file(output_file&& from) noexcept;
  output_file& operator=(output_file&&) = delete;
  ~output_file();

  /// Appends; writes out when a megabyte has gathered. The string may be appended to directly.
  std::string& buffer() { return buffer_; }
  result<void> flush_if_full() { return buffer_.size() >= flush_bytes ? flush() : result<void>(); }
  result<void> flush();
  /// Whether writing here would overwrite the file of this name.
  bool is(const std::string& path) const;
  /// Flushes and closes; errors of the disk show here at the latest.
  result<void> close();

 private:
  static constexpr std::size_t flush_bytes = 1 << 20;
  output_file(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  int fd_;
  bool begun_ = false;
  std::string path_;
  std::string buffer_;
};

}  // namespace callweir::engine

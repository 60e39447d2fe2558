// A listening Unix stream socket with its file: made with the right mode from the beginning,
// refused where another process answers, removed when it still is ours.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.hpp"

namespace callweir {

class unix_listener {
 public:
  /// Non-blocking. Fails when another process answers at `path`; a socket file that nobody serves
  /// is replaced. Made by root, its group is that of the service user, where there is one.
  static result<unix_listener> open(const std::string& path, mode_t mode);
  unix_listener(unix_listener&& other) noexcept;
  unix_listener& operator=(unix_listener&& other) noexcept;
  ~unix_listener();

  int fd() const { return fd_; }
  /// A non-blocking connection, -1 when none waits.
  int accept() const;

 private:
  unix_listener(int fd, std::string path);
  void close();

  int fd_ = -1;
  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

/// A non-blocking connection to `path`; the caller closes it.
result<int> connect_unix(const std::string& path);

}  // namespace callweir

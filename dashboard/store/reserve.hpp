// A file that only takes room: given up when the disk is full, so that the oldest records can be
// let go (which needs room itself), and taken again when there is plenty.
#pragma once

#include <cstdint>
#include <string>

namespace callweir::dashboard {

/// Bytes free to us on the disk where `path` lies, those of its reserve among them.
std::uint64_t room_beside(const std::string& path);
/// The reserve of the database at `path`.
std::string reserve_path(const std::string& path);

class room_reserve {
 public:
  /// `path` is the database's.
  room_reserve(const std::string& path, std::uint64_t bytes)
      : path_(reserve_path(path)), bytes_(bytes) {}
  /// Takes the room where it is not held and twice as much is free. True: it is held.
  bool hold();
  void give_up();

 private:
  std::string path_;
  std::uint64_t bytes_;
  bool held_ = false;
};

}  // namespace callweir::dashboard

// A file that only takes room: given up when the disk is full, so that the oldest records can be
// let go (which needs room itself), and taken again when there is plenty.
#pragma once

#include <cstdint>
#include <string>

namespace callweir::dashboard {

class room_reserve {
 public:
  room_reserve(std::string path, std::uint64_t bytes) : path_(std::move(path)), bytes_(bytes) {}
  /// Takes the room where it is not held and four times as much is free.
  void hold();
  void give_up();

 private:
  std::string path_;
  std::uint64_t bytes_;
  bool held_ = false;
};

}  // namespace callweir::dashboard

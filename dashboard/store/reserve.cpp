#include "dashboard/store/reserve.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <filesystem>

namespace callweir::dashboard {

std::string reserve_path(const std::string& path) {
  return path + ".reserve";
}

std::uint64_t room_beside(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path();
  struct statvfs disk {};
  if (::statvfs(folder.empty() ? "." : folder.c_str(), &disk) != 0) return 0;
  struct stat held {};
  const bool has = ::stat(reserve_path(path).c_str(), &held) == 0;
  return static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize +
         (has ? static_cast<std::uint64_t>(held.st_size) : 0);
}

bool room_reserve::hold() {
  if (held_) return true;
  struct stat now {};
  if (::stat(path_.c_str(), &now) == 0 && static_cast<std::uint64_t>(now.st_size) >= bytes_) {
    return held_ = true;  // of an earlier life
  }
  const int file = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return false;
  struct statvfs disk {};
  const bool plenty = ::fstatvfs(file, &disk) == 0 &&
                      static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize / 2 >= bytes_;
  // Where the file system cannot, it is done without: writing zeros would take too long.
  held_ = plenty && ::fallocate(file, 0, 0, static_cast<off_t>(bytes_)) == 0;
  ::close(file);
  if (!held_) ::unlink(path_.c_str());
  return held_;
}

void room_reserve::give_up() {
  ::unlink(path_.c_str());
  held_ = false;
}

}  // namespace callweir::dashboard

#include "dashboard/store/reserve.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace callweir::dashboard {

void room_reserve::hold() {
  if (held_) return;
  struct stat now {};
  if (::stat(path_.c_str(), &now) == 0 && static_cast<std::uint64_t>(now.st_size) >= bytes_) {
    held_ = true;  // of an earlier life
    return;
  }
  const int file = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return;
  struct statvfs disk {};
  const bool plenty = ::fstatvfs(file, &disk) == 0 &&
                      static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize / 4 >= bytes_;
  held_ = plenty && ::posix_fallocate(file, 0, static_cast<off_t>(bytes_)) == 0;
  ::close(file);
  if (!held_) ::unlink(path_.c_str());
}

void room_reserve::give_up() {
  ::unlink(path_.c_str());
  held_ = false;
}

}  // namespace callweir::dashboard

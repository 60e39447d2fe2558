#include "engine/save_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace callweir::engine {
namespace {

result<void> write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(std::strerror(errno));
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  if (::fsync(fd) != 0) return fail(std::strerror(errno));
  return {};
}

/// Makes the new name last. Without it the content is safe still, only perhaps the older one.
void sync_folder(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path();
  const int fd = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  (void)::fsync(fd);
  ::close(fd);
}

}  // namespace

result<void> save_file(const std::string& path, std::string_view text) {
  std::error_code problem;
  const auto real = std::filesystem::canonical(path, problem);
  const std::string target = problem ? path : real.string();
  const std::string temporary = target + ".new";
  struct stat old {};
  const bool existed = ::stat(target.c_str(), &old) == 0;
  ::unlink(temporary.c_str());
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                        existed ? old.st_mode & 0777 : 0640);
  if (fd < 0) return fail(std::string("cannot write: ") + std::strerror(errno), temporary);
  if (existed) (void)::fchmod(fd, old.st_mode & 0777);  // whatever the umask
  auto written = write_all(fd, text);
  if (existed) (void)!::fchown(fd, old.st_uid, old.st_gid);
  ::close(fd);
  const std::string backup = target + ".bak";
  if (written && existed) {
    ::unlink(backup.c_str());
    if (::link(target.c_str(), backup.c_str()) != 0) written = fail(std::strerror(errno), backup);
  }
  if (written && ::rename(temporary.c_str(), target.c_str()) != 0) {
    written = fail(std::strerror(errno));
  }
  if (written) sync_folder(target);
  if (!written) {
    ::unlink(temporary.c_str());
    error why = written.error();
    if (why.where.empty()) why.where = target;
    why.what = "cannot save: " + why.what;
    return tl::unexpected(why);
  }
  return {};
}

}  // namespace callweir::engine

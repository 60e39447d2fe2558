#include "dashboard/store/backup.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "dashboard/sqlite/sqlite.hpp"
#include "dashboard/store/schema.hpp"

namespace callweir::dashboard {
namespace {

constexpr int pages_a_step = 4'096;

struct backup_closer {
  void operator()(sqlite3_backup* held) const { sqlite3_backup_finish(held); }
};

result<void> copy(sqlite::connection& from, sqlite::connection& to) {
  // Held open: what is committed meanwhile neither shows nor makes the copy begin again.
  if (!from.run("BEGIN") || from.integer("SELECT count(*) FROM sqlite_schema", -1) < 0)
    return tl::unexpected(from.why());
  std::unique_ptr<sqlite3_backup, backup_closer> held(
      sqlite3_backup_init(to.handle(), "main", from.handle(), "main"));
  if (!held) {
    to.note(sqlite3_errcode(to.handle()));
    return tl::unexpected(to.why());
  }
  int code = SQLITE_OK;
  while (code == SQLITE_OK) code = sqlite3_backup_step(held.get(), pages_a_step);
  code = sqlite3_backup_finish(held.release());
  if (!to.note(code)) return tl::unexpected(to.why());
  return {};
}

}  // namespace

result<void> backup_sqlite(const std::string& path, const std::string& target) {
  auto from = sqlite::connection::open(path, sqlite::connection::way::read);
  if (!from) return tl::unexpected(from.error());
  const int file = ::open(target.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0)
    return fail(std::string("the copy cannot be made: ") + std::strerror(errno), target,
                errno == EEXIST ? "name a file that is not there yet" : "");
  ::close(file);
  auto to = sqlite::connection::open(target, sqlite::connection::way::create);
  auto done = to ? copy(*from, *to) : result<void>(tl::unexpected(to.error()));
  if (to) *to = {};
  if (!done) ::unlink(target.c_str());
  return done;
}

}  // namespace callweir::dashboard

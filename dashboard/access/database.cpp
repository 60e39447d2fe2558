#include "dashboard/access/database.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace callweir::dashboard {
namespace {

/// SQLite gives its side files the mode and owner of the database: the database comes first.
result<void> make_private(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) {
    return fail(std::string("cannot be opened: ") + std::strerror(errno), path,
                "its folder must be there and writable; root or the owner may");
  }
  struct stat folder {};
  const std::string parent = std::filesystem::path(path).parent_path().string();
  if (::geteuid() == 0 && ::stat(parent.empty() ? "." : parent.c_str(), &folder) == 0) {
    (void)!::fchown(fd, folder.st_uid, folder.st_gid);
  }
  const bool narrowed = ::fchmod(fd, 0600) == 0;
  ::close(fd);
  return narrowed ? result<void>{} : fail("its mode cannot be set to 0600", path);
}

}  // namespace

void database::closer::operator()(sqlite3* handle) const {
  sqlite3_close_v2(handle);
}

result<database> database::open(const std::string& path) {
  if (auto made = make_private(path); !made) return tl::unexpected(made.error());
  database out;
  out.path_ = path;
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  out.handle_.reset(handle);
  if (code != SQLITE_OK) return fail("cannot be opened", path, out.problem());
  constexpr int patience_ms = 2'000;
  sqlite3_busy_timeout(handle, patience_ms);
  sqlite3_extended_result_codes(handle, 1);
  // FULL: an account that was removed stays removed after a power cut.
  if (auto set = out.run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                         "PRAGMA trusted_schema=OFF; PRAGMA cache_size=-512;");
      !set) {
    return tl::unexpected(set.error());
  }
  return out;
}

std::string database::problem() const {
  return handle_ ? sqlite3_errmsg(handle_.get()) : "no memory";
}

int database::changed() const {
  return sqlite3_changes(handle_.get());
}

result<void> database::run(const char* sql) {
  if (sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return fail(problem(), path_);
}

bool is_damaged(const std::string& path) {
  sqlite3* raw = nullptr;
  const int opened =
      sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  const std::unique_ptr<sqlite3, int (*)(sqlite3*)> db(raw, sqlite3_close_v2);
  if (opened != SQLITE_OK) return false;
  constexpr int patience_ms = 2'000;
  sqlite3_busy_timeout(raw, patience_ms);
  sqlite3_stmt* made = nullptr;
  int code = sqlite3_prepare_v2(raw, "PRAGMA quick_check(1)", -1, &made, nullptr);
  const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> ask(made, sqlite3_finalize);
  if (code == SQLITE_OK) code = sqlite3_step(made);
  if ((code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB) return true;
  if (code != SQLITE_ROW) return false;
  const auto* said = reinterpret_cast<const char*>(sqlite3_column_text(made, 0));
  return said == nullptr || std::strcmp(said, "ok") != 0;
}

void statement::finaliser::operator()(sqlite3_stmt* handle) const {
  sqlite3_finalize(handle);
}

statement::statement(database& in, const char* sql) : in_(in) {
  sqlite3_stmt* made = nullptr;
  trouble_ = sqlite3_prepare_v2(in.handle(), sql, -1, &made, nullptr) != SQLITE_OK;
  handle_.reset(made);
}

statement& statement::bind(std::int64_t value) {
  if (handle_) trouble_ |= sqlite3_bind_int64(handle_.get(), ++bound_, value) != SQLITE_OK;
  return *this;
}

statement& statement::bind(std::string_view text) {
  if (handle_) {
    trouble_ |= sqlite3_bind_text64(handle_.get(), ++bound_, text.data(), text.size(),
                                    SQLITE_TRANSIENT, SQLITE_UTF8) != SQLITE_OK;
  }
  return *this;
}

statement& statement::bind(std::span<const std::uint8_t> bytes) {
  if (handle_) {
    trouble_ |= sqlite3_bind_blob64(handle_.get(), ++bound_, bytes.data(), bytes.size(),
                                    SQLITE_TRANSIENT) != SQLITE_OK;
  }
  return *this;
}

bool statement::next() {
  if (trouble_) return false;
  const int code = sqlite3_step(handle_.get());
  trouble_ = code != SQLITE_ROW && code != SQLITE_DONE;
  return code == SQLITE_ROW;
}

result<void> statement::finish() {
  while (next()) {
  }
  if (trouble_) return fail(in_.problem(), in_.path());
  return {};
}

std::int64_t statement::integer(int column) const {
  return sqlite3_column_int64(handle_.get(), column);
}

std::string statement::text(int column) const {
  const auto* bytes = sqlite3_column_blob(handle_.get(), column);
  const auto length = static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column));
  return bytes == nullptr ? std::string() : std::string(static_cast<const char*>(bytes), length);
}

transaction::transaction(database& in) : in_(in), open_(in.run("BEGIN IMMEDIATE").has_value()) {}

transaction::~transaction() {
  if (open_) (void)in_.run("ROLLBACK");
}

result<void> transaction::commit() {
  if (!open_) return fail(in_.problem(), in_.path(), "another process holds it: try again");
  if (auto done = in_.run("COMMIT"); !done) return done;
  open_ = false;
  return {};
}

}  // namespace callweir::dashboard

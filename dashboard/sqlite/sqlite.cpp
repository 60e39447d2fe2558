#include "dashboard/sqlite/sqlite.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <limits>

#include "base/units.hpp"

namespace callweir::dashboard::sqlite {
namespace {

constexpr int progress_operations = 4'000;  // of SQLite's machine, between two looks at the clock
constexpr int busy_ms = 2'000;

std::int64_t steady_ns() {
  return std::chrono::duration_cast<nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

int past_deadline(void* deadline) {
  const auto at = *static_cast<const std::int64_t*>(deadline);
  return at != 0 && steady_ns() > at ? 1 : 0;
}

trouble meaning(sqlite3* db, int code) {
  switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
      return trouble::none;
    case SQLITE_FULL:
      return trouble::full;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return trouble::damaged;
    case SQLITE_INTERRUPT:
      return trouble::slow;
    case SQLITE_BUSY:
      return trouble::busy;
    case SQLITE_IOERR:
      if (code == SQLITE_IOERR_SHORT_READ) return trouble::damaged;
      // ENOSPC has a code of its own; quotas and limits come as failed writes.
      if (code == SQLITE_IOERR_WRITE && sqlite3_system_errno(db) != EIO) return trouble::full;
      return trouble::other;
    default:
      return trouble::other;
  }
}

/// It is there, nobody else may read it, and nothing is to be changed. Such a file is not even
/// opened: closing it would let go of every lock that other connections of this process have on it.
bool is_private(const std::string& path, const struct stat& folder) {
  struct stat found {};
  return ::lstat(path.c_str(), &found) == 0 && S_ISREG(found.st_mode) &&
         (found.st_mode & 0777) == 0600 && (::geteuid() != 0 || found.st_uid == folder.st_uid);
}

/// The file as nobody else may read it, of the owner of its folder; SQLite gives the same rights to
/// the files beside it.
result<void> make_private(const std::string& path) {
  struct stat folder {};
  const std::string parent = std::filesystem::path(path).parent_path().string();
  const bool known = ::stat(parent.empty() ? "." : parent.c_str(), &folder) == 0;
  if (known && is_private(path, folder)) return {};
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0)
    return fail(std::string("cannot be opened: ") + std::strerror(errno), path,
                errno == ELOOP ? "name the file itself, not a link to it"
                               : "its folder must be there and writable");
  // Of a file with a second name nobody knows whose it is.
  struct stat found {};
  if (::fstat(file, &found) != 0 || !S_ISREG(found.st_mode) || found.st_nlink != 1) {
    ::close(file);
    return fail("is not a file of its own", path, "name a plain file without other names");
  }
  if (known && ::geteuid() == 0) (void)!::fchown(file, folder.st_uid, folder.st_gid);
  const bool narrowed = ::fchmod(file, 0600) == 0;
  ::close(file);
  return narrowed ? result<void>{} : fail("its mode cannot be set to 0600", path);
}

}  // namespace

void connection::closer::operator()(sqlite3* db) const {
  sqlite3_close_v2(db);
}

result<connection> connection::open(const std::string& path, way how) {
  if (how == way::create)
    if (auto made = make_private(path); !made) return tl::unexpected(made.error());
  const int flags =
      SQLITE_OPEN_NOMUTEX | (how == way::read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  connection out;
  out.db_.reset(raw);
  out.path_ = path;
  if (raw == nullptr) return fail("no memory for a database connection", path);
  sqlite3_extended_result_codes(raw, 1);
  if (!out.note(code)) return tl::unexpected(out.why());
  sqlite3_busy_timeout(raw, busy_ms);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  out.deadline_ = std::make_unique<std::int64_t>(0);
  return out;
}

bool connection::note(int code) {
  const auto kind = meaning(db_.get(), code);
  if (kind == trouble::none) return true;
  if (failure_ == trouble::none) {
    failure_ = kind;
    text_ = sqlite3_errmsg(db_.get());
  }
  return false;
}

error connection::why() const {
  switch (failure_) {
    case trouble::none:
      return {"nothing failed", path_, {}};
    case trouble::full:
      return {"no room to write to the database: " + text_, path_,
              "make room on that disk, or lower store.max_size"};
    case trouble::damaged:
      return {"the database is damaged: " + text_, path_, {}};
    case trouble::slow:
      return {"the question took too long and was given up", path_, "ask for a shorter period"};
    case trouble::busy:
      return {"the database is held by another process", path_, "try again"};
    case trouble::other:
      break;
  }
  return {"database: " + text_, path_, {}};
}

int connection::changed() const {
  return sqlite3_changes(db_.get());
}

bool connection::run(const char* sql) {
  return ok() && note(sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr));
}

std::int64_t connection::integer(const char* sql, std::int64_t otherwise) {
  statement one(*this, sql);
  return one.row() ? one.integer(0) : otherwise;
}

void connection::allow(double seconds) {
  *deadline_ = seconds <= 0 ? 0 : steady_ns() + static_cast<std::int64_t>(seconds * 1e9);
  sqlite3_progress_handler(db_.get(), seconds <= 0 ? 0 : progress_operations, past_deadline,
                           deadline_.get());
}

void statement::finisher::operator()(sqlite3_stmt* held) const {
  sqlite3_finalize(held);
}

statement::statement(connection& db, std::string_view sql) : db_(&db) {
  if (!db.ok()) return;
  sqlite3_stmt* raw = nullptr;
  db.note(sqlite3_prepare_v3(db.handle(), sql.data(), static_cast<int>(sql.size()),
                             SQLITE_PREPARE_PERSISTENT, &raw, nullptr));
  held_.reset(raw);
}

statement& statement::bind(std::int64_t value) {
  if (held_) sqlite3_bind_int64(held_.get(), ++bound_, value);
  return *this;
}

statement& statement::bind(std::uint64_t value) {
  constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
  return bind(static_cast<std::int64_t>(value > most ? most : value));
}

statement& statement::bind(std::string_view text) {
  // A null pointer would bind NULL.
  const char* data = text.data() == nullptr ? "" : text.data();
  if (held_) sqlite3_bind_text(held_.get(), ++bound_, data, static_cast<int>(text.size()), nullptr);
  return *this;
}

statement& statement::bind(std::span<const std::uint8_t> bytes) {
  if (held_)
    sqlite3_bind_blob(held_.get(), ++bound_, bytes.data(), static_cast<int>(bytes.size()),
                      reinterpret_cast<sqlite3_destructor_type>(-1));  // SQLITE_TRANSIENT
  return *this;
}

statement& statement::bind(const ip_address& address) {
  std::array<std::uint8_t, 16> bytes{};
  for (unsigned i = 0; i < 8; ++i) {
    bytes[i] = static_cast<std::uint8_t>(address.high >> (56 - 8 * i));
    bytes[8 + i] = static_cast<std::uint8_t>(address.low >> (56 - 8 * i));
  }
  return bind(std::span<const std::uint8_t>(bytes).subspan(address.is_v4() ? 12 : 0));
}

statement& statement::bind_null() {
  if (held_) sqlite3_bind_null(held_.get(), ++bound_);
  return *this;
}

statement& statement::bind_or_null(std::string_view text) {
  return text.empty() ? bind_null() : bind(text);
}

bool statement::run() {
  while (row()) {
  }
  return db_ != nullptr && db_->ok();
}

result<void> statement::finish() {
  if (!run()) return tl::unexpected(db_->why());
  return {};
}

bool statement::row() {
  if (!held_) return false;
  if (!db_->ok()) {
    reset();
    return false;
  }
  const int code = sqlite3_step(held_.get());
  if (code == SQLITE_ROW) return true;
  db_->note(code);
  reset();
  return false;
}

void statement::reset() {
  bound_ = 0;
  if (held_) sqlite3_reset(held_.get());
}

std::int64_t statement::integer(int column) const {
  return sqlite3_column_int64(held_.get(), column);
}

std::string_view statement::text(int column) const {
  const void* data = sqlite3_column_blob(held_.get(), column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(held_.get(), column));
  return data == nullptr ? std::string_view{}
                         : std::string_view{static_cast<const char*>(data), size};
}

ip_address statement::address(int column) const {
  const auto bytes = text(column);
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  if (bytes.size() == 16) return ip_address::v6(data);
  if (bytes.size() != 4) return {};
  std::uint32_t bits = 0;
  for (unsigned i = 0; i < 4; ++i) bits = bits << 8 | data[i];
  return ip_address::v4(bits);
}

transaction::transaction(connection& db) : db_(db) {
  open_ = db_.run("BEGIN IMMEDIATE");
}

transaction::~transaction() {
  // The rollback of a failed write may itself report what failed before.
  if (open_) sqlite3_exec(db_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

bool transaction::commit() {
  if (!open_ || !db_.ok() || !db_.run("COMMIT")) return false;
  open_ = false;
  return true;
}

result<void> transaction::finish() {
  if (!commit()) return tl::unexpected(db_.why());
  return {};
}

}  // namespace callweir::dashboard::sqlite

// SQLite behind small classes: a connection, a prepared statement, a transaction. A connection
// remembers its first failure and runs nothing more until that is forgotten: a long write checks
// once at its end, and no statement of a transaction that did not begin is run by itself. Used by
// one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/ip_address.hpp"
#include "base/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace callweir::dashboard::sqlite {

/// What a failure means.
enum class trouble : std::uint8_t {
  none,
  full,     // no room on the disk, in a quota or below a size limit
  damaged,  // the file is no database, or one that contradicts itself
  slow,     // a reader's time was over
  busy,     // another process held it for longer than anybody waits here
  other
};

class connection {
 public:
  enum class way : std::uint8_t { create, write, read };

  /// `create` makes a file that is not there, mode 0600 and owned by the owner of its folder; a
  /// symbolic link is refused. `write` expects one. `read` never writes to it. Errors carry the
  /// path.
  static result<connection> open(const std::string& path, way how);
  connection() = default;

  explicit operator bool() const { return db_ != nullptr; }
  sqlite3* handle() const { return db_.get(); }
  const std::string& path() const { return path_; }

  /// Statements without rows, separated by semicolons.
  bool run(const char* sql);
  /// The first column of the first row, `otherwise` where there is none.
  std::int64_t integer(const char* sql, std::int64_t otherwise = 0);

  /// Rows that the last statement changed.
  int changed() const;

  /// First failure since forget(): none when all went well.
  trouble failure() const { return failure_; }
  bool ok() const { return failure_ == trouble::none; }
  void forget() { failure_ = trouble::none; }
  /// The first failure as a sentence.
  error why() const;
  /// Notes what SQLite answered; true for an answer that is no failure.
  bool note(int code);
  /// Statements that run past `seconds` from now end with `slow`. 0: no bound.
  void allow(double seconds);

 private:
  struct closer {
    void operator()(sqlite3* db) const;
  };
  std::unique_ptr<sqlite3, closer> db_;
  std::string path_, text_;
  trouble failure_ = trouble::none;
  std::unique_ptr<std::int64_t> deadline_;  // steady clock, ns; where SQLite's call-back looks
};

/// Binds from left to right, then run() or row() until false, which also makes it ready for the
/// next round. What is bound as text must live until then.
class statement {
 public:
  statement() = default;
  statement(connection& db, std::string_view sql);

  statement& bind(std::int64_t value);
  statement& bind(std::uint64_t value);  // what does not fit becomes the largest that does
  statement& bind(int value) { return bind(static_cast<std::int64_t>(value)); }
  statement& bind(std::uint32_t value) { return bind(static_cast<std::int64_t>(value)); }
  statement& bind(bool value) { return bind(static_cast<std::int64_t>(value)); }
  statement& bind(std::string_view text);
  statement& bind(std::string&& text) = delete;  // would be gone when it is read
  statement& bind(const char* text) { return bind(std::string_view(text)); }
  statement& bind(std::span<const std::uint8_t> bytes);  // copied
  statement& bind(const ip_address& address);            // 4 or 16 bytes, copied
  statement& bind_null();
  /// NULL where the text is empty.
  statement& bind_or_null(std::string_view text);

  bool run();
  /// run(), with the failure as an error.
  result<void> finish();
  bool row();
  void reset();

  std::int64_t integer(int column) const;
  std::uint64_t count(int column) const {
    const auto value = integer(column);
    return value < 0 ? 0 : static_cast<std::uint64_t>(value);
  }
  /// Text or bytes, valid until the next row.
  std::string_view text(int column) const;
  ip_address address(int column) const;

 private:
  struct finisher {
    void operator()(sqlite3_stmt* held) const;
  };
  connection* db_ = nullptr;
  std::unique_ptr<sqlite3_stmt, finisher> held_;
  int bound_ = 0;
};

/// BEGIN IMMEDIATE until commit(); rolled back where that was not reached. Where it cannot begin,
/// nothing runs.
class transaction {
 public:
  explicit transaction(connection& db);
  ~transaction();
  transaction(const transaction&) = delete;
  transaction& operator=(const transaction&) = delete;
  /// False: nothing of it was written, and the connection says why.
  bool commit();
  /// commit(), with the failure as an error.
  result<void> finish();

 private:
  connection& db_;
  bool open_ = false;
};

}  // namespace callweir::dashboard::sqlite

// As much of SQLite as accounts need: a file of mode 0600 and statements that close themselves.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace callweir::dashboard {

/// One thread at a time.
class database {
 public:
  /// Opens, or makes it (mode 0600, owned by the owner of its folder). Waits up to two seconds for
  /// other processes.
  static result<database> open(const std::string& path);
  result<void> run(const char* sql);
  sqlite3* handle() const { return handle_.get(); }
  /// Rows that the last statement changed.
  int changed() const;
  std::string problem() const;
  const std::string& path() const { return path_; }

 private:
  struct closer {
    void operator()(sqlite3* handle) const;
  };
  std::unique_ptr<sqlite3, closer> handle_;
  std::string path_;
};

/// What is there is a damaged database, or none. False where there is nothing, and for what cannot
/// be told.
bool is_damaged(const std::string& path);

/// A statement with its values; binds copy.
class statement {
 public:
  statement(database& in, const char* sql);
  statement& bind(std::int64_t value);
  statement& bind(std::string_view text);
  statement& bind(std::span<const std::uint8_t> bytes);
  /// True: there is a row. False: no more rows, or trouble().
  bool next();
  bool trouble() const { return trouble_; }
  /// Runs to the end; what went wrong, named after the file.
  result<void> finish();
  std::int64_t integer(int column) const;
  std::string text(int column) const;

 private:
  struct finaliser {
    void operator()(sqlite3_stmt* handle) const;
  };
  database& in_;
  std::unique_ptr<sqlite3_stmt, finaliser> handle_;
  int bound_ = 0;
  bool trouble_ = false;
};

/// Rolls back unless committed.
class transaction {
 public:
  explicit transaction(database& in);
  ~transaction();
  transaction(const transaction&) = delete;
  transaction& operator=(const transaction&) = delete;
  result<void> commit();

 private:
  database& in_;
  bool open_;
};

}  // namespace callweir::dashboard

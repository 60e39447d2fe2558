// What the store and the accounts both rely on: failures, transactions, files of their own.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "dashboard/sqlite/sqlite.hpp"

namespace callweir::dashboard::sqlite {
namespace {

namespace fs = std::filesystem;

class sqlite_test : public ::testing::Test {
 protected:
  sqlite_test() {
    std::string name = (fs::temp_directory_path() / "callweir-sqlite-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder for the test");
    folder_ = name;
    path_ = folder_ / "some.db";
  }
  ~sqlite_test() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  connection open() {
    auto db = connection::open(path_.string(), connection::way::create);
    return db ? std::move(*db) : connection();
  }

  fs::path folder_, path_;
};

TEST_F(sqlite_test, a_transaction_that_does_not_begin_runs_nothing) {
  auto first = open(), second = open();
  ASSERT_TRUE(first.run("CREATE TABLE t(a)"));
  ASSERT_TRUE(second.run("PRAGMA busy_timeout = 0"));
  {
    transaction holding(first);
    ASSERT_TRUE(first.ok());
    transaction blocked(second);
    EXPECT_EQ(second.failure(), trouble::busy);
    // Committed by the first before the statement is reached: it must not run by itself.
    ASSERT_TRUE(holding.commit());
    EXPECT_FALSE(statement(second, "INSERT INTO t VALUES (1)").run());
    EXPECT_FALSE(second.run("INSERT INTO t VALUES (2)"));
    const auto done = blocked.finish();
    ASSERT_FALSE(done);
    EXPECT_NE(done.error().text().find("another process"), std::string::npos);
  }
  EXPECT_EQ(first.integer("SELECT count(*) FROM t"), 0);
  second.forget();
  transaction again(second);
  statement(second, "INSERT INTO t VALUES (?)").bind(std::int64_t{3}).run();
  EXPECT_TRUE(again.commit());
  EXPECT_EQ(first.integer("SELECT a FROM t"), 3);
}

TEST_F(sqlite_test, after_a_failure_nothing_of_the_transaction_is_committed) {
  auto db = open();
  ASSERT_TRUE(db.run("CREATE TABLE t(a UNIQUE)"));
  {
    transaction all(db);
    statement insert(db, "INSERT INTO t VALUES (?)");
    EXPECT_TRUE(insert.bind("one").run());
    EXPECT_FALSE(insert.bind("one").finish());
    EXPECT_FALSE(insert.bind("two").run());
    EXPECT_FALSE(all.commit());
  }
  db.forget();
  EXPECT_EQ(db.integer("SELECT count(*) FROM t"), 0);
}

TEST_F(sqlite_test, the_file_is_private_and_no_link) {
  ASSERT_TRUE(open().run("CREATE TABLE t(a)"));
  struct stat what {};
  ASSERT_EQ(::stat(path_.c_str(), &what), 0);
  EXPECT_EQ(what.st_mode & 0777U, 0600U);
  fs::rename(path_, folder_ / "other.db");
  fs::create_symlink(folder_ / "other.db", path_);
  const auto refused = connection::open(path_.string(), connection::way::create);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text().find("link"), std::string::npos);
}

}  // namespace
}  // namespace callweir::dashboard::sqlite

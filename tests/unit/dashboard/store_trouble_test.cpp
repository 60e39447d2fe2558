// Old, newer, damaged and foreign databases, and disks without room.
#include <signal.h>
#include <sys/resource.h>

#include <fstream>
#include <limits>

#include "dashboard/sqlite/sqlite.hpp"
#include "dashboard/store/schema.hpp"
#include "tests/unit/dashboard/schemas/version_1.hpp"
#include "tests/unit/dashboard/store_fixture.hpp"

namespace callweir::dashboard {
namespace {

namespace fs = std::filesystem;
using grouping = traffic_query::grouping;

class store_trouble : public store_fixture {
 protected:
  sqlite::connection raw() {
    auto db = sqlite::connection::open(path_.string(), sqlite::connection::way::create);
    return db ? std::move(*db) : sqlite::connection();
  }
  /// A database of some hundred kilobytes, written back and closed.
  void fill() {
    open();
    for (int round = 0; round < 10; ++round) {
      std::vector<stream::any_record> batch;
      for (int i = 0; i < 50; ++i)
        batch.emplace_back(flow("f" + std::to_string(round * 50 + i), i, i + 10));
      ASSERT_TRUE(put(batch));
    }
    reader_.reset();
    store_.reset();
    auto db = raw();
    ASSERT_TRUE(db.run("PRAGMA wal_checkpoint(TRUNCATE)"));
  }
  void overwrite(std::uint64_t from, std::uint64_t bytes) {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(from));
    for (std::uint64_t i = 0; i < bytes; ++i) file.put(static_cast<char>(i * 131 + 7));
  }
  /// Opens what is damaged: it must be kept beside the new one, which must work.
  void expect_moved_aside() {
    open();
    ASSERT_TRUE(store_);
    const auto health = store_->health();
    EXPECT_NE(health.moved_aside, "");
    EXPECT_TRUE(fs::exists(health.moved_aside)) << health.moved_aside;
    EXPECT_NE(health.note.find("damaged"), std::string::npos) << health.note;
    EXPECT_EQ(health.trouble, "");  // it is mended
    const time_point ever{std::numeric_limits<std::int64_t>::max()};
    const auto gaps = reader_->gaps({{0}, ever}, 10);
    ASSERT_TRUE(gaps && gaps->size() == 1);
    EXPECT_NE(gaps->front().reason.find(".damaged-"), std::string::npos);
    EXPECT_EQ(store_->position().number, 0U);
    ASSERT_TRUE(put({flow("f1", 0, 9)}));
    EXPECT_EQ(*reader_->count_flows(seconds(0, 60)), 1U);
    EXPECT_NE(store_->health().note, "");  // stays for a day
  }
};

TEST_F(store_trouble, a_database_of_version_1_is_brought_up_to_date_with_every_row) {
  {
    auto old = raw();
    ASSERT_TRUE(old.run(schemas::version_1)) << old.why().text();
    EXPECT_FALSE(open_sqlite_reader(path_.string()));
  }
  open();
  EXPECT_EQ(store_->health().moved_aside, "");
  EXPECT_EQ(store_->position().engine, "e2");
  EXPECT_EQ(store_->position().number, 4'711U);
  const auto all = seconds(0, 86'400);
  const auto host = *ip_address::parse("10.1.0.157");
  EXPECT_EQ(ids(*reader_->flows({.when = all, .policy = "softphones", .address = host})), "f1");
  EXPECT_EQ(ids(*reader_->calls({.when = all, .policy = "softphones", .party = host})), "c1");
  EXPECT_EQ(reader_->hosts({.when = all})->size(), 1U);
  EXPECT_EQ(reader_->gaps(all, 10)->size(), 1U);
  EXPECT_EQ(reader_->audit(all, 10)->size(), 1U);
  EXPECT_EQ(reader_->policies(all)->size(), 1U);
  const auto load = reader_->load({.when = all, .step = std::chrono::hours(24)});
  ASSERT_TRUE(load && load->size() == 1);
  EXPECT_EQ(load->front().calls_most, 11U);
  for (const auto by : {grouping::app, grouping::host, grouping::link, grouping::nothing})
    for (const auto& when : {all, seconds(0, 7'200), seconds(0, 3'610)}) {
      std::uint64_t bytes = 0;
      const auto sums = reader_->traffic({.when = when, .by = by});
      ASSERT_TRUE(sums) << sums.error().text();
      for (const auto& series : *sums) bytes += series.sum.bytes[1];
      EXPECT_EQ(bytes, 61'000U);
    }
  auto db = raw();
  EXPECT_EQ(db.integer("PRAGMA user_version"), schema_version);
}

TEST_F(store_trouble, a_newer_database_is_refused_and_stays) {
  fill();
  raw().run("PRAGMA user_version = 99");
  const auto refused = open_sqlite_store(path_.string(), {});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("newer Callweir (schema 99"), std::string::npos);
  EXPECT_FALSE(open_sqlite_reader(path_.string()));
  EXPECT_EQ(raw().integer("SELECT count(*) FROM flow"), 500);
}

TEST_F(store_trouble, a_database_of_another_program_is_refused_and_stays) {
  raw().run("CREATE TABLE theirs(a)");
  const auto refused = open_sqlite_store(path_.string(), {});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("another program"), std::string::npos);
  EXPECT_EQ(raw().integer("SELECT count(*) FROM sqlite_schema"), 1);
}

TEST_F(store_trouble, what_is_no_database_is_moved_aside) {
  std::ofstream(path_) << std::string(5'000, 'x');
  expect_moved_aside();
}

TEST_F(store_trouble, a_truncated_database_is_moved_aside) {
  fill();
  fs::resize_file(path_, fs::file_size(path_) / 2 + 100);
  expect_moved_aside();
}

TEST_F(store_trouble, a_database_with_an_overwritten_page_is_moved_aside) {
  fill();
  overwrite(fs::file_size(path_) / 2 / 4'096 * 4'096, 4'096);
  expect_moved_aside();
}

TEST_F(store_trouble, a_database_without_its_first_page_is_moved_aside) {
  fill();
  overwrite(0, 4'096);
  expect_moved_aside();
}

TEST_F(store_trouble, a_database_without_one_of_its_tables_is_moved_aside) {
  fill();
  raw().run("DROP TABLE load");
  expect_moved_aside();
}

TEST_F(store_trouble, only_two_damaged_ones_are_kept) {
  for (int i = 0; i < 4; ++i) {
    reader_.reset();
    store_.reset();
    std::ofstream(path_) << std::string(5'000, 'x');
    expect_moved_aside();
    // Of one second: only in a test.
  }
  int kept = 0;
  for (const auto& each : fs::directory_iterator(folder_))
    kept += each.path().filename().string().find(".damaged-") != std::string::npos ? 1 : 0;
  EXPECT_LE(kept, 4);  // two, each with its log at most
}

TEST_F(store_trouble, damage_that_a_question_finds_ends_the_database) {
  fill();
  open();
  overwrite(3 * 4'096, fs::file_size(path_) - 3 * 4'096);
  EXPECT_FALSE(reader_->flows({.when = seconds(0, 60)}));
  ASSERT_TRUE(put({flow("f1", 0, 9)}));
  EXPECT_NE(store_->health().moved_aside, "");
  // Readers go on with the new one.
  EXPECT_EQ(ids(*reader_->flows({.when = seconds(0, 60)})), "f1");
}

TEST_F(store_trouble, an_unreadable_row_is_left_out_and_told) {
  open();
  ASSERT_TRUE(put({flow("f1", 0, 9), flow("f2", 0, 10)}));
  ASSERT_TRUE(raw().run("UPDATE flow SET record = '{\"type\":\"flow\"' WHERE id = 'f1'"));
  EXPECT_EQ(ids(*reader_->flows({.when = seconds(0, 60)})), "f2");
  EXPECT_NE(store_->health().note.find("could not be read"), std::string::npos);
  EXPECT_EQ(store_->health().trouble, "");
}

/// Files of this process may not grow beyond this meanwhile.
class file_limit {
 public:
  explicit file_limit(rlim_t bytes) {
    before_ = ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit now{bytes, old_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &now);
  }
  ~file_limit() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    ::signal(SIGXFSZ, before_);
  }

 private:
  rlimit old_{};
  sighandler_t before_ = SIG_DFL;
};

TEST_F(store_trouble, without_room_nothing_committed_is_lost_and_writing_goes_on_with_room) {
  open();
  std::uint64_t committed = 0;
  const auto batch = [&](int round) {
    std::vector<stream::durable> out;
    for (std::uint64_t i = 0; i < 200; ++i)
      out.push_back(
          {committed + i + 1, flow("f" + std::to_string(committed + i + 1), round, round + 10)});
    return out;
  };
  {
    const file_limit limit(600'000);
    int round = 0;
    for (; round < 100; ++round) {
      const auto records = batch(round);
      if (!store_->write(records, {"e1", committed + 200})) break;
      committed += 200;
    }
    ASSERT_LT(round, 100);
    ASSERT_GT(committed, 0U);
    EXPECT_TRUE(store_->health().disk_full);
    EXPECT_NE(store_->health().trouble, "");
    EXPECT_EQ(store_->position().number, committed);
    EXPECT_EQ(*reader_->count_flows(seconds(0, 1'000)), committed);
  }
  ASSERT_TRUE(store_->write(batch(0), {"e1", committed + 200}));
  EXPECT_FALSE(store_->health().disk_full);
  EXPECT_EQ(*reader_->count_flows(seconds(0, 1'000)), committed + 200);
  ASSERT_TRUE(store_->tidy(at_second(100)));
  EXPECT_EQ(store_->health().trouble, "");
}

}  // namespace
}  // namespace callweir::dashboard

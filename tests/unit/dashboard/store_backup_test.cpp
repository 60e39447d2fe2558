// A copy of a database while records are written to it.
#include <atomic>
#include <thread>

#include "dashboard/sqlite/sqlite.hpp"
#include "tests/unit/dashboard/store_fixture.hpp"

namespace callweir::dashboard {
namespace {

class store_backup : public store_fixture {
 protected:
  /// Batches as fast as they are taken, until told to end. Their numbers are the flows' ids.
  void write_on(const std::atomic<bool>& end) {
    std::uint64_t written = 0;
    while (!end) {
      std::vector<stream::durable> batch;
      for (int i = 0; i < 500; ++i) {
        ++written;
        const auto second = static_cast<double>(written / 100);
        batch.push_back({written, flow("f" + std::to_string(written), second, second + 5)});
      }
      if (!store_->write(batch, {"e1", written}) || !store_->tidy(at_second(1))) break;
      committed_ = written;
    }
    ended_ = true;
  }

  std::atomic<std::uint64_t> committed_{0};
  std::atomic<bool> ended_{false};
};

TEST_F(store_backup, is_whole_and_agrees_with_its_position_while_writing_goes_on) {
  open({.keep = std::chrono::hours(24 * 90), .max_size_bytes = 512 << 20});  // nothing is let go
  std::atomic<bool> end{false};
  std::thread writer([&] { write_on(end); });
  std::uint64_t last = 0;
  for (int copy = 0; copy < 3; ++copy) {
    while (committed_ < last + 2'000 && !ended_) std::this_thread::yield();
    const std::uint64_t before = committed_;
    const auto target = folder_ / ("copy" + std::to_string(copy) + ".db");
    const auto done = store_->backup(target.string());
    EXPECT_TRUE(done) << done.error().text();
    EXPECT_FALSE(store_->backup(target.string()));  // never over another
    auto db = sqlite::connection::open(target.string(), sqlite::connection::way::create);
    if (!db) {
      ADD_FAILURE() << db.error().text();
      break;
    }
    sqlite::statement check(*db, "PRAGMA integrity_check");
    EXPECT_TRUE(check.row() && check.text(0) == "ok");
    check.reset();
    const auto number = static_cast<std::uint64_t>(db->integer("SELECT number FROM position"));
    EXPECT_GE(number, before);
    EXPECT_EQ(static_cast<std::uint64_t>(db->integer("SELECT count(*) FROM flow")), number);
    last = committed_;
  }
  EXPECT_FALSE(ended_) << "the writer gave up";
  end = true;
  writer.join();
  // The copy is a store to go on with.
  store_.reset();
  path_ = folder_ / "copy2.db";
  open();
  EXPECT_EQ(*reader_->count_flows(seconds(0, 1e6)), store_->position().number);
  EXPECT_EQ(store_->health().moved_aside, "");
}

}  // namespace
}  // namespace callweir::dashboard

// The store of one box: a SQLite database that is opened anew when it turns out damaged.
#include <sqlite3.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <mutex>

#include "dashboard/privacy/hide.hpp"
#include "dashboard/sqlite/damage.hpp"
#include "dashboard/store/backup.hpp"
#include "dashboard/store/database.hpp"
#include "dashboard/store/reserve.hpp"
#include "dashboard/store/sqlite_reader.hpp"
#include "dashboard/store/store_shared.hpp"

namespace callweir::dashboard {
namespace {

using steady = std::chrono::steady_clock;

/// Of one tidy().
constexpr auto round_most = std::chrono::milliseconds(20);
/// So long health() notes that a database was moved aside.
constexpr auto aside_told_for = std::chrono::hours(24);
/// On a full disk the oldest go until so much of the file, or a quarter of it, is free for what
/// comes.
constexpr std::uint64_t full_disk_free_bytes = 4 << 20;
/// Free pages inside the file are used again; above this share and size it shrinks.
constexpr std::uint64_t shrink_from_bytes = 16 << 20;
constexpr std::uint64_t shrink_share = 8;
/// A larger log is written back more seldom and with fewer pages in all: many are written again and
/// again.
constexpr std::uint64_t log_bytes_most = 64 << 20;
constexpr std::uint64_t reserve_bytes_most = 64 << 20;

/// What the log may take, of `max_size` and of the disk: all of it must find room in the database
/// when it is written back.
std::uint64_t log_share(const store_limits& limits, std::uint64_t room) {
  return std::clamp<std::uint64_t>(std::min(limits.max_size_bytes, room) / 8, 1 << 20,
                                   log_bytes_most);
}

std::uint64_t file_bytes(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 ? static_cast<std::uint64_t>(found.st_size) : 0;
}

time_point wall_clock() {
  return {
      std::chrono::duration_cast<nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count()};
}

class sqlite_store final : public store {
 public:
  sqlite_store(std::string path, const store_limits& limits, const pseudonyms& names)
      : path_(std::move(path)),
        limits_(limits),
        names_(names),
        log_bytes_(log_share(limits, room_beside(path_))),
        reserve_(path_, std::min(2 * log_bytes_, reserve_bytes_most)) {}

  /// Opens the database, or moves a damaged one aside and begins a new one.
  result<void> open();

  stream_position position() const override;
  result<void> write(std::span<const stream::durable> batch, const stream_position& upto) override;
  result<void> note(const gap_record& gap) override { return note_one(gap); }
  result<void> note(const audit_record& entry) override { return note_one(entry); }
  result<bool> tidy(time_point now) override;
  store_health health() const override;
  result<void> backup(const std::string& target) override { return backup_sqlite(path_, target); }
  result<std::unique_ptr<store_reader>> reader() override {
    return make_sqlite_reader(path_, shared_);
  }

 private:
  struct pages {
    std::uint64_t all = 0, free = 0;
  };

  /// Runs `work` in a transaction, on a new database if the present one turns out damaged.
  template <class Work>
  result<void> transact(const Work& work);
  template <class Record>
  result<void> note_one(Record record);
  result<void> recover();
  result<void> set_aside(std::string how);
  void note_aside();
  result<void> failed();
  void succeeded(std::uint64_t rows);
  void keep_log_small();
  bool make_room(const patience& left);
  result<void> make_room_now(const patience& left, bool& more);
  bool shrink(const patience& left);
  pages count_pages();
  void measure();

  std::mutex writing_;  // ingest writes, and who makes a note beside it
  const std::string path_;
  const store_limits limits_;
  const pseudonyms names_;
  const std::uint64_t log_bytes_;
  const std::shared_ptr<store_shared> shared_ = std::make_shared<store_shared>();
  std::unique_ptr<store_database> base_;
  room_reserve reserve_;
  std::unique_ptr<cautious_clock> clock_;
  bool shrinking_ = false;
  bool gap_due_ = false;  // the new database does not say yet that one was moved aside
  /// The disk was full and has not had plenty of room since: the oldest make room for the newest.
  std::atomic<bool> tight_{false};
  mutable std::mutex mutex_;  // of what follows
  store_health health_;
  stream_position position_;
  std::string told_;             // what was wrong with the one that was moved aside
  steady::time_point aside_at_;  // and when it was
};

result<void> sqlite_store::open() {
  auto opened = open_store_database(path_, log_bytes_);
  if (!opened && opened.error().why == unusable::damaged) {
    if (auto away = set_aside(opened.error().what.what); !away) return away;
    opened = open_store_database(path_, log_bytes_);
  }
  if (!opened) {
    // The room may be just what is missing.
    reserve_.give_up();
    return tl::unexpected(opened.error().what);
  }
  base_ = std::move(*opened);
  clock_ = std::make_unique<cautious_clock>(base_->newest());
  shared_->damaged = false;
  shared_->generation.fetch_add(1);
  {
    const std::lock_guard hold(mutex_);
    position_ = base_->position;
  }
  reserve_.hold();
  if (gap_due_) note_aside();
  measure();
  return {};
}

/// The damaged database that nobody has open goes out of the way.
result<void> sqlite_store::set_aside(std::string how) {
  const auto aside = move_aside(path_, wall_clock());
  if (!aside) return tl::unexpected(aside.error());
  gap_due_ = true;
  const std::lock_guard hold(mutex_);
  health_.moved_aside = *aside;
  told_ = std::move(how);
  aside_at_ = steady::now();
  return {};
}

/// What the new database begins with: reports of earlier days say why they are empty.
void sqlite_store::note_aside() {
  gap_record gap;
  gap.from = gap.to = wall_clock();
  gap.what = "records";
  gap.reason = "the database was damaged; what it held is now in " +
               std::filesystem::path(health_.moved_aside).filename().string();
  sqlite::transaction whole(base_->db);
  base_->rows.write(gap);
  if (whole.commit()) gap_due_ = false;
  base_->db.forget();
}

stream_position sqlite_store::position() const {
  const std::lock_guard hold(mutex_);
  return position_;
}

store_health sqlite_store::health() const {
  const auto unreadable = shared_->unreadable.load();
  const std::lock_guard hold(mutex_);
  auto out = health_;
  if (out.trouble.empty() && tight_)
    out.trouble = "the disk is full: the oldest records go before their time";
  if (!out.moved_aside.empty() && steady::now() - aside_at_ < aside_told_for)
    out.note = told_ + "; it was moved to " + out.moved_aside + " and a new one was begun";
  else if (unreadable > 0)
    out.note = std::to_string(unreadable) + " rows could not be read and were left out";
  return out;
}

/// The database is not what it was: away with it, and a new one.
result<void> sqlite_store::recover() {
  std::string how = base_ ? base_->db.why().what : "";
  if (base_ && base_->db.failure() != sqlite::trouble::damaged)
    how = "the database is damaged: a question found it so";
  base_.reset();
  if (auto away = set_aside(std::move(how)); !away) return away;
  return open();
}

/// After a failed transaction: what health() says from now on.
result<void> sqlite_store::failed() {
  auto why = base_->db.why();
  const bool full = base_->db.failure() == sqlite::trouble::full;
  base_->db.forget();
  base_->old.reload();
  if (full) {
    // The room is first of all for what is in the log.
    reserve_.give_up();
    base_->write_back();
    tight_ = true;
  }
  const std::lock_guard hold(mutex_);
  health_.disk_full = full;
  health_.trouble = why.text();
  return tl::unexpected(std::move(why));
}

void sqlite_store::succeeded(std::uint64_t rows) {
  const std::lock_guard hold(mutex_);
  health_.rows_written += rows;
  ++health_.transactions;
  health_.trouble.clear();
  health_.disk_full = false;
  position_ = base_->position;
}

template <class Work>
result<void> sqlite_store::transact(const Work& work) {
  for (int round = 0; round < 2; ++round) {
    if (!base_ || shared_->damaged)
      if (auto ready = base_ ? recover() : open(); !ready) return ready;
    sqlite::transaction whole(base_->db);
    if (base_->db.ok()) work(*base_);
    if (whole.commit()) return {};
    if (base_->db.failure() != sqlite::trouble::damaged) break;
    shared_->damaged = true;
  }
  return failed();
}

result<void> sqlite_store::write(std::span<const stream::durable> batch,
                                 const stream_position& upto) {
  const std::lock_guard alone(writing_);
  std::vector<stream::durable> hidden;
  if (names_.on()) {
    hidden.assign(batch.begin(), batch.end());
    for (auto& each : hidden) hide_addresses(each.record, names_);
    batch = hidden;
  }
  auto done = transact([&](store_database& to) { to.put(batch, upto); });
  if (!done) return done;
  base_->position = upto;
  succeeded(batch.size());
  keep_log_small();
  measure();
  return {};
}

template <class Record>
result<void> sqlite_store::note_one(Record record) {
  hide_addresses(record, names_);
  const std::lock_guard alone(writing_);
  auto done = transact([&](store_database& to) { to.rows.write(record); });
  if (!done) return done;
  succeeded(1);
  keep_log_small();
  return {};
}

sqlite_store::pages sqlite_store::count_pages() {
  pages out;
  out.all = static_cast<std::uint64_t>(base_->db.integer("PRAGMA page_count"));
  out.free = static_cast<std::uint64_t>(base_->db.integer("PRAGMA freelist_count"));
  return out;
}

/// Half of its share has the log written back beside the writer, the whole share makes him wait.
/// Written back to its end, it begins again from its start with what is written next.
void sqlite_store::keep_log_small() {
  const auto log = static_cast<std::uint64_t>(base_->log_pages) * page_bytes;
  if (log >= log_bytes_) {
    base_->write_back();
    if (log < 2 * log_bytes_ || base_->log_pages == 0) return;
    const std::lock_guard hold(mutex_);
    health_.trouble =
        "the log cannot be written back and grows: another program reads the database for long, or "
        "the disk fails";
  } else if (log >= log_bytes_ / 2) {
    base_->write_back_soon();
  }
}

/// Lets the oldest go where `max_size` or the disk asks for it. True: there is more to do.
bool sqlite_store::make_room(const patience& left) {
  const auto most = limits_.max_size_bytes > log_bytes_ ? limits_.max_size_bytes - log_bytes_ : 0;
  for (;;) {
    const auto now = count_pages();
    if (!base_->db.ok()) return false;
    const auto enough = std::min(full_disk_free_bytes, now.all * page_bytes / 4);
    const bool wanted = tight_ && now.free * page_bytes < enough;
    if (!wanted && (now.all - now.free) * page_bytes <= most) return false;
    if (!base_->old.oldest()) return false;
    if (!left()) return true;
  }
}

/// On a full disk: letting go needs room in the log itself, hence step by step, each written back
/// before the next.
result<void> sqlite_store::make_room_now(const patience& left, bool& more) {
  do {
    base_->write_back();
    auto done = transact([&](store_database&) { more = make_room([] { return false; }); });
    if (!done) return done;
  } while (more && left());
  base_->write_back();
  return {};
}

/// Gives free pages back to the disk. True: there is more to do.
bool sqlite_store::shrink(const patience& left) {
  for (;;) {
    const auto now = count_pages();
    if (!base_->db.ok() || now.free == 0) return shrinking_ = false;
    const auto free = now.free * page_bytes, all = now.all * page_bytes;
    const bool over = all + log_bytes_ > limits_.max_size_bytes;
    if (free > shrink_from_bytes && free > all / shrink_share) shrinking_ = true;
    if (free < shrink_from_bytes / 2 || free < all / shrink_share / 2) shrinking_ = false;
    if (!over && !shrinking_) return false;
    base_->db.run("PRAGMA incremental_vacuum(64)");
    if (!left()) return true;
  }
}

void sqlite_store::measure() {
  const auto bytes = file_bytes(path_) + file_bytes(path_ + "-wal");
  const std::lock_guard hold(mutex_);
  health_.bytes = bytes;
}

result<bool> sqlite_store::tidy(time_point now) {
  const std::lock_guard alone(writing_);
  if (!base_ || shared_->damaged) {
    if (auto ready = base_ ? recover() : open(); !ready) return tl::unexpected(ready.error());
  }
  const auto end = steady::now() + round_most;
  const patience left = [end] { return steady::now() < end; };
  const auto before = sqlite3_total_changes(base_->db.handle());
  bool more = false;
  auto done = tight_ ? make_room_now(left, more) : transact([&](store_database& in) {
    more = in.old.by_age(clock_->believe(now), limits_.keep, left);
    if (in.db.ok()) more = make_room(left) || more;
    if (in.db.ok()) more = shrink(left) || more;
  });
  if (!done) return tl::unexpected(done.error());
  const auto pruned = sqlite3_total_changes(base_->db.handle()) - before;
  keep_log_small();
  if (reserve_.hold()) tight_ = false;
  measure();
  const std::lock_guard hold(mutex_);
  if (pruned > 0) health_.rows_pruned += static_cast<std::uint64_t>(pruned);
  return more;
}

}  // namespace

result<std::unique_ptr<store>> open_sqlite_store(const std::string& path,
                                                 const store_limits& limits,
                                                 const pseudonyms& names) {
  auto out = std::make_unique<sqlite_store>(path, limits, names);
  if (auto opened = out->open(); !opened) return tl::unexpected(opened.error());
  return out;
}

}  // namespace callweir::dashboard

#include "dashboard/store/log_keeper.hpp"

#include <sqlite3.h>

#include <system_error>

namespace callweir::dashboard {

result<std::unique_ptr<log_keeper>> log_keeper::start(const std::string& path) {
  auto db = sqlite::connection::open(path, sqlite::connection::way::write);
  if (!db) return tl::unexpected(db.error());
  db->run("PRAGMA cache_size = -64");  // pages go from file to file
  if (!db->ok()) return tl::unexpected(db->why());
  std::unique_ptr<log_keeper> out(new log_keeper(std::move(*db)));
  try {
    out->thread_ = std::thread([raw = out.get()] { raw->loop(); });
  } catch (const std::system_error& problem) {
    return fail(std::string("no thread for the log: ") + problem.what(), path);
  }
  return out;
}

log_keeper::~log_keeper() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void log_keeper::ask() {
  {
    const std::lock_guard lock(mutex_);
    asked_ = begun_ + 1;
  }
  changed_.notify_all();
}

bool log_keeper::wait() {
  std::unique_lock lock(mutex_);
  const auto mine = begun_ + 1;
  asked_ = mine;
  changed_.notify_all();
  changed_.wait(lock, [&] { return done_ >= mine; });
  return whole_;
}

/// PASSIVE: it never waits for anybody and nobody for it. What fails (no room, damage) stays in the
/// log, where readers find it; the writer meets the same trouble and tells it.
bool log_keeper::round() {
  int in_log = 0, written = 0;
  const int code = sqlite3_wal_checkpoint_v2(db_.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE,
                                             &in_log, &written);
  return code == SQLITE_OK && in_log == written;
}

void log_keeper::loop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return stopping_ || asked_ > begun_; });
    if (stopping_) return;
    const auto number = ++begun_;
    lock.unlock();
    const bool whole = round();
    lock.lock();
    whole_ = whole;
    done_ = number;
    changed_.notify_all();
  }
}

}  // namespace callweir::dashboard

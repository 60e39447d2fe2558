#include "dashboard/store/database.hpp"

#include <sqlite3.h>
#include <sys/stat.h>

#include <algorithm>

#include "dashboard/store/schema.hpp"

namespace callweir::dashboard {
namespace {

constexpr std::int64_t application_id = 0x43574952;  // "CWIR"
constexpr int cache_kib = 24 << 10;
/// Checked page by page when it is opened: a third of a second at most. Damage in larger ones is
/// found when it is read.
constexpr std::uint64_t checked_bytes_most = 64 << 20;

std::uint64_t file_bytes(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 ? static_cast<std::uint64_t>(found.st_size) : 0;
}

tl::unexpected<open_failure> give_up(const sqlite::connection& db) {
  return tl::unexpected<open_failure>(
      {db.failure() == sqlite::trouble::damaged ? unusable::damaged : unusable::other, db.why()});
}

tl::unexpected<open_failure> damaged(const sqlite::connection& db, const std::string& how) {
  return tl::unexpected<open_failure>(
      {unusable::damaged, {"the database is damaged: " + how, db.path(), {}}});
}

/// What must be said before the first table is made, or before anything else is.
void set_up(sqlite::connection& db, std::uint64_t log_bytes) {
  db.run("PRAGMA cell_size_check = ON");
  db.run(("PRAGMA page_size = " + std::to_string(page_bytes)).c_str());
  db.run("PRAGMA auto_vacuum = INCREMENTAL");
  db.run("PRAGMA journal_mode = WAL");
  // A commit that was answered survives the end of this process, however it ends, in the kernel's
  // cache. A power cut may take the last seconds back, whole transactions at a time and the
  // position with them: what the engine still holds comes again.
  db.run("PRAGMA synchronous = NORMAL");
  db.run(("PRAGMA journal_size_limit = " + std::to_string(log_bytes)).c_str());
  db.run(("PRAGMA cache_size = -" + std::to_string(cache_kib)).c_str());
  db.run("PRAGMA temp_store = MEMORY");
  db.run("PRAGMA secure_delete = FAST");
}

std::string first_text(sqlite::connection& db, const char* sql) {
  sqlite::statement one(db, sql);
  return one.row() ? std::string(one.text(0)) : std::string();
}

tl::expected<void, open_failure> inspect(sqlite::connection& db) {
  const auto whose = db.integer("PRAGMA application_id");
  const auto things = db.integer("SELECT count(*) FROM sqlite_schema");
  if (!db.ok()) return give_up(db);
  if (whose != application_id && (whose != 0 || things != 0))
    return tl::unexpected<open_failure>({unusable::other,
                                         {"this is a database of another program", db.path(),
                                          "name another file under store.sqlite"}});
  if (file_bytes(db.path()) > checked_bytes_most) return {};
  const auto verdict = first_text(db, "PRAGMA quick_check(1)");
  if (!db.ok()) return give_up(db);
  if (verdict != "ok") return damaged(db, verdict);
  return {};
}

}  // namespace

tl::expected<std::unique_ptr<store_database>, open_failure> open_store_database(
    const std::string& path, std::uint64_t log_bytes) {
  auto opened = sqlite::connection::open(path, sqlite::connection::way::create);
  if (!opened) return tl::unexpected<open_failure>({unusable::other, opened.error()});
  auto& db = *opened;
  set_up(db, log_bytes);
  if (!db.ok()) return give_up(db);
  if (auto fine = inspect(db); !fine) return tl::unexpected(fine.error());
  if (auto moved = migrate(db); !moved) {
    if (!db.ok()) return give_up(db);
    return tl::unexpected<open_failure>({unusable::other, moved.error()});
  }
  if (db.integer("PRAGMA application_id") != application_id)
    db.run(("PRAGMA application_id = " + std::to_string(application_id)).c_str());
  if (!db.ok()) return give_up(db);
  auto log = log_keeper::start(path);
  if (!log) return tl::unexpected<open_failure>({unusable::other, log.error()});
  auto out = std::make_unique<store_database>(std::move(db), std::move(*log));
  if (out->db.failure() == sqlite::trouble::other)
    return damaged(out->db, "its tables are not those of its version: " + out->db.why().what);
  if (!out->db.ok()) return give_up(out->db);
  return out;
}

store_database::store_database(sqlite::connection opened, std::unique_ptr<log_keeper> log)
    : db(std::move(opened)), rows(db), sums(db), old(db), log_(std::move(log)) {
  sqlite3_wal_hook(
      db.handle(),
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<store_database*>(self)->log_pages = pages;
        return SQLITE_OK;
      },
      this);
  sqlite::statement where(db, "SELECT engine, number FROM position");
  if (where.row()) position = {std::string(where.text(0)), where.count(1)};
  where.reset();
}

void store_database::put(std::span<const stream::durable> batch, const stream_position& upto) {
  batch_.traffic.clear();
  batch_.load.clear();
  batch_.policies.clear();
  const bool same_life = upto.engine == position.engine;
  const auto engine = rows.engine(upto.engine);
  const auto put_one = [&](const auto& record) {
    using record_type = std::decay_t<decltype(record)>;
    if constexpr (std::is_same_v<record_type, traffic_record>) {
      batch_.traffic.push_back(sum_of(record));
    } else if constexpr (std::is_same_v<record_type, second_record>) {
      batch_.load.push_back(sum_of(record));
    } else if constexpr (std::is_same_v<record_type, policy_record>) {
      batch_.policies.push_back(sum_of(record));
    } else if constexpr (std::is_same_v<record_type, gap_record> ||
                         std::is_same_v<record_type, audit_record>) {
      rows.write(record);
    } else {
      rows.write(engine, record);
    }
  };
  for (const auto& each : batch) {
    // Sums must not count twice what was committed before.
    if (same_life && each.number != 0 && each.number <= position.number) continue;
    std::visit(put_one, each.record);
    if (!db.ok()) return;
  }
  sums.write(batch_, old.since());
  rows.position(upto.engine, upto.number);
}

void store_database::write_back() {
  if (log_->wait()) log_pages = 0;
}

time_point store_database::newest() {
  std::int64_t out = 0;
  for (const char* each : {"SELECT last FROM flow WHERE long = 0 ORDER BY last DESC LIMIT 1",
                           "SELECT \"end\" FROM call WHERE long = 0 ORDER BY \"end\" DESC LIMIT 1",
                           "SELECT at FROM audit ORDER BY at DESC LIMIT 1",
                           "SELECT \"to\" FROM gap ORDER BY \"to\" DESC LIMIT 1",
                           "SELECT at * 1000000000 FROM load WHERE level = 10"
                           " ORDER BY at DESC LIMIT 1"})
    out = std::max(out, db.integer(each));
  return {out};
}

}  // namespace callweir::dashboard

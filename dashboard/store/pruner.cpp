#include "dashboard/store/pruner.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <limits>
#include <string>

namespace callweir::dashboard {
namespace {

constexpr std::int64_t ns_a_second = 1'000'000'000;
constexpr int rows_a_step = 200;
constexpr std::int64_t none = std::numeric_limits<std::int64_t>::max();
constexpr auto day = std::chrono::hours(24);

struct sum_table {
  const char* name;
  const char* key;
};
constexpr std::array<sum_table, 5> sum_tables{{{"traffic", "level, at, host, app, link, voip"},
                                               {"app_traffic", "level, at, app, link, voip"},
                                               {"host_traffic", "level, at, host, link"},
                                               {"load", "level, at, link"},
                                               {"policy_sum", "level, at, line"}}};

/// Levels are let go in whole spans of the next coarser one, which stands in for them.
std::int64_t whole_spans(std::size_t level, std::int64_t at) {
  return floor_to(at, levels[std::min(level + 1, level_count - 1)]);
}

}  // namespace

std::array<nanoseconds, level_count> keep_of_levels(nanoseconds keep) {
  return {std::min<nanoseconds>(keep, 2 * day), std::min<nanoseconds>(keep, 14 * day), keep, keep};
}

// Parties and policies of a call go with it, by the trigger that the schema makes.
const std::array<pruner::kind, 7> pruner::kinds{{
    {"SELECT last FROM flow WHERE long = 0 ORDER BY last LIMIT 1",
     "DELETE FROM flow WHERE seq IN (SELECT seq FROM flow WHERE long = 0 AND last < ?1"
     " ORDER BY last LIMIT ?2)",
     true},
    {"SELECT last FROM flow WHERE long = 1 ORDER BY last LIMIT 1",
     "DELETE FROM flow WHERE seq IN (SELECT seq FROM flow WHERE long = 1 AND last < ?1"
     " ORDER BY last LIMIT ?2)",
     true},
    {"SELECT \"end\" FROM call WHERE long = 0 ORDER BY \"end\" LIMIT 1",
     "DELETE FROM call WHERE seq IN (SELECT seq FROM call WHERE long = 0 AND \"end\" < ?1"
     " ORDER BY \"end\" LIMIT ?2)",
     true},
    {"SELECT \"end\" FROM call WHERE long = 1 ORDER BY \"end\" LIMIT 1",
     "DELETE FROM call WHERE seq IN (SELECT seq FROM call WHERE long = 1 AND \"end\" < ?1"
     " ORDER BY \"end\" LIMIT ?2)",
     true},
    {"SELECT last FROM host ORDER BY last LIMIT 1",
     "DELETE FROM host WHERE (address, engine, first) IN (SELECT address, engine, first FROM host"
     " WHERE last < ?1 ORDER BY last LIMIT ?2)",
     true},
    {"SELECT \"to\" FROM gap ORDER BY \"to\" LIMIT 1",
     "DELETE FROM gap WHERE seq IN (SELECT seq FROM gap WHERE \"to\" < ?1 ORDER BY \"to\" LIMIT "
     "?2)",
     true},
    {"SELECT at FROM audit ORDER BY at LIMIT 1",
     "DELETE FROM audit WHERE seq IN (SELECT seq FROM audit WHERE at < ?1 ORDER BY at LIMIT ?2)",
     false},
}};

pruner::pruner(sqlite::connection& db) : db_(db) {
  reload();
}

void pruner::reload() {
  sqlite::statement each(db_, "SELECT since FROM rollup WHERE level = ?");
  for (std::size_t level = 0; level < level_count; ++level) {
    since_[level] = each.bind(levels[level]).row() ? each.integer(0) : 0;
    each.reset();
  }
}

/// True when there may be more of them.
bool pruner::drop_rows(const char* sql, std::int64_t before) {
  sqlite::statement rows(db_, sql);
  rows.bind(before).bind(rows_a_step).run();
  return db_.ok() && sqlite3_changes(db_.handle()) == rows_a_step;
}

/// Rows that the level no longer answers with. True when there may be more of them.
bool pruner::sweep(std::size_t level) {
  bool more = false;
  for (const auto& table : sum_tables) {
    const std::string sql = std::string("DELETE FROM ") + table.name + " WHERE (" + table.key +
                            ") IN (SELECT " + table.key + " FROM " + table.name +
                            " WHERE level = " + std::to_string(levels[level]) +
                            " AND at < ?1 LIMIT ?2)";
    more |= drop_rows(sql.c_str(), since_[level]);
  }
  return more;
}

bool pruner::raise(std::size_t level, std::int64_t since) {
  if (since <= since_[level]) return false;
  sqlite::statement mark(db_, "INSERT OR REPLACE INTO rollup VALUES (?, ?)");
  mark.bind(levels[level]).bind(since).run();
  since_[level] = since;
  return true;
}

bool pruner::by_age(time_point now, nanoseconds keep, const patience& left) {
  for (const auto& each : kinds)
    while (drop_rows(each.drop, (now - keep).ns))
      if (!left()) return true;
  const auto kept = keep_of_levels(keep);
  for (std::size_t level = 0; level < level_count; ++level) {
    raise(level, whole_spans(level, (now - kept[level]).ns / ns_a_second));
    while (sweep(level))
      if (!left()) return true;
  }
  return false;
}

std::int64_t pruner::oldest_sum(std::size_t level) {
  std::int64_t out = none;
  for (const auto& table : sum_tables) {
    const std::string sql = std::string("SELECT at FROM ") + table.name +
                            " WHERE level = " + std::to_string(levels[level]) +
                            " ORDER BY at LIMIT 1";
    out = std::min(out, db_.integer(sql.c_str(), none));
  }
  return out;
}

bool pruner::oldest() {
  // What has been given up already goes before anything else does.
  for (std::size_t level = 0; level < level_count; ++level) {
    const auto before = sqlite3_total_changes(db_.handle());
    sweep(level);
    if (sqlite3_total_changes(db_.handle()) != before) return true;
  }
  std::int64_t age = none;
  const char* drop = nullptr;
  for (const auto& each : kinds) {
    const auto at = each.by_size ? db_.integer(each.oldest, none) : none;
    if (at < age) {
      age = at;
      drop = each.drop;
    }
  }
  std::size_t chosen = level_count;
  std::int64_t until = 0;
  for (std::size_t level = 0; level < level_count; ++level) {
    const auto at = oldest_sum(level);
    if (at == none) continue;
    const auto whole = levels[std::min(level + 1, level_count - 1)];
    const auto end = floor_to(at, whole) + whole;
    if (end > none / ns_a_second || end * ns_a_second >= age) continue;
    age = end * ns_a_second;
    chosen = level;
    until = end;
  }
  if (chosen < level_count) {
    raise(chosen, until);
    sweep(chosen);
    return true;
  }
  if (drop != nullptr) drop_rows(drop, none);
  return drop != nullptr;
}

time_point cautious_clock::believe(time_point now) {
  const bool ahead = believed_.ns > 0 && now - believed_ > day;
  if (!ahead) {
    doubting_ = false;
    return believed_ = now;
  }
  // A second jump, either way, is doubted anew.
  if (!doubting_ || now < doubted_last_ || now - doubted_last_ > day) {
    doubting_ = true;
    doubted_since_ = now;
  }
  doubted_last_ = now;
  if (now - doubted_since_ < std::chrono::hours(1)) return believed_;
  doubting_ = false;
  return believed_ = now;
}

}  // namespace callweir::dashboard

#include "dashboard/sqlite/damage.hpp"

#include <date/date.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <vector>

#include "dashboard/sqlite/sqlite.hpp"

namespace callweir::dashboard {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kept_most = 2;
constexpr int tries_most = 100;

std::string stamp(time_point now) {
  const std::chrono::sys_time<std::chrono::seconds> at{
      std::chrono::seconds(now.ns / 1'000'000'000)};
  return date::format("%Y%m%dT%H%M%SZ", at);
}

/// Of the same database, oldest first; without the newest and the logs beside them.
std::vector<fs::path> earlier(const fs::path& database, const fs::path& newest) {
  std::vector<fs::path> out;
  std::error_code failed;
  const std::string start = database.filename().string() + ".damaged-";
  const auto folder = database.has_parent_path() ? database.parent_path() : fs::path(".");
  for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
    const auto name = at->path().filename().string();
    if (name.starts_with(start) && !name.ends_with("-wal") && at->path() != newest)
      out.push_back(at->path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

bool is_damaged(const std::string& path) {
  std::error_code failed;
  if (!fs::exists(path, failed)) return false;
  auto db = sqlite::connection::open(path, sqlite::connection::way::create);
  if (!db) return false;
  sqlite::statement verdict(*db, "PRAGMA quick_check(1)");
  const bool fine = verdict.row() && verdict.text(0) == "ok";
  return db->failure() == sqlite::trouble::damaged || (db->ok() && !fine);
}

result<std::string> move_aside(const std::string& path, time_point now) {
  auto target = path + ".damaged-" + stamp(now);
  std::error_code failed;
  for (int i = 2; fs::exists(target, failed) && i < tries_most; ++i)
    target = path + ".damaged-" + stamp(now) + "-" + std::to_string(i);
  fs::rename(path, target, failed);
  if (failed)
    return fail("a damaged database could not be moved aside: " + failed.message(), path,
                "move it away by hand");
  // Neither need be there.
  fs::rename(path + "-wal", target + "-wal", failed);
  fs::remove(path + "-shm", failed);
  const auto others = earlier(path, target);
  for (std::size_t i = 0; i + kept_most - 1 < others.size(); ++i) {
    fs::remove(others[i], failed);
    fs::remove(others[i].string() + "-wal", failed);
  }
  return target;
}

}  // namespace callweir::dashboard

// Reads a SQLite store through a connection of its own. One thread at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dashboard/sqlite/sqlite.hpp"
#include "dashboard/store/rollup.hpp"
#include "dashboard/store/store.hpp"
#include "dashboard/store/store_shared.hpp"

namespace callweir::dashboard {

/// `shared` is the store's. An error when the database cannot be read now.
result<std::unique_ptr<store_reader>> make_sqlite_reader(const std::string& path,
                                                         std::shared_ptr<store_shared> shared);

class sqlite_reader final : public store_reader {
 public:
  sqlite_reader(std::string path, std::shared_ptr<store_shared> shared)
      : path_(std::move(path)), shared_(std::move(shared)) {}
  /// Opens the database, anew where another one has taken its place.
  result<void> open();

  result<std::vector<flow_record>> flows(const flow_query& what) override;
  result<std::vector<call_record>> calls(const call_query& what) override;
  result<std::vector<host_record>> hosts(const host_query& what) override;
  result<std::optional<flow_record>> flow(const std::string& id) override;
  result<std::optional<call_record>> call(const std::string& id) override;
  result<std::vector<traffic_series>> traffic(const traffic_query& what) override;
  result<std::vector<load_point>> load(const load_query& what) override;
  result<std::vector<policy_total>> policies(const period& when) override;
  result<std::vector<gap_record>> gaps(const period& when, std::size_t most) override;
  result<std::vector<audit_record>> audit(const period& when, std::size_t most) override;
  result<std::uint64_t> count_calls(const period& when) override;
  result<std::uint64_t> count_flows(const period& when) override;
  result<std::optional<period>> extent() override;

 private:
  /// Runs `work` on one state of the database, within the time that a question has.
  template <class Work>
  auto ask(const Work& work) -> result<decltype(work())>;
  /// After work that failed.
  error failed();

  std::vector<flow_record> flow_rows(sqlite::statement& rows);
  std::vector<call_record> call_rows(sqlite::statement& rows);
  template <class Record>
  std::optional<Record> parse(std::string_view json);

  kept_since since();
  /// Pieces of a question, without those before the first row of their level.
  std::vector<piece> pieces(const span_question& what, const char* table);

  std::string path_;
  std::shared_ptr<store_shared> shared_;
  sqlite::connection db_;
  std::uint64_t generation_ = 0;
};

/// The time that a question has, in seconds: it must not hold the log back for long.
constexpr double question_seconds_most = 20;

template <class Work>
auto sqlite_reader::ask(const Work& work) -> result<decltype(work())> {
  if (auto ready = open(); !ready) return tl::unexpected(ready.error());
  db_.allow(question_seconds_most);
  if (!db_.run("BEGIN")) return tl::unexpected(failed());
  auto answer = work();
  if (!db_.ok() || !db_.run("COMMIT")) return tl::unexpected(failed());
  return answer;
}

}  // namespace callweir::dashboard

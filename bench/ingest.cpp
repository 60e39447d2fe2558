#include "bench/ingest.hpp"

#include <fmt/format.h>
#include <sqlite3.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include "bench/figures.hpp"
#include "bench/ingest/record_mix.hpp"
#include "bench/progress.hpp"
#include "dashboard/store/store.hpp"

namespace callweir::bench {
namespace {

namespace fs = std::filesystem;
using namespace dashboard;
using steady = std::chrono::steady_clock;
using std::chrono::duration;

constexpr std::size_t batch_records = 2'000;
constexpr std::size_t compared_records = 60'000;
constexpr int compared_rounds = 3;
constexpr auto question_pause = std::chrono::milliseconds(25);

double thread_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

time_point wall_clock() {
  return {
      std::chrono::duration_cast<nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count()};
}

double since(steady::time_point begin) {
  return duration<double>(steady::now() - begin).count();
}

double resident_mb() {
  std::ifstream of("/proc/self/statm");
  std::uint64_t all = 0, resident = 0;
  of >> all >> resident;
  return static_cast<double>(resident) * 4'096 / 1e6;
}

void remove_database(const std::string& path) {
  for (const char* each : {"", "-wal", "-shm", ".reserve"}) {
    std::error_code ignored;
    fs::remove(path + each, ignored);
  }
}

double percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto at = static_cast<std::size_t>(share * static_cast<double>(values.size()));
  return values[std::min(at, values.size() - 1)];
}

/// What the same records cost as one table without an index, in the same journal mode: CPU seconds
/// a record.
double plain_inserts(const std::string& path, const std::vector<stream::durable>& records) {
  remove_database(path);
  sqlite3* db = nullptr;
  sqlite3_open(path.c_str(), &db);
  const auto run = [&](const char* sql) { sqlite3_exec(db, sql, nullptr, nullptr, nullptr); };
  run("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
      "CREATE TABLE plain(number INTEGER PRIMARY KEY, record TEXT NOT NULL) STRICT");
  sqlite3_stmt* insert = nullptr;
  sqlite3_prepare_v2(db, "INSERT INTO plain VALUES (?,?)", -1, &insert, nullptr);
  const double begin = thread_seconds();
  std::string json;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (i % batch_records == 0) run("BEGIN");
    json.clear();
    std::visit([&](const auto& record) { append_json(json, record); }, records[i].record);
    sqlite3_bind_int64(insert, 1, static_cast<sqlite3_int64>(records[i].number));
    sqlite3_bind_text(insert, 2, json.data(), static_cast<int>(json.size()), nullptr);
    sqlite3_step(insert);
    sqlite3_reset(insert);
    if (i % batch_records == batch_records - 1) run("COMMIT");
  }
  const double took = thread_seconds() - begin;
  sqlite3_finalize(insert);
  sqlite3_close(db);
  remove_database(path);
  return took / static_cast<double>(records.size());
}

double whole_store(const std::string& path, const std::vector<stream::durable>& records) {
  remove_database(path);
  double took = 0;
  {
    auto to = open_sqlite_store(path, {});
    if (!to) return 0;
    const double begin = thread_seconds();
    for (std::size_t i = 0; i < records.size(); i += batch_records) {
      const auto part = std::span(records).subspan(i, batch_records);
      if (!(*to)->write(part, {"compared", part.back().number})) return 0;
    }
    took = thread_seconds() - begin;
  }
  remove_database(path);
  return took / static_cast<double>(records.size());
}

/// Questions as the API and the live page ask them, round and round.
class questioner {
 public:
  explicit questioner(std::unique_ptr<store_reader> reader)
      : reader_(std::move(reader)), thread_([this] { run(); }) {}
  ~questioner() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  /// Milliseconds by question; after the end.
  std::map<std::string, std::vector<double>> finish() {
    stop_ = true;
    thread_.join();
    return std::move(took_);
  }
  std::uint64_t failed() const { return failed_; }

 private:
  template <class Question>
  void time(const char* name, const Question& question) {
    const auto from = steady::now();
    if (!question()) ++failed_;
    took_[name].push_back(since(from) * 1e3);
    std::this_thread::sleep_for(question_pause);
  }

  void run() {
    using grouping = traffic_query::grouping;
    const auto host = ip_address::v4(0x0a010007);
    while (!stop_) {
      const auto now = wall_clock();
      const period hour{now - std::chrono::hours(1), now}, day{now - std::chrono::hours(24), now};
      time("flows", [&] { return reader_->flows({.when = hour, .most = 100}).has_value(); });
      time("flows of a host",
           [&] { return reader_->flows({.when = day, .address = host, .most = 100}).has_value(); });
      time("flows of an application", [&] {
        return reader_->flows({.when = day, .app = "Tox", .offset = 200, .most = 100}).has_value();
      });
      time("calls", [&] { return reader_->calls({.when = hour, .most = 100}).has_value(); });
      time("calls of a policy", [&] {
        return reader_->calls({.when = day, .policy = "softphones", .most = 100}).has_value();
      });
      time("calls of a party",
           [&] { return reader_->calls({.when = day, .party = host, .most = 100}).has_value(); });
      time("one call", [&] { return reader_->call("c100").has_value(); });
      time("applications", [&] {
        return reader_->traffic({.when = hour, .step = std::chrono::seconds(60)}).has_value();
      });
      time("hosts by bytes",
           [&] { return reader_->traffic({.when = day, .by = grouping::host}).has_value(); });
      time("applications of a host", [&] {
        return reader_->traffic({.when = hour, .by = grouping::app_of_host, .host = host})
            .has_value();
      });
      time("load", [&] { return reader_->load({.when = hour}).has_value(); });
      time("policies", [&] { return reader_->policies(day).has_value(); });
      time("hosts", [&] { return reader_->hosts({.when = day, .most = 100}).has_value(); });
      time("count of calls", [&] { return reader_->count_calls(hour).has_value(); });
    }
  }

  std::unique_ptr<store_reader> reader_;
  std::map<std::string, std::vector<double>> took_;
  std::atomic<std::uint64_t> failed_{0};
  std::atomic<bool> stop_{false};
  std::thread thread_;  // last: it uses the others
};

struct sustained {
  std::uint64_t records = 0, refused = 0, questions_failed = 0;
  double seconds = 0, cpu_seconds = 0, behind_s = 0, resident = 0, database_mb = 0;
  std::vector<double> writes_ms, tidies_ms;
  std::map<std::string, std::vector<double>> questions_ms;
};

/// Offers batches at their time, or one after the other; tidies as the dashboard does, after each.
sustained offer(const std::string& path, const ingest_options& options) {
  sustained out;
  auto opened = open_sqlite_store(path, {});
  if (!opened) {
    std::fprintf(stderr, "%s\n", opened.error().text().c_str());
    out.refused = 1;
    return out;
  }
  auto& to = **opened;
  auto reader = to.reader();
  if (!reader) return out;
  questioner asking(std::move(*reader));
  record_mix mix;
  std::vector<stream::durable> batch;
  progress told("ingest");
  const auto begin = steady::now();
  const std::string engine = "bench" + std::to_string(wall_clock().ns);
  while (since(begin) < options.seconds) {
    told.show("writing", since(begin) / options.seconds);
    mix.fill(batch, options.batch, wall_clock());
    if (options.records_per_s > 0) {
      const double due = static_cast<double>(out.records) / options.records_per_s;
      const double early = due - since(begin);
      if (early > 0) std::this_thread::sleep_for(duration<double>(early));
      out.behind_s = std::max(out.behind_s, -early);
    }
    const double cpu = thread_seconds();
    const auto from = steady::now();
    if (!to.write(batch, {engine, mix.number()})) ++out.refused;
    out.writes_ms.push_back(since(from) * 1e3);
    const auto middle = steady::now();
    if (!to.tidy(wall_clock())) ++out.refused;
    out.tidies_ms.push_back(since(middle) * 1e3);
    out.cpu_seconds += thread_seconds() - cpu;
    out.records += batch.size();
    out.resident = std::max(out.resident, resident_mb());
  }
  out.seconds = since(begin);
  out.questions_ms = asking.finish();
  out.questions_failed = asking.failed();
  out.database_mb = static_cast<double>(to.health().bytes) / 1e6;
  return out;
}

struct comparison {
  double plain_us = 0, store_us = 0, ratio = 0;
};

comparison compare(const std::string& path) {
  record_mix mix;
  std::vector<stream::durable> records;
  mix.fill(records, compared_records, wall_clock());
  std::vector<double> plain, whole, ratios;
  for (int round = 0; round < compared_rounds; ++round) {
    plain.push_back(plain_inserts(path, records) * 1e6);
    whole.push_back(whole_store(path, records) * 1e6);
    ratios.push_back(whole.back() / plain.back());
  }
  return {median_of(plain), median_of(whole), median_of(ratios)};
}

void print(const sustained& got, const comparison& cost) {
  fmt::print("{} records in {:.1f} s: {:.0f}/s, at most {:.2f} s behind, {} batches refused\n",
             got.records, got.seconds, static_cast<double>(got.records) / got.seconds, got.behind_s,
             got.refused);
  fmt::print("  {:.0f} % of one core; resident {:.0f} MB with the questions; database {:.0f} MB\n",
             got.cpu_seconds / got.seconds * 100, got.resident, got.database_mb);
  fmt::print("  write of a batch: median {:.1f}, p99 {:.1f}, most {:.1f} ms\n",
             median_of(got.writes_ms), percentile(got.writes_ms, 0.99),
             percentile(got.writes_ms, 1));
  fmt::print("  tidy: median {:.1f}, p99 {:.1f}, most {:.1f} ms\n", median_of(got.tidies_ms),
             percentile(got.tidies_ms, 0.99), percentile(got.tidies_ms, 1));
  for (const auto& [name, took] : got.questions_ms)
    fmt::print("  {:<24} {:>5} times  median {:>6.1f}  p99 {:>6.1f} ms\n", name, took.size(),
               median_of(took), percentile(took, 0.99));
  fmt::print(
      "cost of a record: {:.1f} us of CPU, as plain rows without an index {:.1f}: ratio {:.2f}\n",
      cost.store_us, cost.plain_us, cost.ratio);
}

std::string as_json(const sustained& got, const comparison& cost) {
  std::vector<double> all;
  for (const auto& each : got.questions_ms)
    all.insert(all.end(), each.second.begin(), each.second.end());
  json_object out;
  out.text("what", "ingest");
  out.integer("records", got.records);
  out.number("records_per_s", static_cast<double>(got.records) / got.seconds, 0);
  out.number("core_share", got.cpu_seconds / got.seconds);
  out.number("behind_s", got.behind_s);
  out.number("resident_mb", got.resident, 1);
  out.number("write_p99_ms", percentile(got.writes_ms, 0.99));
  out.number("tidy_p99_ms", percentile(got.tidies_ms, 0.99));
  out.integer("questions", all.size());
  out.number("question_p99_ms", percentile(all, 0.99));
  out.number("store_us", cost.store_us);
  out.number("plain_us", cost.plain_us);
  out.number("ratio", cost.ratio);
  return out.done();
}

}  // namespace

int run_ingest(const ingest_options& options) {
  const std::string path = options.folder + "/callweir-bench-ingest.db";
  const auto cost = compare(path);
  remove_database(path);
  if (!options.beside.empty()) {
    std::error_code failed;
    fs::copy_file(options.beside, path, failed);
    if (failed) {
      std::fprintf(stderr, "%s: %s\n", options.beside.c_str(), failed.message().c_str());
      return 1;
    }
  }
  const auto got = offer(path, options);
  remove_database(path);
  if (options.json)
    fmt::print("{}\n", as_json(got, cost));
  else
    print(got, cost);
  return got.refused == 0 && got.questions_failed == 0 && got.records > 0 ? 0 : 1;
}

}  // namespace callweir::bench

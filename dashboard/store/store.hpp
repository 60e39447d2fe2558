// Where records are kept. An interface, because one box keeps them in SQLite and a fleet will in
// ClickHouse; nothing above it knows which. The writing half belongs to one thread; any number of
// `store_reader`s read beside it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/record_stream.hpp"
#include "base/result.hpp"
#include "dashboard/privacy/pseudonyms.hpp"
#include "dashboard/store/queries.hpp"

namespace callweir::dashboard {

/// How far the stream of one engine's life has been committed.
struct stream_position {
  std::string engine;  // "" for an empty store
  std::uint64_t number = 0;
};

struct store_limits {
  nanoseconds keep = std::chrono::hours(90 * 24);
  std::uint64_t max_size_bytes = 10'000'000'000;
};

/// What the store says of itself, for health, metrics and the gaps page.
struct store_health {
  std::uint64_t rows_written = 0, transactions = 0, bytes = 0;
  std::uint64_t rows_pruned = 0;  // oldest first, by `keep` or `max_size`
  bool disk_full =
      false;            // the last write failed for want of room; nothing is written until it fits
  std::string trouble;  // "" or a sentence: what goes wrong now
  std::string note;     // "" or a sentence: what went wrong and is over, or cannot be mended
  std::string moved_aside;  // where a damaged database went in this process's life, "" for nowhere
};

/// Reads. Each object is used by one thread at a time and sees committed rows only.
class store_reader {
 public:
  virtual ~store_reader() = default;

  virtual result<std::vector<flow_record>> flows(const flow_query& what) = 0;  // newest first
  virtual result<std::vector<call_record>> calls(const call_query& what) = 0;  // newest first
  virtual result<std::vector<host_record>> hosts(const host_query& what) = 0;  // most bytes first
  /// One flow or call by its record id, of any engine's life: the newest.
  virtual result<std::optional<flow_record>> flow(const std::string& id) = 0;
  virtual result<std::optional<call_record>> call(const std::string& id) = 0;
  /// Sums of traffic by `by`, each over time; the `top` largest by bytes, the rest as key "".
  virtual result<std::vector<traffic_series>> traffic(const traffic_query& what) = 0;
  /// Of all links or one, in steps: bytes by class, packets dropped and delayed.
  virtual result<std::vector<load_point>> load(const load_query& what) = 0;
  virtual result<std::vector<policy_total>> policies(const period& when) = 0;  // in list order
  /// Gaps and audit: newest first.
  virtual result<std::vector<gap_record>> gaps(const period& when, std::size_t most) = 0;
  virtual result<std::vector<audit_record>> audit(const period& when, std::size_t most) = 0;
  /// Rows of a kind in a period, without reading them.
  virtual result<std::uint64_t> count_calls(const period& when) = 0;
  virtual result<std::uint64_t> count_flows(const period& when) = 0;
  /// First and last moment that anything is known of; nullopt for an empty store.
  virtual result<std::optional<period>> extent() = 0;
};

class store {
 public:
  virtual ~store() = default;

  /// What the next resume asks for.
  virtual stream_position position() const = 0;
  /// One transaction: all records and the position, or nothing. A full disk is an error and a state
  /// of health(), not an exception; the caller keeps the batch and comes again.
  virtual result<void> write(std::span<const stream::durable> batch,
                             const stream_position& upto) = 0;
  /// Records of this process's own making: gaps, audit. Any thread; waits for the writer.
  virtual result<void> note(const gap_record& gap) = 0;
  virtual result<void> note(const audit_record& entry) = 0;
  /// Roll-ups, `keep`, `max_size`: a bounded piece of work (at most about 50 ms). True: there is
  /// more.
  virtual result<bool> tidy(time_point now) = 0;
  virtual store_health health() const = 0;  // any thread
  /// A consistent copy while everything runs on. The target must not exist. Any thread.
  virtual result<void> backup(const std::string& target) = 0;
  virtual result<std::unique_ptr<store_reader>> reader() = 0;  // any thread
};

/// Opens or makes the database, migrates it from every recorded older schema. One that is damaged
/// is moved aside (health().moved_aside says where) and a new one begun. Where `names` is on, no
/// address is written to it: what stands for each is. Rows of before stay as they are.
result<std::unique_ptr<store>> open_sqlite_store(const std::string& path,
                                                 const store_limits& limits,
                                                 const pseudonyms& names = {});
/// For verbs beside a running dashboard, and without one: never writes. An error when there is no
/// database at `path`.
result<std::unique_ptr<store_reader>> open_sqlite_reader(const std::string& path);

}  // namespace callweir::dashboard

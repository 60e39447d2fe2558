// One open database with everything that writes to it: made by opening it, thrown away when it
// turns out damaged. The store's thread.
#pragma once

#include <memory>
#include <string>

#include "dashboard/store/log_keeper.hpp"
#include "dashboard/store/pruner.hpp"
#include "dashboard/store/row_writer.hpp"
#include "dashboard/store/store.hpp"

namespace callweir::dashboard {

constexpr std::uint64_t page_bytes = 4'096;

struct store_database {
  store_database(sqlite::connection opened, std::unique_ptr<log_keeper> log);

  sqlite::connection db;
  row_writer rows;
  sum_writer sums;
  pruner old;
  stream_position position;
  int log_pages = 0;  // not written back yet, as of the last commit

  /// Everything of a batch but BEGIN and COMMIT. Failures are noted by the connection.
  void put(std::span<const stream::durable> batch, const stream_position& upto);
  /// Has the log written back in the background.
  void write_back_soon() { log_->ask(); }
  /// Waits until the log is written back as far as readers allow.
  void write_back();
  /// The latest moment that its records know of; 0 when there are none.
  time_point newest();

 private:
  batch_sums batch_;
  std::unique_ptr<log_keeper> log_;  // ends before the connection that writes
};

enum class unusable : std::uint8_t { damaged, other };
struct open_failure {
  unusable why = unusable::other;
  error what;
};
/// Opens or makes it, checks it and brings its schema up to date.
tl::expected<std::unique_ptr<store_database>, open_failure> open_store_database(
    const std::string& path, std::uint64_t log_bytes);

}  // namespace callweir::dashboard

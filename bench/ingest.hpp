// What the store takes and what questions cost meanwhile.
#pragma once

#include <string>

namespace callweir::bench {

struct ingest_options {
  std::string folder = "/tmp";  // of the databases, which are removed again
  double seconds = 60;
  double records_per_s = 20'000;  // offered; 0: as many as it takes
  std::size_t batch = 2'000;      // records a transaction
  std::string beside;             // a database to go on with, copied first; "" for an empty one
  bool json = false;
};

/// Runs and prints. Exit code: 0, or 1 when the store refused records.
int run_ingest(const ingest_options& options);

}  // namespace callweir::bench

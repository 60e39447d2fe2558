// Writes rows through prepared statements. No transaction of its own; failures are noted by the
// connection, and the caller looks once before it commits. One thread.
#pragma once

#include <array>
#include <string>

#include "base/record_stream.hpp"
#include "dashboard/sqlite/sqlite.hpp"
#include "dashboard/store/sums.hpp"

namespace callweir::dashboard {

/// A call or flow is `long` when it lasted over this: see schema.cpp.
constexpr std::int64_t long_ns = 3'600'000'000'000;

class row_writer {
 public:
  explicit row_writer(sqlite::connection& db);

  /// The number under which rows name this engine's life; made at need.
  std::int64_t engine(const std::string& name);
  void write(std::int64_t engine, const flow_record& record);
  void write(std::int64_t engine, const call_record& record);
  void write(std::int64_t engine, const host_record& record);
  void write(const gap_record& record);
  void write(const audit_record& record);
  void position(const std::string& engine, std::uint64_t number);

 private:
  struct call_row {
    std::int64_t seq = 0;
    bool fresh = true;
  };
  call_row upsert(std::int64_t engine, const call_record& record);

  sqlite::connection& db_;
  sqlite::statement find_engine_, add_engine_, flow_, add_call_, find_call_, change_call_,
      drop_call_, drop_parties_, drop_policies_, add_party_, add_policy_, host_, gap_, audit_,
      position_;
  std::string json_, engine_name_;
  std::int64_t engine_id_ = 0;
};

/// Adds sums to the tables of every level.
class sum_writer {
 public:
  explicit sum_writer(sqlite::connection& db);
  /// What belongs to spans that a level has let go already is only added to the coarser ones. The
  /// rows are used up.
  void write(batch_sums& sums, const kept_since& since);

 private:
  void write_traffic(std::vector<traffic_sum>& rows, const kept_since& since);
  void write_load(std::vector<load_sum>& rows, const kept_since& since);
  void write_policies(std::vector<policy_total_sum>& rows, const kept_since& since);
  std::int64_t line(const policy_key& key);

  sqlite::connection& db_;
  sqlite::statement traffic_, app_, host_, load_, find_line_, add_line_, policy_;
  std::vector<traffic_sum> of_app_, of_host_;
};

}  // namespace callweir::dashboard

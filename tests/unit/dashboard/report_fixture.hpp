// A store_reader over vectors, and a made-up fortnight: what the report is written of in its tests.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "dashboard/report/report.hpp"
#include "dashboard/store/store.hpp"

namespace callweir::dashboard::testing {

/// Answers what it was given; only the paging of calls is real.
struct made_up_store final : store_reader {
  std::vector<call_record> call_list;
  std::vector<host_record> host_list;
  std::map<std::string, flow_record> flow_list;
  std::map<traffic_query::grouping, std::vector<traffic_series>> traffic_list;
  std::vector<load_point> load_list;
  std::vector<policy_total> policy_list;
  std::vector<gap_record> gap_list;
  std::vector<audit_record> audit_list;
  std::optional<period> known;
  bool broken = false;

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
};

/// Seconds since the epoch.
time_point at(double seconds);
/// One call of a minute from 10.1.0.x to 203.0.113.x, with MOS before.
call_record one_call(int number, app_id app, time_point start);
/// The same, degraded from 10 s after its start to its end, at MOS 1.8.
call_record degraded_call(int number, time_point start);

/// A busy period: calls of five applications, 25 hosts, seven policy lines, a gap, changes. The
/// same for the same arguments.
made_up_store busy_store(const period& when, int calls);
report_request request_of(const period& when, report_format format);

}  // namespace callweir::dashboard::testing

// What `analyze` prints besides JSON Lines: a table for a terminal, CSV for a spreadsheet, one HTML
// page.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/record.hpp"

namespace callweir::engine {

/// What a report keeps of the flows while they pass by, bounded however many there are.
class flow_digest {
 public:
  /// `flows_most`: telephony flows kept, and as many others.
  explicit flow_digest(std::size_t flows_most) : flows_most_(flows_most) {}
  void add(flow_record record);

  struct application_sum {
    std::uint64_t flows = 0, packets = 0, bytes = 0;
    bool voip = false;
  };
  const std::map<app_id, application_sum>& applications() const { return applications_; }
  const std::vector<flow_record>& telephony() const { return telephony_; }
  const std::vector<flow_record>& others() const { return others_; }
  std::uint64_t flows() const { return flows_; }
  std::uint64_t telephony_flows() const { return telephony_flows_; }

 private:
  std::size_t flows_most_;
  std::uint64_t flows_ = 0, telephony_flows_ = 0;
  std::map<app_id, application_sum> applications_;
  std::vector<flow_record> telephony_, others_;
};

/// Everything a report shows.
struct analysis_view {
  const flow_digest& flows;
  std::span<const call_record> calls;
  summary_record summary;
};

/// Calls, then applications with their flows, packets and bytes, then the telephony flows.
std::string table_text(const analysis_view& view);

/// A line a flow (RFC 4180), names as in JSON; arrays of two become `_out` (initiator to responder)
/// and `_back`.
std::string csv_header();
void append_csv(std::string& out, const flow_record& record);

/// One page without scripts or outside references; telephony first.
std::string html_text(const analysis_view& view, const std::string& title);

}  // namespace callweir::engine

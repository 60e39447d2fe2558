// What `analyze` prints besides JSON Lines: a table for a terminal, CSV for a spreadsheet, one HTML
// page.
#pragma once

#include <span>
#include <string>

#include "base/record.hpp"

namespace callweir::engine {

/// Everything a report shows. Flows sorted by `first`.
struct analysis_view {
  std::span<const flow_record> flows;
  std::span<const call_record> calls;
  summary_record summary;
};

/// Calls, then applications with their flows, packets and bytes, then the telephony flows; at most
/// `flows_most` of these.
std::string table_text(const analysis_view& view, std::size_t flows_most = 200);

/// A line a flow (RFC 4180), names as in JSON; arrays of two become `_out` (initiator to responder)
/// and `_back`.
std::string csv_header();
void append_csv(std::string& out, const flow_record& record);

/// One page without scripts or outside references; at most `flows_most` flows, telephony first.
std::string html_text(const analysis_view& view, const std::string& title,
                      std::size_t flows_most = 2000);

}  // namespace callweir::engine

// The forms of a report: each a pure function of the model.
#pragma once

#include <string>
#include <string_view>

#include "dashboard/report/findings.hpp"
#include "dashboard/report/report_model.hpp"

namespace callweir::dashboard {

/// One self-contained page: style and pictures are inside, nothing is fetched, no script.
std::string write_html(const report_model& model);
/// One JSON object; docs/reference/report.md lists its keys.
std::string write_json(const report_model& model);

/// CSV is one row a call, all that are read, and a last row for those that are not.
std::string csv_heading();
void append_csv(std::string& out, const calendar& clock, const call_line& call);
void append_csv_rest(std::string& out, std::uint64_t calls);

// Pieces of the page (html_parts.cpp, html_tables.cpp, html_style.cpp), for html.cpp.
std::string_view html_style();
std::string html_first_page(const report_model& model, const findings& found);
void append_traffic(std::string& out, const report_model& model);
void append_hosts(std::string& out, const report_model& model);
void append_calls(std::string& out, const report_model& model);
void append_policies(std::string& out, const report_model& model);
void append_appliance(std::string& out, const report_model& model);
void append_how_to_read(std::string& out, const report_model& model);

}  // namespace callweir::dashboard

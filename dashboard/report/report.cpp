#include "dashboard/report/report.hpp"

#include <fmt/format.h>

#include <cctype>

#include "dashboard/report/pdf.hpp"
#include "dashboard/report/report_model.hpp"
#include "dashboard/report/writers.hpp"

namespace callweir::dashboard {
namespace {

constexpr std::size_t site_letters = 40;
/// WeasyPrint takes about 10 ms a row on a slow core.
constexpr std::size_t pdf_calls = 200;
constexpr std::size_t pdf_hosts = 50;
constexpr std::size_t csv_calls = 100'000;

result<std::string> make_csv(store_reader& from, const report_request& what) {
  auto clock = calendar::open(what.timezone);
  if (!clock) return tl::unexpected(clock.error());
  std::string out = csv_heading();
  model_limits limits;
  limits.calls_listed = 0;
  limits.calls_read = csv_calls;
  const auto model = ask_report_model(
      from, what, limits, [&](const call_line& call) { append_csv(out, *clock, call); });
  if (!model) return tl::unexpected(model.error());
  if (model->calls_not_read > 0) append_csv_rest(out, model->calls_not_read);
  return out;
}

}  // namespace

result<report_format> parse_report_format(std::string_view word) {
  if (word == "html") return report_format::html;
  if (word == "pdf") return report_format::pdf;
  if (word == "csv") return report_format::csv;
  if (word == "json") return report_format::json;
  return fail(fmt::format("'{}' is no format of a report", word.substr(0, 40)), {},
              "say html, pdf, csv or json");
}

const char* report_media_type(report_format format) {
  switch (format) {
    case report_format::html:
      return "text/html; charset=utf-8";
    case report_format::pdf:
      return "application/pdf";
    case report_format::csv:
      return "text/csv; charset=utf-8; header=present";
    case report_format::json:
      return "application/json";
  }
  return "";
}

std::string report_file_name(const std::string& site, const std::string& timezone,
                             const period& when, report_format format) {
  std::string name;
  for (const char c : site.substr(0, site_letters)) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (plain) {
      name += c;
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
  }
  while (name.ends_with('-')) name.pop_back();
  if (name.empty()) name = "report";
  static constexpr const char* endings[] = {"html", "pdf", "csv", "json"};
  const auto clock = calendar::open(timezone);
  const auto dates =
      clock ? fmt::format("-{}-to-{}", clock->iso_date(when.from), clock->iso_date(when.to))
            : std::string();
  return fmt::format("callweir-{}{}.{}", name, dates, endings[static_cast<int>(format)]);
}

result<std::string> make_report(store_reader& from, const report_request& what) {
  if (what.format == report_format::csv) return make_csv(from, what);
  model_limits limits;
  if (what.format == report_format::pdf) {
    limits.calls_listed = pdf_calls;
    limits.hosts_listed = pdf_hosts;
  }
  const auto model = ask_report_model(from, what, limits);
  if (!model) return tl::unexpected(model.error());
  if (what.format == report_format::json) return write_json(*model);
  const std::string html = write_html(*model);
  return what.format == report_format::pdf ? make_pdf(html, what.made) : html;
}

}  // namespace callweir::dashboard

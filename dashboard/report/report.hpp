// The traffic report of a period, in one of four forms. The same code serves `callweir report` and
// the download.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "dashboard/store/store.hpp"

namespace callweir::dashboard {

enum class report_format : std::uint8_t { html, pdf, csv, json };
result<report_format> parse_report_format(std::string_view word);
const char* report_media_type(report_format format);  // "text/html; charset=utf-8", …
/// What a download is called: "callweir-hq-2026-11-01-to-2026-12-01.html", letters, digits, '-' and
/// '.' only. `timezone` as in report_request.
std::string report_file_name(const std::string& site, const std::string& timezone,
                             const period& when, report_format format);

struct report_request {
  period when;
  report_format format = report_format::html;
  std::string site, timezone;  // as configured
  bool pseudonymise = false;
  time_point made;  // printed on it
  /// What pseudonyms are made with (pseudonyms.hpp: load_pseudonym_key). "": a fresh key, good for
  /// this one report.
  std::string pseudonym_key;
};

/// A calendar period of the site's time zone: "day", "week" (from Monday) or "month", the last
/// whole one before `now`. Days of 23 and 25 hours are what they are.
result<period> last_period(std::string_view word, const std::string& timezone, time_point now);
/// "2026-11-02", "2026-11-02T08:30", "2026-11-02 08:30:00", with or without Z or an offset;
/// without, of the site's time zone. A time that the clocks skipped is an error; of two alike the
/// first.
result<time_point> parse_time(std::string_view text, const std::string& timezone);

/// The whole document. PDF needs WeasyPrint; where it is missing, the error says which package. An
/// empty or reversed period, one of more than ten years and an unknown time zone are errors. Takes
/// seconds for a busy month; any thread, with a reader of its own.
result<std::string> make_report(store_reader& from, const report_request& what);

}  // namespace callweir::dashboard

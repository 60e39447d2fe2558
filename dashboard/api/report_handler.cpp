// The traffic report as a download.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include "dashboard/api/answers.hpp"
#include "dashboard/api/handlers.hpp"
#include "dashboard/report/report.hpp"

namespace callweir::dashboard::routes {
namespace {

/// One at a time: a month's report takes seconds and much memory.
class turn {
 public:
  explicit turn(std::atomic<bool>& taken) : taken_(taken), mine_(!taken.exchange(true)) {}
  ~turn() {
    if (mine_) taken_ = false;
  }
  turn(const turn&) = delete;
  turn& operator=(const turn&) = delete;
  bool mine() const { return mine_; }

 private:
  std::atomic<bool>& taken_;
  bool mine_;
};

/// Letters that every file system takes.
std::string plain(std::string_view name) {
  constexpr std::size_t longest = 64;
  std::string out;
  for (const char c : name.substr(0, longest)) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    out += fits ? c : '-';
  }
  return out;
}

}  // namespace

http::response get_report(context& of) {
  const auto& configured = of.here.parts.configured;
  report_request what;
  what.site = configured.site;
  what.timezone = configured.timezone;
  what.pseudonymise = configured.pseudonymise;
  what.pseudonym_key = of.here.parts.pseudonym_key;
  what.made = of.now;
  const auto format = parse_report_format(of.with.text("format").value_or("html"));
  if (!format) return refusal(400, format.error());
  what.format = *format;
  if (of.with.has_period()) {
    what.when = of.with.when();
  } else {
    const auto day = last_period("day", configured.timezone, of.now);
    if (!day) return refusal(500, day.error());
    what.when = *day;
  }
  const turn mine(of.here.reporting);
  if (!mine.mine()) return come_again({"another report is being made", {}, "try again"}, 5);
  auto reader = of.here.readers.take();
  if (!reader) return come_again(reader.error(), 5);
  auto document = make_report(**reader, what);
  if (!document) return refusal(500, document.error());
  http::response out;
  out.type = report_media_type(*format);
  out.body = std::move(*document);
  const auto begin = fmt::gmtime(static_cast<std::time_t>(what.when.from.ns / 1'000'000'000));
  out.headers.emplace_back(
      "Content-Disposition",
      fmt::format("attachment; filename=\"callweir-{}-{:%Y%m%dT%H%MZ}.{}\"", plain(what.site),
                  begin, of.with.text("format").value_or("html")));
  return out;
}

}  // namespace callweir::dashboard::routes

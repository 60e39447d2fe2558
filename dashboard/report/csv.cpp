#include <fmt/format.h>

#include <iterator>

#include "dashboard/report/text.hpp"
#include "dashboard/report/writers.hpp"

namespace callweir::dashboard {
namespace {

/// RFC 4180. A field that a spreadsheet would run as a formula gets an apostrophe in front; control
/// characters become spaces, so that a row stays a line.
void append_field(std::string& out, std::string_view text) {
  std::string field;
  if (!text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos)
    field = '\'';
  for (const char c : text) field += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  if (field.find_first_of(",\";'") == std::string::npos) {
    out += field;
  } else {
    out += '"';
    for (const char c : field) out += c == '"' ? std::string("\"\"") : std::string(1, c);
    out += '"';
  }
  out += ',';
}

void append_measure(std::string& out, const std::optional<double>& value, int decimals) {
  if (value) fmt::format_to(std::back_inserter(out), "{:.{}f}", *value, decimals);
  out += ',';
}

void append_both(std::string& out, const both_ways<std::optional<double>>& values, int decimals) {
  append_measure(out, values[0], decimals);
  append_measure(out, values[1], decimals);
}

const char* truth(tristate value) {
  return value == tristate::yes ? "true" : value == tristate::no ? "false" : "";
}

std::string joined(const std::vector<std::string>& words, std::size_t from = 0) {
  std::string out;
  for (std::size_t i = from; i < words.size(); ++i) out += (i == from ? "" : "; ") + words[i];
  return out;
}

constexpr int columns = 29;

}  // namespace

std::string csv_heading() {
  return "calls,id,begin,end,begin_utc_s,seconds,application,initiator,responder,others,codec,"
         "media,"
         "p2p,relayed,emergency,confidence,treatment,policy,mos_before_out,mos_before_back,mos_out,"
         "mos_back,mos_throttled_out,mos_throttled_back,mos_scale,inflicted_loss_out,inflicted_"
         "loss_back,added_delay_out_ms,"
         "added_delay_back_ms,reasons\r\n";
}

void append_csv(std::string& out, const calendar& clock, const call_line& call) {
  const auto into = std::back_inserter(out);
  out += "1,";
  append_field(out, call.id);
  fmt::format_to(into, "{},{},{:.3f},{:.1f},", clock.iso(call.start), clock.iso(call.end),
                 call.start.seconds(), to_seconds(call.end - call.start));
  append_field(out, call.app);
  append_field(out, call.parties.empty() ? "" : call.parties[0]);
  append_field(out, call.parties.size() < 2 ? "" : call.parties[1]);
  append_field(out, joined(call.parties, 2));
  append_field(out, call.codec);
  append_field(out, call.media);
  fmt::format_to(into, "{},{},{},{:.2f},{},", truth(call.p2p), call.relayed, call.emergency,
                 call.confidence_pct / 100.0, treatment_name(call.what));
  append_field(out, call.policy);
  append_both(out, call.mos_before, 2);
  append_both(out, call.mos, 2);
  append_both(out, call.mos_throttled, 2);
  append_field(out, call.mos_scale);
  append_both(out, call.inflicted_loss, 4);
  append_both(out, call.added_delay_ms, 1);
  append_field(out, joined(call.reasons));
  out.back() = '\r';
  out += '\n';
}

void append_csv_rest(std::string& out, std::uint64_t calls) {
  fmt::format_to(std::back_inserter(out), "{},not listed", calls);
  out.append(columns - 1, ',');
  out += "\r\n";
}

}  // namespace callweir::dashboard

#include <fmt/format.h>

#include <vector>

#include "base/applications.hpp"
#include "engine/analysis_formats.hpp"
#include "engine/record_text.hpp"
#include "engine/text_table.hpp"

namespace callweir::engine {
namespace {

constexpr const char* style =
    "body{font:14px/1.45 system-ui,sans-serif;margin:2rem;color:#1b1f24}"
    "h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}"
    "table{border-collapse:collapse}th,td{padding:.25rem .7rem;text-align:left;border-bottom:1px "
    "solid #d8dee4}"
    "th{background:#f6f8fa}td.n{text-align:right;font-variant-numeric:tabular-nums}"
    "td{vertical-align:top}li{max-width:40rem}ul{margin:.2rem 0;padding-left:1.1rem}"
    "summary{cursor:pointer;white-space:nowrap;color:#0550ae}"
    "tr.voip{background:#fff8e6}p.note{color:#57606a}@media print{details>*{display:block}}";

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

void append_header(std::string& out, const std::vector<std::string>& cells) {
  out += "<tr>";
  for (const auto& cell : cells) out += fmt::format("<th>{}</th>", escaped(cell));
  out += "</tr>\n";
}

/// The reasons come last, folded away: they are long, and one asks for them row by row.
void append_row(std::string& out, const std::vector<std::string>& cells,
                const std::vector<std::string>& reasons, const char* kind = "") {
  out += *kind != '\0' ? fmt::format("<tr class=\"{}\">", kind) : "<tr>";
  for (const auto& cell : cells) out += fmt::format("<td>{}</td>", escaped(cell));
  out += fmt::format("<td><details><summary>{} reason{}</summary><ul>", reasons.size(),
                     reasons.size() == 1 ? "" : "s");
  for (const auto& reason : reasons) out += fmt::format("<li>{}</li>", escaped(reason));
  out += "</ul></details></td></tr>\n";
}

void append_calls(std::string& out, std::span<const call_record> calls) {
  out += "<h2>Calls</h2>\n<table>\n";
  append_header(out, {"Call", "Application", "Parties", "Media", "Begin (UTC)", "Seconds", "P2P",
                      "Relayed", "Confidence", "Codec", "Loss, out / back", "Jitter ms",
                      "MOS before", "MOS", "Action", "Why"});
  for (const auto& call : calls) {
    std::vector<std::string> parties;
    for (const auto& party : call.parties) parties.push_back(party.text());
    append_row(out,
               {call.id, std::string(application_name(call.app)), joined(parties, " – "),
                media_text(call.media), time_text(call.start),
                fmt::format("{:.0f}", to_seconds(call.end - call.start)), tristate_text(call.p2p),
                call.relayed ? "yes" : "no", fmt::format("{:.2f}", call.confidence_pct / 100.0),
                call.codec.empty() ? "-" : call.codec, measures_text(call.loss, 3),
                measures_text(call.jitter_ms, 1), measures_text(call.mos_before, 1),
                measures_text(call.mos, 1), actions_text(call)},
               call.reasons);
  }
  out += "</table>\n";
}

void append_flows(std::string& out, const flow_digest& flows) {
  std::vector<const flow_record*> shown;
  for (const auto& flow : flows.telephony()) shown.push_back(&flow);
  for (const auto& flow : flows.others()) shown.push_back(&flow);
  out += "<h2>Flows</h2>\n";
  if (shown.size() < flows.flows()) {
    out += fmt::format(
        "<p class=\"note\">{} of {} flows, telephony first; all of them are in the json "
        "and csv formats.</p>\n",
        shown.size(), flows.flows());
  }
  out += "<table>\n";
  append_header(out, {"Flow", "Begin (UTC)", "From", "To", "Protocol", "Application", "Role", "P2P",
                      "Confidence", "Packets", "Bytes", "Call", "Policy", "Action", "Why"});
  for (const auto* flow : shown) {
    append_row(
        out,
        {flow->id, time_text(flow->first), endpoint_text(flow->source, flow->source_port),
         endpoint_text(flow->destination, flow->destination_port), ip_protocol_name(flow->protocol),
         std::string(application_name(flow->what.app)), flow_role_name(flow->what.role),
         tristate_text(flow->what.p2p), fmt::format("{:.2f}", flow->what.confidence_pct / 100.0),
         short_count(flow->packets[forward] + flow->packets[backward]),
         short_count(flow->bytes[forward] + flow->bytes[backward]), flow->call, flow->policy,
         flow->action},
        flow->reasons, flow->what.voip ? "voip" : "");
  }
  out += "</table>\n";
}

}  // namespace

std::string html_text(const analysis_view& view, const std::string& title) {
  const auto& s = view.summary;
  std::string out = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0}</title>"
      "<style>{1}</style></head><body>\n<h1>{0}</h1>\n"
      "<p>{2} packets, {3} bytes, {4} flows, {5} calls, {6} packets not decoded.</p>\n",
      escaped(title), style, s.packets, s.bytes, s.flows, s.calls, s.undecoded);
  if (!view.calls.empty()) append_calls(out, view.calls);
  if (view.flows.flows() > 0) append_flows(out, view.flows);
  return out + "</body></html>\n";
}

}  // namespace callweir::engine

#include <fmt/format.h>

#include <iterator>

#include "base/applications.hpp"
#include "base/json_writer.hpp"
#include "engine/analysis_formats.hpp"
#include "engine/record_text.hpp"

namespace callweir::engine {
namespace {

/// RFC 4180 quoting. A cell that a spreadsheet would take for a formula gets an apostrophe in
/// front.
void append_cell(std::string& out, const std::string& text) {
  const bool formula =
      !text.empty() && std::string_view("=+-@\t\r").find(text[0]) != std::string_view::npos;
  if (!formula && text.find_first_of(",\"\n\r") == std::string::npos) {
    out += text;
  } else {
    out += formula ? "\"'" : "\"";
    for (const char c : text) {
      if (c == '"') out += '"';
      out += c;
    }
    out += '"';
  }
  out += ',';
}

}  // namespace

std::string csv_header() {
  return "id,file,link,src,sport,dst,dport,proto,vlan,tunnel,app,voip,role,p2p,confidence,first,"
         "last,"
         "packets_out,packets_back,bytes_out,bytes_back,decided_packet,decided_s,call,policy,"
         "action,"
         "reasons\r\n";
}

void append_csv(std::string& out, const flow_record& r) {
  const auto number = [&out](std::uint64_t n) {
    json::append_integer(out, n);
    out += ',';
  };
  append_cell(out, r.id);
  append_cell(out, r.file);
  append_cell(out, r.link);
  append_cell(out, r.source.text());
  number(r.source_port);
  append_cell(out, r.destination.text());
  number(r.destination_port);
  append_cell(out, ip_protocol_name(r.protocol));
  append_cell(out, fmt::format("{}", fmt::join(r.vlan, " ")));
  const char* tunnel = tunnel_name(r.tunnel);
  append_cell(out, tunnel != nullptr ? tunnel : "");
  append_cell(out, std::string(application_name(r.what.app)));
  out += r.what.voip ? "true," : "false,";
  append_cell(out, flow_role_name(r.what.role));
  out += r.what.p2p == tristate::yes ? "true," : r.what.p2p == tristate::no ? "false," : ",";
  json::append_number(out, r.what.confidence_pct / 100.0, 2);
  out += ',';
  json::append_time(out, r.first);
  out += ',';
  json::append_time(out, r.last);
  out += ',';
  for (const auto n : r.packets) number(n);
  for (const auto n : r.bytes) number(n);
  if (r.decided_packet) json::append_integer(out, *r.decided_packet);
  out += ',';
  if (r.decided_s) json::append_number(out, *r.decided_s, 6);
  out += ',';
  append_cell(out, r.call);
  append_cell(out, r.policy);
  append_cell(out, r.action);
  append_cell(out, joined(r.reasons, "; "));
  out.pop_back();
  out += "\r\n";
}

}  // namespace callweir::engine

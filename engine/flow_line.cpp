#include "engine/flow_line.hpp"

#include <charconv>

#include "base/applications.hpp"
#include "base/json_writer.hpp"
#include "classify/call_tracker.hpp"
#include "classify/classifier.hpp"

namespace callweir::engine {
namespace {

void append_text_or_null(std::string& out, std::string_view text) {
  if (text.empty()) {
    out += "null";
  } else {
    json::append_string(out, text);
  }
}

/// Into a buffer that is large enough: three digits and a dot at most four times.
void append_address(std::string& out, const ip_address& address) {
  if (!address.is_v4()) {
    out += '"';
    out += address.text();
    out += '"';
    return;
  }
  char text[18];
  char* at = text;
  *at++ = '"';
  const std::uint32_t bits = address.v4_bits();
  for (int shift = 24; shift >= 0; shift -= 8) {
    at = std::to_chars(at, text + sizeof text, (bits >> shift) & 0xff).ptr;
    *at++ = shift > 0 ? '.' : '"';
  }
  out.append(text, static_cast<std::size_t>(at - text));
}

void append_pair(std::string& out, std::uint64_t a, std::uint64_t b) {
  out += '[';
  json::append_integer(out, a);
  out += ',';
  json::append_integer(out, b);
  out += ']';
}

void append_vlans(std::string& out, const kept_flow& flow) {
  out += ",\"vlan\":[";
  for (int i = 0; i < flow.vlan_count; ++i) {
    if (i > 0) out += ',';
    json::append_integer(out, flow.vlan[i]);
  }
  out += "],\"tunnel\":";
  const char* const tunnel = tunnel_name(flow.tunnel);
  append_text_or_null(out, tunnel != nullptr ? tunnel : "");
}

}  // namespace

flow_line_writer::flow_line_writer(const std::vector<std::string>& files, const std::string& link) {
  std::string tail = ",\"link\":";
  append_text_or_null(tail, link);
  tail += ",\"src\":";
  for (const auto& file : files) {
    std::string head = "\",\"file\":";
    append_text_or_null(head, file);
    heads_.push_back(head + tail);
  }
  if (heads_.empty()) heads_.push_back("\",\"file\":null" + tail);
}

std::size_t flow_line_writer::verdict_hash::operator()(const verdict& v) const {
  std::uint64_t h = v.reasons * 0x9e37'79b9'7f4a'7c15ULL;
  h ^= std::uint64_t{v.app} << 48 | std::uint64_t{v.ndpi_master} << 32 |
       std::uint64_t{v.ndpi_app} << 16 | static_cast<std::uint64_t>(v.role) << 12 |
       static_cast<std::uint64_t>(v.p2p) << 9 | static_cast<std::uint64_t>(v.voip) << 8 |
       v.confidence_pct;
  return (h ^ h >> 29) * 0xbf58'476d'1ce4'e5b9ULL >> 7;
}

const std::string& flow_line_writer::verdict_text(const kept_flow& flow) {
  const verdict what = verdict_of(flow);
  if (const auto found = verdicts_.find(what); found != verdicts_.end()) return found->second;
  if (verdicts_.size() >= verdicts_max) verdicts_.clear();
  // Cut out of the record's own text, so that there is one place that says how a verdict is
  // written.
  flow_record record;
  record.what = what;
  record.reasons = classify::reason_texts(what.reasons);
  std::string whole;
  append_json(whole, record);
  const auto begin = whole.find(",\"app\":");
  const auto end = whole.rfind(",\"first\":");
  return verdicts_.emplace(what, whole.substr(begin, end - begin)).first->second;
}

void flow_line_writer::append(std::string& out, const kept_flow& flow, std::string_view call,
                              std::string_view policy, std::string_view action) {
  out += "{\"type\":\"flow\",\"id\":\"";
  out += classify::flow_name(flow.id);
  out += heads_[flow.file < heads_.size() ? flow.file : 0];
  append_address(out, flow.source);
  out += ",\"sport\":";
  json::append_integer(out, flow.source_port);
  out += ",\"dst\":";
  append_address(out, flow.destination);
  out += ",\"dport\":";
  json::append_integer(out, flow.destination_port);
  out += ",\"proto\":\"";
  out += ip_protocol_name(flow.protocol);
  out += '"';
  append_vlans(out, flow);
  out += verdict_text(flow);
  out += ",\"first\":";
  json::append_time(out, {flow.first_ns});
  out += ",\"last\":";
  json::append_time(out, {flow.last_ns});
  out += ",\"packets\":";
  append_pair(out, flow.packets[0], flow.packets[1]);
  out += ",\"bytes\":";
  append_pair(out, flow.bytes[0], flow.bytes[1]);
  out += ",\"decided_packet\":";
  if (flow.decided_packet != 0) {
    json::append_integer(out, flow.decided_packet);
    out += ",\"decided_s\":";
    json::append_number(out, static_cast<double>(flow.decided_us) * 1e-6, 6);
  } else {
    out += "null,\"decided_s\":null";
  }
  out += ",\"call\":";
  append_text_or_null(out, call);
  out += ",\"policy\":";
  append_text_or_null(out, policy);
  out += ",\"action\":";
  append_text_or_null(out, action);
  out += "}\n";
}

}  // namespace callweir::engine

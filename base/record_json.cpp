// The records as JSON Lines. Field names and order are the documented contract; what could not be
// measured is null. analyze writes every flow through here, hence plain appends and no tree.
#include "base/applications.hpp"
#include "base/json_writer.hpp"
#include "base/record.hpp"

namespace callweir {
namespace {

using json::append_integer;
using json::append_list;
using json::append_number;
using json::append_string;
using json::append_time;

void append_address(std::string& out, const ip_address& address) {
  out += '"';
  if (address.is_v4()) {
    const std::uint32_t bits = address.v4_bits();
    for (int shift = 24; shift >= 0; shift -= 8) {
      append_integer(out, (bits >> shift) & 0xff);
      if (shift > 0) out += '.';
    }
  } else {
    out += address.text();
  }
  out += '"';
}

void append_text_or_null(std::string& out, std::string_view text) {
  if (text.empty()) {
    out += "null";
  } else {
    append_string(out, text);
  }
}

void append_strings(std::string& out, const std::vector<std::string>& list) {
  append_list(out, list, [](std::string& o, const std::string& s) { append_string(o, s); });
}

void append_counts(std::string& out, const both_ways<std::uint64_t>& counts) {
  append_list(out, counts, [](std::string& o, std::uint64_t n) { append_integer(o, n); });
}

void append_measures(std::string& out, const char* key,
                     const both_ways<std::optional<double>>& values, int decimals) {
  out += key;
  append_list(out, values, [decimals](std::string& o, const std::optional<double>& value) {
    json::append_number_or_null(o, value, decimals);
  });
}

void append_tristate(std::string& out, tristate value) {
  out += value == tristate::yes ? "true" : value == tristate::no ? "false" : "null";
}

void append_confidence(std::string& out, std::uint8_t percent) {
  append_number(out, static_cast<double>(percent) / 100.0, 2);
}

/// "Master.App" as nDPI prints it, one name where both are the same or one is missing.
void append_ndpi(std::string& out, const verdict& what) {
  if (what.ndpi_master != 0 && what.ndpi_app != 0 && what.ndpi_master != what.ndpi_app) {
    std::string both(application_name(what.ndpi_master));
    both += '.';
    both += application_name(what.ndpi_app);
    append_string(out, both);
    return;
  }
  append_string(out, application_name(what.ndpi_app != 0 ? what.ndpi_app : what.ndpi_master));
}

void append_endpoints(std::string& out, const flow_record& record) {
  out += ",\"src\":";
  append_address(out, record.source);
  out += ",\"sport\":";
  append_integer(out, record.source_port);
  out += ",\"dst\":";
  append_address(out, record.destination);
  out += ",\"dport\":";
  append_integer(out, record.destination_port);
  out += ",\"proto\":\"";
  out += ip_protocol_name(record.protocol);
  out += "\",\"vlan\":";
  append_list(out, record.vlan, [](std::string& o, std::uint16_t id) { append_integer(o, id); });
  out += ",\"tunnel\":";
  const char* tunnel = tunnel_name(record.tunnel);
  append_text_or_null(out, tunnel != nullptr ? tunnel : "");
}

void append_verdict(std::string& out, const flow_record& record) {
  out += ",\"app\":";
  append_string(out, application_name(record.what.app));
  out += ",\"voip\":";
  json::append_bool(out, record.what.voip);
  out += ",\"role\":\"";
  out += flow_role_name(record.what.role);
  out += "\",\"p2p\":";
  append_tristate(out, record.what.p2p);
  out += ",\"confidence\":";
  append_confidence(out, record.what.confidence_pct);
  out += ",\"reasons\":";
  append_strings(out, record.reasons);
  out += ",\"ndpi\":";
  append_ndpi(out, record.what);
}

void append_call_action(std::string& out, const call_action& action) {
  out += "{\"policy\":";
  append_string(out, action.policy);
  out += ",\"action\":";
  append_string(out, action.action);
  out += ",\"flows\":";
  append_strings(out, action.flows);
  out += ",\"since\":";
  append_time(out, action.since);
  if (action.until) {
    out += ",\"until\":";
    append_time(out, *action.until);
  }
  out += '}';
}

void append_course(std::string& out, const mos_course& course) {
  out += ",\"mos_course\":{\"from\":";
  append_integer(out, static_cast<std::uint64_t>(course.from_s));
  out += ",\"step\":";
  append_integer(out, course.step_s);
  out += ",\"mos\":";
  append_list(out, course.mos, [](std::string& o, const auto& values) {
    append_list(o, values, [](std::string& to, const std::optional<double>& value) {
      json::append_number_or_null(to, value, 2);
    });
  });
  out += '}';
}

}  // namespace

void append_json(std::string& out, const flow_record& record) {
  out += "{\"type\":\"flow\",\"id\":";
  append_string(out, record.id);
  out += ",\"file\":";
  append_text_or_null(out, record.file);
  out += ",\"link\":";
  append_text_or_null(out, record.link);
  append_endpoints(out, record);
  append_verdict(out, record);
  out += ",\"first\":";
  append_time(out, record.first);
  out += ",\"last\":";
  append_time(out, record.last);
  out += ",\"packets\":";
  append_counts(out, record.packets);
  out += ",\"bytes\":";
  append_counts(out, record.bytes);
  out += ",\"decided_packet\":";
  if (record.decided_packet) {
    append_integer(out, *record.decided_packet);
  } else {
    out += "null";
  }
  out += ",\"decided_s\":";
  if (record.decided_s) {
    append_number(out, *record.decided_s, 6);
  } else {
    out += "null";
  }
  out += ",\"call\":";
  append_text_or_null(out, record.call);
  out += ",\"policy\":";
  append_text_or_null(out, record.policy);
  out += ",\"action\":";
  append_text_or_null(out, record.action);
  out += '}';
}

void append_json(std::string& out, const call_record& record) {
  out += "{\"type\":\"call\",\"id\":";
  append_string(out, record.id);
  out += ",\"link\":";
  append_text_or_null(out, record.link);
  out += ",\"app\":";
  append_string(out, application_name(record.app));
  out += ",\"parties\":";
  append_list(out, record.parties, append_address);
  out += ",\"flows\":";
  append_strings(out, record.flows);
  out += ",\"media\":";
  append_list(out, record.media,
              [](std::string& o, flow_role role) { append_string(o, flow_role_name(role)); });
  out += ",\"start\":";
  append_time(out, record.start);
  out += ",\"end\":";
  append_time(out, record.end);
  out += ",\"ended\":";
  json::append_bool(out, record.ended);
  out += ",\"p2p\":";
  append_tristate(out, record.p2p);
  out += ",\"relayed\":";
  json::append_bool(out, record.relayed);
  out += ",\"emergency\":";
  json::append_bool(out, record.emergency);
  out += ",\"confidence\":";
  append_confidence(out, record.confidence_pct);
  out += ",\"reasons\":";
  append_strings(out, record.reasons);
  out += ",\"codec\":";
  append_text_or_null(out, record.codec);
  append_measures(out, ",\"bitrate_kbps\":", record.bitrate_kbps, 1);
  append_measures(out, ",\"loss\":", record.loss, 4);
  append_measures(out, ",\"jitter_ms\":", record.jitter_ms, 2);
  append_measures(out, ",\"mos_before\":", record.mos_before, 2);
  append_measures(out, ",\"inflicted_loss\":", record.inflicted_loss, 4);
  append_measures(out, ",\"added_delay_ms\":", record.added_delay_ms, 1);
  append_measures(out, ",\"mos\":", record.mos, 2);
  out += ",\"mos_scale\":";
  append_text_or_null(out, record.mos_scale);
  if (record.course.step_s > 0) append_course(out, record.course);
  out += ",\"actions\":";
  append_list(out, record.actions, append_call_action);
  out += '}';
}

void append_json(std::string& out, const host_record& record) {
  out += "{\"type\":\"host\",\"addr\":";
  append_address(out, record.address);
  out += ",\"roles\":";
  append_strings(out, record.roles);
  out += ",\"confidence\":";
  append_confidence(out, record.confidence_pct);
  out += ",\"peers\":";
  append_integer(out, record.peers);
  out += ",\"calls\":";
  append_integer(out, record.calls);
  out += ",\"flows\":";
  append_integer(out, record.flows);
  out += ",\"bytes\":";
  append_integer(out, record.bytes);
  out += ",\"first\":";
  append_time(out, record.first);
  out += ",\"last\":";
  append_time(out, record.last);
  out += '}';
}

void append_json(std::string& out, const summary_record& record) {
  out += "{\"type\":\"summary\",\"packets\":";
  append_integer(out, record.packets);
  out += ",\"bytes\":";
  append_integer(out, record.bytes);
  out += ",\"flows\":";
  append_integer(out, record.flows);
  out += ",\"calls\":";
  append_integer(out, record.calls);
  out += ",\"undecoded\":";
  append_integer(out, record.undecoded);
  out += ",\"seconds\":";
  append_number(out, record.seconds, 6);
  out += ",\"packets_per_s\":";
  append_number(out, record.packets_per_s, 1);
  out += '}';
}

}  // namespace callweir

// Records of the control socket as text for a terminal.
#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <ctime>

#include "engine/console.hpp"
#include "engine/text_table.hpp"

namespace callweir::engine {
namespace {

using boost::json::object;
using boost::json::value;

std::vector<object> parsed(const std::vector<std::string>& records, const char* type) {
  std::vector<object> out;
  for (const auto& record : records) {
    boost::system::error_code problem;
    auto read = boost::json::parse(boost::json::string_view(record.data(), record.size()), problem);
    if (problem || !read.is_object()) continue;
    const auto* kind = read.get_object().if_contains("type");
    if (kind != nullptr && kind->is_string() && kind->get_string() == type) {
      out.push_back(std::move(read.get_object()));
    }
  }
  return out;
}

std::string one(const value& v, int decimals) {
  if (v.is_string()) return std::string(v.get_string());
  if (v.is_int64()) return std::to_string(v.get_int64());
  if (v.is_uint64()) return std::to_string(v.get_uint64());
  if (v.is_double()) return fmt::format("{:.{}f}", v.get_double(), decimals);
  if (v.is_bool()) return v.get_bool() ? "yes" : "no";
  return "-";
}

std::string get(const object& from, const char* key, int decimals = 2) {
  const auto* v = from.if_contains(key);
  return v == nullptr ? "-" : one(*v, decimals);
}

std::string list(const object& from, const char* key, const char* between, int decimals = 2) {
  const auto* v = from.if_contains(key);
  if (v == nullptr || !v->is_array()) return "-";
  std::string out;
  for (const auto& item : v->get_array()) {
    if (!out.empty()) out += between;
    out += one(item, decimals);
  }
  return out.empty() ? "-" : out;
}

double number(const object& from, const char* key) {
  const auto* v = from.if_contains(key);
  if (v == nullptr) return 0;
  boost::system::error_code problem;
  const double got = v->to_number<double>(problem);
  return problem ? 0 : got;
}

std::string actions(const object& call) {
  const auto* v = call.if_contains("actions");
  std::string out;
  if (v != nullptr && v->is_array()) {
    for (const auto& item : v->get_array()) {
      if (!item.is_object()) continue;
      if (!out.empty()) out += ", ";
      out += get(item.get_object(), "action") + " (" + get(item.get_object(), "policy") + ")";
    }
  }
  return out.empty() ? "-" : out;
}

std::string counts(const object& from, const char* key, bool zeros) {
  const auto* v = from.if_contains(key);
  std::string out;
  if (v == nullptr || !v->is_object()) return out;
  for (const auto& [name, count] : v->get_object()) {
    const std::string text = one(count, 0);
    if (text != "0" || zeros) out += fmt::format("  {:<28} {}\n", std::string(name), text);
  }
  return out;
}

std::string endpoint(const object& from, const char* address, const char* port) {
  const std::string a = get(from, address), p = get(from, port);
  if (p == "0") return a;
  return a.find(':') == std::string::npos ? a + ":" + p : "[" + a + "]:" + p;
}

}  // namespace

std::string status_text(const std::vector<std::string>& records) {
  const auto all = parsed(records, "status");
  if (all.empty()) return {};
  const object& status = all.front();
  std::string out = fmt::format("state      {}\n", get(status, "state"));
  if (const auto* pids = status.if_contains("pids"); pids != nullptr && pids->is_object()) {
    const auto& p = pids->get_object();
    out += fmt::format("processes  supervisor {}, engine {}, dashboard {}\n", get(p, "supervisor"),
                       get(p, "engine"), get(p, "dashboard"));
  }
  if (const auto* links = status.if_contains("links"); links != nullptr && links->is_array()) {
    for (const auto& link : links->get_array()) {
      if (!link.is_object()) continue;
      out += fmt::format("link       {}: {}\n", get(link.get_object(), "name"),
                         get(link.get_object(), "state"));
    }
  }
  out +=
      fmt::format("workers    {}, restarts {}\n", get(status, "workers"), get(status, "restarts"));
  if (const std::string alarms = list(status, "alarms", ", "); alarms != "-") {
    out += "alarms     " + alarms + "\n";
  }
  if (const auto drops = counts(status, "drops", false); !drops.empty()) out += "drops\n" + drops;
  if (const auto rest = counts(status, "counters", false); !rest.empty())
    out += "counters\n" + rest;
  if (number(status, "records_lost") > 0) {
    out += fmt::format("records lost {}\n", get(status, "records_lost"));
  }
  return printable(out, true);
}

std::string calls_text(const std::vector<std::string>& records, std::size_t rows_most) {
  text_table table({{"CALL"},
                    {"APP"},
                    {"PARTIES", false, 60},
                    {"MEDIA"},
                    {"SECONDS", true},
                    {"P2P"},
                    {"CONF", true},
                    {"KBIT/S"},
                    {"LOSS"},
                    {"INFLICTED"},
                    {"DELAY MS"},
                    {"MOS BEFORE"},
                    {"MOS"},
                    {"ACTION", false, 60}});
  for (const auto& call : parsed(records, "call")) {
    table.add({get(call, "id"), get(call, "app"), list(call, "parties", " - "),
               list(call, "media", ", "),
               fmt::format("{:.0f}", number(call, "end") - number(call, "start")), get(call, "p2p"),
               get(call, "confidence"), list(call, "bitrate_kbps", " / ", 0),
               list(call, "loss", " / ", 3), list(call, "inflicted_loss", " / ", 3),
               list(call, "added_delay_ms", " / ", 0), list(call, "mos_before", " / ", 1),
               list(call, "mos", " / ", 1), actions(call)});
  }
  return table.rows() == 0 ? "no calls\n" : table.text(rows_most);
}

std::string flows_text(const std::vector<std::string>& records, std::size_t rows_most) {
  text_table table({{"FLOW"},
                    {"FROM", false, 50},
                    {"TO", false, 50},
                    {"PROTO"},
                    {"APP"},
                    {"ROLE"},
                    {"P2P"},
                    {"CONF", true},
                    {"PACKETS", true},
                    {"DECIDED", true},
                    {"CALL"},
                    {"POLICY"},
                    {"ACTION"}});
  for (const auto& flow : parsed(records, "flow")) {
    table.add({get(flow, "id"), endpoint(flow, "src", "sport"), endpoint(flow, "dst", "dport"),
               get(flow, "proto"), get(flow, "app"), get(flow, "role"), get(flow, "p2p"),
               get(flow, "confidence"), list(flow, "packets", " / "), get(flow, "decided_packet"),
               get(flow, "call"), get(flow, "policy"), get(flow, "action")});
  }
  return table.rows() == 0 ? "no flows\n" : table.text(rows_most);
}

std::string hosts_text(const std::vector<std::string>& records, std::size_t rows_most) {
  text_table table({{"HOST", false, 50},
                    {"ROLES"},
                    {"CONF", true},
                    {"PEERS", true},
                    {"CALLS", true},
                    {"FLOWS", true},
                    {"BYTES", true}});
  for (const auto& host : parsed(records, "host")) {
    table.add({get(host, "addr"), list(host, "roles", ", "), get(host, "confidence"),
               get(host, "peers"), get(host, "calls"), get(host, "flows"),
               short_count(static_cast<std::uint64_t>(number(host, "bytes")))});
  }
  return table.rows() == 0 ? "no hosts\n" : table.text(rows_most);
}

std::string changes_text(const std::vector<std::string>& records, const char* none) {
  std::string out;
  for (const auto& change : parsed(records, "change")) out += get(change, "text") + "\n";
  return out.empty() ? std::string(none) + "\n" : printable(out, true);
}

std::string policies_text(const std::vector<std::string>& records) {
  std::string out;
  for (const auto& head : parsed(records, "policies")) {
    out += fmt::format("from {}, change {}", get(head, "file"), get(head, "generation"));
    const auto left = get(head, "rolls_back_in_s", 0);
    out += left == "-" ? "\n" : fmt::format("; rolls back in {} s unless confirmed\n", left);
  }
  text_table table({{"POLICY"},
                    {"MODE"},
                    {"MATCH", false, 70},
                    {"ACTION", false, 60},
                    {"FLOWS", true},
                    {"PACKETS", true},
                    {"BYTES", true},
                    {"DROPPED", true},
                    {"DELAYED", true}});
  for (const auto& line : parsed(records, "policy")) {
    const auto count = [&](const char* key) {
      return short_count(static_cast<std::uint64_t>(number(line, key)));
    };
    table.add({get(line, "name"), get(line, "mode"), get(line, "match"), get(line, "action"),
               count("flows"), count("packets"), count("bytes"), count("dropped"),
               count("delayed")});
  }
  return printable(out, true) + table.text();
}

}  // namespace callweir::engine

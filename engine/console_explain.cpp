// `explain` as text: the record, its evidence, the policy lines tried, what is being done now.
#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "engine/console.hpp"
#include "engine/text_table.hpp"

namespace callweir::engine {
namespace {

using boost::json::object;
using boost::json::value;

std::string plain(const value* v) {
  if (v == nullptr) return "-";
  if (v->is_string()) return std::string(v->get_string());
  if (v->is_bool()) return v->get_bool() ? "yes" : "no";
  if (v->is_double()) return fmt::format("{:.3g}", v->get_double());
  if (v->is_int64()) return std::to_string(v->get_int64());
  if (v->is_array()) {
    std::string out;
    for (const auto& item : v->get_array()) out += (out.empty() ? "" : " / ") + plain(&item);
    return out.empty() ? "-" : out;
  }
  return "-";
}

std::string field(const object& from, const char* key) {
  return plain(from.if_contains(key));
}

std::string reasons(const object& from) {
  std::string out;
  const auto* v = from.if_contains("reasons");
  if (v == nullptr || !v->is_array()) return out;
  for (const auto& item : v->get_array()) out += "    because " + plain(&item) + "\n";
  return out;
}

std::string record_text(const object& r, const std::string& type) {
  if (type == "call") {
    return fmt::format("call {}: {}, {}, p2p {}, confidence {}\n", field(r, "id"), field(r, "app"),
                       field(r, "parties"), field(r, "p2p"), field(r, "confidence")) +
           reasons(r) +
           fmt::format("    codec {}, {} kbit/s, loss {}, MOS before {}, MOS {}\n",
                       field(r, "codec"), field(r, "bitrate_kbps"), field(r, "loss"),
                       field(r, "mos_before"), field(r, "mos"));
  }
  return fmt::format(
             "flow {}: {} {} port {} to {} port {}: {}, role {}, p2p {}, confidence {} (nDPI: "
             "{})\n",
             field(r, "id"), field(r, "proto"), field(r, "src"), field(r, "sport"), field(r, "dst"),
             field(r, "dport"), field(r, "app"), field(r, "role"), field(r, "p2p"),
             field(r, "confidence"), field(r, "ndpi")) +
         reasons(r) +
         fmt::format("    decided at packet {} after {} s; policy {}, action {}\n",
                     field(r, "decided_packet"), field(r, "decided_s"), field(r, "policy"),
                     field(r, "action"));
}

std::string trial_text(const object& r) {
  const bool matched = field(r, "matched") == "yes";
  const std::string mode = field(r, "mode") == "observe" ? " (observe only)" : "";
  const std::string packets = field(r, "packets");
  const std::string part = packets.empty() || packets == "-" ? "" : " its " + packets;
  return matched ? fmt::format("    line {}: matches{}: {}{}\n", field(r, "policy"), part,
                               field(r, "action"), mode)
                 : fmt::format("    line {}: no: {}\n", field(r, "policy"), field(r, "why"));
}

std::string enforcement_text(const object& r) {
  std::string out =
      fmt::format("held at MOS {} by {}\n", field(r, "target_mos"), field(r, "policy"));
  const auto* applied = r.if_contains("applied");
  const auto* inflicted = r.if_contains("inflicted");
  const char* ways[] = {"initiator to responder", "responder to initiator"};
  for (std::size_t i = 0; i < 2; ++i) {
    if (applied == nullptr || inflicted == nullptr || !applied->is_array() ||
        !inflicted->is_array())
      break;
    if (applied->get_array().size() <= i || inflicted->get_array().size() <= i) break;
    const auto& a = applied->get_array()[i];
    const auto& b = inflicted->get_array()[i];
    if (!a.is_object() || !b.is_object()) break;
    out += fmt::format(
        "    {}: loss {} in bursts of {} ms, delay {} ms; so far {} of {} packets dropped\n",
        ways[i], field(a.get_object(), "loss"), field(a.get_object(), "burst_ms"),
        field(a.get_object(), "delay_ms"), field(b.get_object(), "dropped"),
        field(b.get_object(), "packets"));
  }
  return out;
}

}  // namespace

std::string explanation_text(const std::vector<std::string>& records) {
  std::string out;
  for (const auto& record : records) {
    boost::system::error_code problem;
    const auto read =
        boost::json::parse(boost::json::string_view(record.data(), record.size()), problem);
    if (problem || !read.is_object()) continue;
    const auto& r = read.get_object();
    const std::string type = field(r, "type");
    if (type == "call" || type == "flow") out += record_text(r, type);
    if (type == "trial") out += trial_text(r);
    if (type == "enforcement") out += enforcement_text(r);
  }
  return printable(out, true);
}

}  // namespace callweir::engine
